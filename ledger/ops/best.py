"""The best trials of an experiment by a metric, and of how many they are the best."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead
from ledger.model.space import Objective
from ledger.ops import denominator, prove, query, search, searches
from ledger.ops.columns import Columns
from ledger.ops.denominator import Denominator
from ledger.ops.query import Trials
from ledger.ops.search import Found, Question
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.ops.tune.standing import Believed


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
    """How good the configuration of each is, where they were tried with several seeds; else nothing."""
    trials: Trials
    """What was said of them: their receipts."""
    now: Denominator
    """Of the head of now."""
    signed: SignedHead | None
    """The largest head that somebody has signed; None where there is none, or no ``ssh-keygen``."""
    counted: Denominator | None
    """Of that head."""


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
        If there is no such experiment, or none of its trials ended well with a value.
    """
    key = f"metric.{metric}"
    if workspace.foreign:
        raise UsageError(
            "of how many trials one is the best is not known here",
            cause="a bundle was opened here, which has those trials that its maker chose",
            hint=f"see them in order: ledger log -x {experiment} --sort {'-' if maximize else ''}{metric}",
        )
    believed: tuple[Believed, ...] = ()
    several = _configurations(workspace, experiment, metric, maximize, count)
    if several is None:
        found, measured = _trials(workspace, experiment, key, maximize, count)
    else:
        found, measured, believed = several
    if not measured:
        raise NotFoundError(
            f"no trial of {experiment!r} ended well with a value of {metric!r}",
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
        trials=found,
        now=now,
        signed=signed,
        counted=then[0] if then else None,
    )


def _trials(
    workspace: Workspace, experiment: str, key: str, maximize: bool, count: int
) -> tuple[Trials, list[tuple[Trial, float]]]:
    found = search.find(
        workspace.journal,
        Question(
            experiment=experiment, where="status = ok", sort=f"-{key}" if maximize else key, limit=count
        ),
    )
    return found.trials, list(_measured(found, key))


def _configurations(
    workspace: Workspace, experiment: str, metric: str, maximize: bool, count: int
) -> "tuple[Trials, list[tuple[Trial, float]], tuple[Believed, ...]] | None":
    """The best of a search whose configurations have several seeds: by means, not by the luckiest trial."""
    created = searches.newest(workspace.journal, experiment)
    tuned = None if created is None else searches.definition(created[1])
    wanted = (Objective(metric=metric, maximize=maximize),)
    if created is None or tuned is None or tuned.seeds == 1 or tuned.objectives != wanted:
        return None
    from ledger.ops.tune.history import History  # of no use to other experiments
    from ledger.ops.tune.standing import ranked

    history = History(created[0], tuned)
    for recorded in workspace.journal.entries():
        history.add(recorded)
    trials = query.load(workspace.journal)
    chosen = ranked(tuned, history.at())[:count]
    measured = [
        (trials.by_id[first.trial], first.measured.values[0])
        for first, _ in chosen
        if first.trial is not None
    ]
    return trials, measured, tuple(believed for _, believed in chosen)


def _measured(found: Found, key: str) -> Iterator[tuple[Trial, float]]:
    column = Columns(found.chosen).find(key)
    for trial in found.chosen:
        value = column.read(trial)
        if isinstance(value, int | float) and not math.isnan(value):
            yield trial, value


def _signed(workspace: Workspace) -> SignedHead | None:
    try:
        return next(prove.signed_heads(workspace.directory), None)
    except IncomparableError:
        return None
