"""How much a result moves: with seeds, with small changes of hyperparameters, between groups."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from ledger.analysis import neighbours, robustness
from ledger.analysis.observations import Observations
from ledger.analysis.robustness import Moves, OfGroup, SeedNoise
from ledger.errors import UsageError
from ledger.model import Digest, Status, Trial
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops import observations, query, references, reruns, robustness_words
from ledger.ops.attempt import Conditions
from ledger.ops.columns import Columns
from ledger.ops.estimated import configurations
from ledger.ops.measured import measured
from ledger.ops.names import check_name
from ledger.ops.observations import Selection
from ledger.ops.receipts import Receipts
from ledger.ops.reruns import Had, Tell
from ledger.ops.robustness_runs import RobustnessOptions, around_of, experiment, of_runs, proposal, wanted
from ledger.ops.seeds import value_of
from ledger.ops.trials import Trials
from ledger.ops.untold import with_untold
from ledger.tune.template import rendered
from ledger.workspace import Workspace

__all__ = ["Robustness", "RobustnessOptions", "examine"]

MOST_GROUPS = 20


@frozen
class Robustness:
    """What came of it."""

    label: str
    """The trials, as a person calls them."""
    objective: Objective
    trials: int
    """With a finite value of the metric."""
    others: int
    """That did not end well, or have no such value."""
    configurations: int
    noise: SeedNoise
    moves: tuple[Moves, ...]
    fraction: float
    names: tuple[tuple[str, ...], ...]
    """Of each configuration, what tells it from others, as ``lr=0.1``."""
    elsewhere: tuple[tuple[str | None, int], ...] = ()
    """How many of `trials` are not of the selection, by their experiment: reruns of the one in the middle."""
    centre: Trial | None = None
    group: str | None = None
    groups: tuple[OfGroup, ...] = ()
    """By `group`; all runs as one where nothing tells groups apart."""
    runs: tuple[Had, ...] = ()
    """Trials that were asked for with `run`."""
    warnings: tuple[str, ...] = ()
    interrupted: bool = False
    planned: bool = False

    @property
    def summary(self) -> tuple[str, ...]:
        """Some sentences."""
        return robustness_words.sentences(self)


def examine(
    workspace: Workspace,
    selection: Selection,
    options: RobustnessOptions | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    tell: Tell = lambda _had, _done, _of: None,
    notify: Callable[[str], None] = lambda _: None,
) -> Robustness:
    """Say how much a metric moves.

    Parameters
    ----------
    workspace
        The ledger.
    selection
        Which trials.
    options
        What is asked for.
    variables
        Today's variables, for what is run; the current ones by default.
    tell
        Told how what is run goes.
    notify
        Takes warnings, a line each.

    Raises
    ------
    UsageError
        If there is no such metric, or an option is off.
    NotFoundError
        If there are no such trials.
    IncomparableError
        If something is to be run, and the trial cannot be made again here.
    """
    options = options or RobustnessOptions()
    _check(options)
    # 1. The trials there are.
    objective = observations.objective(
        workspace, selection, minimize=options.minimize, maximize=options.maximize
    )
    metric = objective.metric
    observed = measured(observations.gather(workspace, selection), metric, 1)
    selected = set(observed.trials)
    trials = query.load(workspace.journal)
    tuned = observations.definition(workspace, selection)
    # 2. The one in the middle, and what is run around it.
    centre = _centre(trials, observed, objective, options)
    runs: tuple[Had, ...] = ()
    warnings: list[str] = []
    interrupted = False
    if centre is not None:
        if options.run:
            around, changes = around_of(trials, centre, options)
            warnings += robustness_words.left_alone(changes)
            today = os.environ if variables is None else variables
            conditions = Conditions(
                env=reruns.environment(workspace, centre, options.env, today), timeout=options.timeout
            )
            runs, interrupted = reruns.have(
                workspace,
                centre,
                wanted(workspace, centre, around, changes, options),
                conditions,
                jobs=options.jobs,
                dry_run=options.dry_run,
                variables=today,
                tell=tell,
                notify=notify,
            )
            trials = query.load(workspace.journal)
        observed = _with_those_around(trials, observed, centre, tuned, options).measured(metric)
    # 3. What they say.
    observed = robustness.without_repeats(with_untold(observed, trials.by_id), metric)
    elsewhere = _elsewhere(trials, observed, selected, selection)
    middle = None if centre is None else _number(observed, centre)
    noise = robustness.noise(observed, metric)
    pairs, cut = neighbours.pairs(observed, fraction=options.fraction, centre=middle)
    groups = _groups(trials, observed, options.group)
    warnings += robustness_words.warnings(observed, runs, cut=cut)
    return Robustness(
        label=selection.label,
        objective=objective,
        trials=len(observed),
        others=observed.others,
        configurations=len(set(observed.configurations)),
        noise=noise,
        moves=robustness.moves(observed, metric, pairs, noise.deviation),
        fraction=options.fraction,
        names=_names(observed),
        elsewhere=elsewhere,
        centre=centre,
        group=options.group,
        groups=robustness.by_group(observed, metric, groups, below=not objective.maximize),
        runs=runs,
        warnings=tuple(warnings),
        interrupted=interrupted,
        planned=options.dry_run,
    )


def _check(options: RobustnessOptions) -> None:
    if not 0 < options.fraction <= 1:
        raise UsageError(
            "a bad fraction", cause=f"--fraction: expected more than 0 and at most 1, got {options.fraction}"
        )
    if options.joint < 0 or options.seeds < 0:
        raise UsageError("a bad number of trials", cause="-n and --seeds: expected 0 or more")
    if options.experiment is not None:
        check_name(options.experiment, "experiment")
    unused = () if options.run else of_runs(options)
    if unused:
        raise UsageError(
            f"{unused[0]} says how trials are run, and none is",
            cause=f"got {', '.join(unused)} without --run: only the trials that there are are looked at",
            hint="run small changes, too: ledger robustness … --run; or leave it out",
        )


def _centre(
    trials: Trials, observed: Observations, objective: Objective, options: RobustnessOptions
) -> Trial | None:
    if options.around is not None:
        found = references.resolve(trials, options.around)
    elif options.run:
        best = configurations(
            with_untold(observed, trials.by_id), objective.metric, maximize=objective.maximize
        )[0]
        found = trials.by_id[best.first]
    else:
        return None
    if found.status is not Status.OK:
        raise UsageError(
            f"trial {found.id.short} did not end well",
            cause=f"its status is {found.status}: it has no result that could move",
            hint="name one that ended well: ledger log --where 'status = ok'",
        )
    if value_of(found, objective.metric) is None:
        raise _no_value(found)
    return found


def _with_those_around(
    trials: Trials,
    observed: Observations,
    centre: Trial,
    tuned: Search | None,
    options: RobustnessOptions,
) -> Observations:
    """The trials of the selection, and those that were run around the one in the middle."""
    names = {experiment(centre, options), f"robustness/{centre.id.short}", f"seeds/{centre.id.short}"}
    known = {*observed.trials, centre.id}
    more = [each for each in trials if each.id in known or each.experiment in names]
    return observations.observations(more, observed.label, tuned or proposal(trials, centre)[0])


def _elsewhere(
    trials: Trials, observed: Observations, selected: Collection[Digest], selection: Selection
) -> tuple[tuple[str | None, int], ...]:
    """How many trials are not of the selection, for each experiment; those of its own one are its own."""
    own = selection.experiment if selection.where is None else None
    names = (trials.by_id[each].experiment for each in observed.trials if each not in selected)
    counts = Counter(name for name in names if name is None or name != own)
    return tuple(sorted(counts.items(), key=lambda each: each[0] or ""))


def _number(observed: Observations, centre: Trial) -> int:
    """The configuration of a trial."""
    if centre.id in observed.trials:
        return observed.configurations[observed.trials.index(centre.id)]
    raise _no_value(centre)


def _no_value(centre: Trial) -> UsageError:
    return UsageError(
        f"trial {centre.id.short} has no value of the metric",
        cause="its neighbours are compared with it",
        hint=f"see its metrics: ledger show {centre.id.short}",
    )


def _groups(trials: Trials, observed: Observations, name: str | None) -> dict[str, list[int]]:
    if name is None:
        return {"all": list(range(len(observed)))}
    chosen = [trials.by_id[each] for each in observed.trials]
    column = Columns(chosen, Receipts(trials.receipts)).find(name)
    groups: dict[str, list[int]] = {}
    for row, trial in enumerate(chosen):
        groups.setdefault(robustness_words.group(name, column.read(trial)), []).append(row)
    if len(groups) > MOST_GROUPS:
        raise UsageError(
            f"{len(groups)} groups are too many",
            cause=f"--group {name}: expected {MOST_GROUPS} or fewer different values",
            hint="group by what tells implementations or environments apart",
        )
    return groups


def _names(observed: Observations) -> tuple[tuple[str, ...], ...]:
    variables = neighbours.told_apart(observed)
    first: Sequence[int] = [rows[0] for rows in observed.by_configuration().values()]
    return tuple(
        tuple(
            f"{each.name}={rendered(each.values[row])}" for each in variables if each.values[row] is not None
        )
        for row in first
    )
