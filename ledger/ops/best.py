"""The best trials of an experiment by a metric, and of how many they are the best."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import Digest, Trial
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead
from ledger.model.space import Objective
from ledger.ops import denominator, prove, query, search, searches
from ledger.ops.columns import Columns
from ledger.ops.denominator import Denominator
from ledger.ops.receipts import Receipts
from ledger.ops.search import Found, Question
from ledger.ops.trials import Trials
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations
    from ledger.model.search import Search
    from ledger.ops.tune.history import Tried
    from ledger.ops.tune.standing import Believed

    _Several = tuple[Trials, list[tuple[Trial, float]], tuple[Believed, ...]]


@frozen
class Best:
    """Trials that ended well, the best first.

    A best of many is better by chance than one of few: so the number of all that were started belongs to it,
    whatever came of them, those that were taken back among them.
    """

    metric: str
    maximize: bool
    ranked: tuple[Trial, ...]
    values: tuple[float, ...]
    """Of the metric, for each of them."""
    believed: "tuple[Believed, ...]"
    """How good the configuration of each is, where some were tried with several seeds; else nothing."""
    raced: bool
    """Whether that is what a search with several seeds believes, which chose which ones to try again."""
    configurations: int
    """How many have a trial with a value; trials of other code are of other ones."""
    measured: int
    """How many trials with a value these have."""
    trials: Trials
    """What was said of them: their receipts."""
    now: Denominator
    """Of the head of now."""
    signed: SignedHead | None
    """The largest head that somebody has signed; None where there is none, or no ``ssh-keygen``."""
    counted: Denominator | None
    """Of that head."""

    @property
    def optimistic(self) -> bool:
        """Whether it is the best of several single runs: a lucky seed is among them, if seeds matter."""
        return not self.believed and self.measured > 1


def best(workspace: Workspace, experiment: str, metric: str, *, maximize: bool, count: int = 1) -> Best:
    """Find the best trials of an experiment.

    Parameters
    ----------
    workspace
        The ledger.
    experiment
        Whose trials.
    metric
        Whose last value decides; ``NAME.min`` and ``NAME.max`` are those over all its points.
    maximize
        Whether the largest is the best.
    count
        How many, at most.

    Raises
    ------
    UsageError
        If none has a metric of that name, or a bundle was opened here: it has those that its maker chose.
    NotFoundError
        If there is no such experiment, none of its trials ended well with a finite value, or none of a
        search that was for this metric meets what it requires.
    """
    key = f"metric.{metric}"
    if workspace.foreign:
        raise UsageError(
            "of how many trials one is the best is not known here",
            cause="a bundle was opened here, which has those trials that its maker chose",
            hint=f"see them in order: ledger log -x {experiment} --sort {'-' if maximize else ''}{metric}",
        )
    believed: tuple[Believed, ...] = ()
    found, measured = _trials(workspace, experiment, key, maximize, count)
    observed = _observed(workspace, experiment, metric, maximize) if measured else None
    several = _searched(workspace, experiment, metric, maximize, count)
    raced = several is not None and bool(several[2])
    if several is None and observed is not None and metric in observed.metrics:
        several = _estimated(workspace, observed, metric, maximize, count)
    if several is not None:
        found, measured, believed = several
    if not measured:
        raise NotFoundError(
            f"no trial of {experiment!r} ended well with a finite value of {metric!r}",
            hint=f"see what they have: ledger log -x {experiment}",
        )
    signed = _signed(workspace)
    heads = [workspace.journal.head(), *([] if signed is None else [signed.head])]
    now, *then = denominator.counts(workspace.journal, heads, experiment)
    return Best(
        metric=metric,
        maximize=maximize,
        ranked=tuple(trial for trial, _ in measured),
        values=tuple(value for _, value in measured),
        believed=believed,
        raced=raced,
        configurations=len(measured)
        if observed is None
        else _count(workspace, observed, None if several is None else found.by_id),
        measured=len(observed) if observed is not None else len(measured),
        trials=found,
        now=now,
        signed=signed,
        counted=then[0] if then else None,
    )


def _trials(
    workspace: Workspace, experiment: str, key: str, maximize: bool, count: int | None
) -> tuple[Trials, list[tuple[Trial, float]]]:
    name = f"metric.`{key.removeprefix('metric.').replace('`', '``')}`"
    finite = f"status = ok and {name} > -inf and {name} < inf"  # no other value is one to an analysis
    found = search.find(
        workspace.journal,
        Question(experiment=experiment, where=finite, sort=f"-{key}" if maximize else key, limit=count),
    )
    return found.trials, list(_measured(found, key))


def _observed(workspace: Workspace, experiment: str, metric: str, maximize: bool) -> "Observations":
    """The trials with a value."""
    from ledger.ops.observations import Selection, gather  # the same of columns needs numpy

    found = gather(workspace, Selection(experiment=experiment))
    if metric in found.metrics:
        return found.measured(metric)
    # NAME.min or NAME.max, which are no last values.
    _, every = _trials(workspace, experiment, f"metric.{metric}", maximize, None)
    ids = {trial.id for trial, _ in every}
    return found.picked([row for row, id in enumerate(found.trials) if id in ids])


def _count(workspace: Workspace, observed: "Observations", read: Mapping[Digest, Trial] | None) -> int:
    """How many configurations there are, told apart by code and by words of commands, too."""
    groups = list(observed.by_configuration().values())
    several = observed.picked([row for rows in groups if len(rows) > 1 for row in rows])
    if not len(several):
        return len(groups)
    from ledger.ops.untold import with_untold

    read = search.by_ids(workspace.journal, several.trials) if read is None else read
    alone = sum(len(rows) == 1 for rows in groups)
    return alone + len(set(with_untold(several, read).configurations))


def _estimated(
    workspace: Workspace, observed: "Observations", metric: str, maximize: bool, count: int
) -> "_Several | None":
    """The best of configurations some of which were tried with several seeds: by means, too.

    Trials of other code are other configurations.
    """
    groups = observed.by_configuration().values()
    if not any(len({observed.seeds[row] for row in rows} - {None}) > 1 for rows in groups):
        return None
    from ledger.ops.estimated import configurations  # of no use where each was tried once
    from ledger.ops.untold import with_untold

    trials = query.load(workspace.journal)
    found = configurations(with_untold(observed, trials.by_id), metric, maximize=maximize)
    if all(each.believed.seeds == 1 for each in found):
        return None
    chosen = found[:count]
    measured = [(trials.by_id[each.first], each.value) for each in chosen]
    return trials, measured, tuple(each.believed for each in chosen)


def _searched(
    workspace: Workspace, experiment: str, metric: str, maximize: bool, count: int
) -> "_Several | None":
    """The best of a search as it has them: of those that meet what it requires, and by means over seeds."""
    found = sought(workspace, experiment, (Objective(metric=metric, maximize=maximize),))
    if found is None or (found[1].seeds == 1 and not found[1].requirements):
        return None
    from ledger.ops.tune.standing import ordered, ranked

    id, tuned = found
    all_tried = tried(workspace, id, tuned)
    several = ranked(tuned, all_tried)
    chosen = [first for first, _ in several] if tuned.seeds > 1 else ordered(tuned, all_tried)
    trials = query.load(workspace.journal)
    measured = [
        (trials.by_id[each.trial], each.measured.values[0]) for each in chosen if each.trial is not None
    ]
    if not measured and any(each.measured.violation for each in all_tried):
        raise NotFoundError(
            f"no trial of {experiment!r} meets what its search requires",
            cause=f"expected {' and '.join(tuned.requirements)}",
            hint=f"see what they have: ledger log -x {experiment}",
        )
    return trials, measured[:count], tuple(believed for _, believed in several[:count])


def sought(
    workspace: Workspace, experiment: str, objectives: tuple[Objective, ...]
) -> "tuple[Digest, Search] | None":
    """The newest search of an experiment; None where that was not for these objectives alone."""
    created = searches.newest(workspace.journal, experiment)
    tuned = None if created is None else searches.definition(created[1])
    if created is None or tuned is None or tuned.objectives != objectives:
        return None
    return created[0], tuned


def tried(workspace: Workspace, id: Digest, tuned: "Search") -> "tuple[Tried, ...]":
    """All that a search tried; takes reading the journal."""
    from ledger.ops.tune.history import History  # of no use to other experiments

    history = History(id, tuned)
    for recorded in workspace.journal.entries():
        history.add(recorded)
    return history.at()


def _measured(found: Found, key: str) -> Iterator[tuple[Trial, float]]:
    column = Columns(found.chosen, Receipts(found.trials.receipts)).find(key)
    for trial in found.chosen:
        value = column.read(trial)
        if isinstance(value, int | float) and math.isfinite(value):
            yield trial, value


def _signed(workspace: Workspace) -> SignedHead | None:
    try:
        return next(prove.signed_heads(workspace.directory), None)
    except IncomparableError:
        return None
