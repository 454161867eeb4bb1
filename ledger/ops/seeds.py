"""Run a trial again with new seeds, and say how its result is spread over them."""

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ledger.analysis import seeding
from ledger.analysis.seeding import Need, Place, Share, Spread
from ledger.capture.secrets import Secrets
from ledger.compare.metrics import is_timing
from ledger.errors import UsageError
from ledger.model import Status, Trial
from ledger.model.frozen import field, frozen
from ledger.model.space import Objective
from ledger.ops import reruns, seed_words
from ledger.ops.attempt import Conditions, can_be_made
from ledger.ops.hybrid_names import tag_of_one
from ledger.ops.names import check_name
from ledger.ops.reruns import AUTO, Had, Tell, Wanted
from ledger.ops.seed_sources import ALL, Reseeding, Source, chosen
from ledger.tune import racing
from ledger.tune.space.near import nearest
from ledger.workspace import Workspace

MOST = 10_000
_BAD_IN_NAMES: Final = re.compile(r"[^\w.+:/-]+")


@frozen
class SeedOptions:
    """How a trial is run again."""

    count: int = 20
    """Seeds."""
    seed: int = 0
    """From which they are drawn: the same number gives the same seeds, of any trial."""
    vary: tuple[str, ...] = (ALL,)
    """``all`` at once, names of sources that vary alone, or ``each``: all at once, then each alone."""
    objective: Objective | None = None
    """The metric; None for all that the trial has, of which nobody says whether they should be small."""
    differences: tuple[float, ...] = ()
    """In the unit of the metric: those of which it is asked how many seeds they need."""
    experiment: str | None = None
    """Of the reruns; by default ``seeds/`` and the trial's short id. Where one source varies alone, its name
    is behind that, with ``-`` for what cannot be in an experiment's."""
    command: tuple[str, ...] = ()
    """With ``{seed}``, instead of the trial's; none by default."""
    env: str = AUTO
    maps: tuple[tuple[str, str], ...] = ()
    """(old, new): where an input from outside the root lies now."""
    timeout: float | None = None
    """Seconds after which a rerun is ended."""
    jobs: int = 1
    dry_run: bool = False


@frozen
class Group:
    """Reruns in which the same was varied."""

    vary: str
    """``all``, or the source's name."""
    experiment: str
    seeds: tuple[int, ...]
    runs: tuple[Had, ...]
    """One for each seed."""

    def values(self, metric: str) -> list[float]:
        """Finite values of those that ended well."""
        found = [value_of(each.good, metric) for each in self.runs if each.good is not None]
        return [each for each in found if each is not None]


@frozen
class OverSeeds:
    """One metric."""

    name: str
    maximize: bool | None
    """Whether it should be large; None where nobody said."""
    original: float | None
    """Of the trial itself."""
    spreads: Mapping[str, Spread]
    """By what was varied; where reruns have a value."""
    place: Place | None
    """Of the original among the reruns of which everything varies, else of the first source."""
    needs: tuple[Need, ...]
    shares: tuple[Share, ...] = ()
    """Of the sources that vary alone; none where only one was asked for."""
    against: str = ALL
    """What shares are of: ``all``, or ``sum``."""


@frozen
class Seeds:
    """What came of it."""

    trial: Trial
    sources: tuple[Source, ...]
    groups: tuple[Group, ...]
    metrics: tuple[OverSeeds, ...]
    seed: int
    warnings: tuple[str, ...] = ()
    interrupted: bool = False
    planned: bool = False
    """Whether nothing was run, because only the plan was asked for."""
    command: tuple[str, ...] = field(default=())
    """With ``{seed}``, where one was given."""

    @property
    def summary(self) -> tuple[str, ...]:
        """A sentence for each metric."""
        return tuple(seed_words.sentence(each) for each in self.metrics)


def seeds(
    workspace: Workspace,
    trial: Trial,
    options: SeedOptions | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    tell: Tell = lambda _had, _done, _of: None,
    notify: Callable[[str], None] = lambda _: None,
) -> Seeds:
    """Run a trial again with new seeds, and say how its metrics are spread over them.

    Every rerun is a trial of the ledger; what it has already is not run again, so that the same call goes on
    where it was stopped, and one with a larger count adds to it.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        Which one.
    options
        How.
    variables
        Today's variables; the current ones by default.
    tell
        Told how it goes.
    notify
        Takes warnings, a line each.

    Raises
    ------
    UsageError
        If the trial did not end well, it has no such metric or source, or an option is off.
    IncomparableError
        If the trial cannot be made again here.
    """
    options = options or SeedOptions()
    today = os.environ if variables is None else variables
    # 1. What is asked for.
    _check(trial, options)
    names = _metrics(trial, options, workspace.config.replay.timing)
    command = Secrets.find(options.command, today, (workspace.root,)).argv if options.command else ()
    reseeding = Reseeding(trial, workspace.store, command)
    vary = chosen(trial, reseeding.sources, options.vary)
    # 2. The reruns.
    plan = [(each, seed) for each in vary for seed in drawn(options.seed, options.count, reseeding.sources)]
    wanted = [_wanted(trial, reseeding, options, each, seed) for each, seed in plan]
    conditions = Conditions(
        env=reruns.environment(workspace, trial, options.env, today),
        maps=options.maps,
        timeout=options.timeout,
    )
    runs, interrupted = reruns.have(
        workspace,
        trial,
        wanted,
        conditions,
        jobs=options.jobs,
        dry_run=options.dry_run,
        variables=today,
        tell=tell,
        notify=notify,
    )
    groups = tuple(
        Group(
            vary=each,
            experiment=_experiment(trial, options, each),
            seeds=tuple(seed for name, seed in plan if name == each),
            runs=tuple(run for (name, _), run in zip(plan, runs, strict=True) if name == each),
        )
        for each in vary
    )
    # 3. What they say.
    metrics = () if options.dry_run else tuple(_over(trial, groups, each, options) for each in names)
    metrics = tuple(each for each in metrics if each.spreads)
    return Seeds(
        trial=trial,
        sources=reseeding.sources,
        groups=groups,
        metrics=metrics,
        seed=options.seed,
        warnings=(
            *(seed_words.other_than_asked(trial, groups) if command else ()),
            *seed_words.warnings(trial, reseeding.sources, groups, metrics),
        ),
        interrupted=interrupted,
        planned=options.dry_run,
        command=command,
    )


def drawn(seed: int, count: int, known: Sequence[Source] = ()) -> tuple[int, ...]:
    """The first `count` seeds of a list that depends on `seed` alone, without those that the trial has."""
    own = {each.value for each in known}
    found: list[int] = []
    place = 0
    while len(found) < count:
        each = racing.seed(seed, place)
        place += 1
        if each not in own and each not in found:
            found.append(each)
    return tuple(found)


def value_of(trial: Trial, metric: str) -> float | None:
    """A trial's finite last value of a metric; None where it has none."""
    outcome = trial.outcome
    if outcome is None:
        return None
    own = {each.name: each.last for each in outcome.metrics}
    own.setdefault("duration_s", outcome.duration_s)
    own.setdefault("peak_memory", float(outcome.peak_memory))
    value = own.get(metric, math.nan)
    return value if math.isfinite(value) else None


def _check(trial: Trial, options: SeedOptions) -> None:
    if not 1 <= options.count <= MOST:
        raise UsageError("a bad number of seeds", cause=f"-n: expected 1 to {MOST}, got {options.count}")
    if any(each == 0 or not math.isfinite(each) for each in options.differences):
        raise UsageError(
            "a bad difference",
            cause="--difference: expected a number other than 0; no number of seeds shows a difference of 0",
        )
    if options.experiment is not None:
        check_name(options.experiment, "experiment")
    if options.command and options.vary != (ALL,):
        raise UsageError(
            "a command with {seed}, and sources",
            cause="--vary tells sources apart that the trial's own record knows",
            hint="leave out one of them",
        )
    can_be_made(trial)
    if trial.status is not Status.OK:
        raise UsageError(
            f"trial {trial.id.short} did not end well",
            cause=f"its status is {trial.status}: it has no result whose spread could be told",
            hint="name one that ended well: ledger log --where 'status = ok'",
        )


def _metrics(trial: Trial, options: SeedOptions, timing: tuple[str, ...]) -> tuple[str, ...]:
    own = [each.name for each in trial.outcome.metrics] if trial.outcome else []
    if options.objective is not None:
        wanted = options.objective.metric
        if value_of(trial, wanted) is None:
            raise UsageError(
                f"trial {trial.id.short} has no finite value of {wanted!r}",
                cause=nearest(wanted, [*own, "duration_s", "peak_memory"]),
            )
        return (wanted,)
    found = tuple(
        each
        for each in own
        if value_of(trial, each) is not None and not is_timing(each, timing) and each != "duration_s"
    )
    if not found:
        raise UsageError(
            f"trial {trial.id.short} has no metric",
            cause="what it took (duration_s, peak_memory) is told only where it is asked for",
            hint="let the script say ledger.log(loss=…), or write a metrics.json; or: --minimize duration_s",
        )
    return found


def _experiment(trial: Trial, options: SeedOptions, vary: str) -> str:
    name = options.experiment or f"seeds/{trial.id.short}"
    source = _BAD_IN_NAMES.sub("-", vary)  # a script may call it anything
    return name if vary == ALL else check_name(f"{name}/{source}", "experiment")


def _wanted(trial: Trial, reseeding: Reseeding, options: SeedOptions, vary: str, seed: int) -> Wanted:
    what = "" if vary == ALL else f" of {vary}"
    return Wanted(
        composed=reseeding.twin(vary, seed),
        message=f"{trial.id.short} with the seed {seed}{what}",
        tag=tag_of_one("seeds", trial.id),
        experiment=_experiment(trial, options, vary),
    )


def _over(trial: Trial, groups: Sequence[Group], name: str, options: SeedOptions) -> OverSeeds:
    values = {each.vary: found for each in groups if (found := each.values(name))}
    spreads = {vary: seeding.spread(found) for vary, found in values.items()}
    original = value_of(trial, name)
    first = spreads.get(ALL) or next(iter(spreads.values()), None)
    alone = {vary: found for vary, found in values.items() if vary != ALL and len(found) > 1}
    together = values.get(ALL)
    several = bool(alone) and (len(alone) > 1 or together is not None)
    together = together if together is not None and len(together) > 1 else None
    return OverSeeds(
        name=name,
        maximize=None if options.objective is None else options.objective.maximize,
        original=original,
        spreads=spreads,
        place=None if first is None or original is None else seeding.place(original, first.values),
        needs=() if first is None else seeding.needs(first.deviation, options.differences),
        shares=seeding.shares(alone, together) if several else (),
        against=ALL if together is not None else "sum",
    )
