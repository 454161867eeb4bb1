"""How the trials of a choice stand: of how many they are the best, by what, and what that depends on."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ledger.errors import IncomparableError, LedgerError, NotFoundError, UsageError
from ledger.model import Digest, Head, Trial
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead
from ledger.model.space import Objective
from ledger.ops import best, denominator, estimated, prove
from ledger.ops import observations as reading
from ledger.ops.denominator import Denominator
from ledger.ops.objects import one_line
from ledger.ops.observations import Selection
from ledger.ops.trials import Trials
from ledger.reports.choosing import Choice
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations
    from ledger.ops.importance import Importance

MOST_RANKED = 20
MOST_SEEDED = 12
_LEVEL_OF_ONE = 2
"""Seeds from which on something can be said of the spread."""


@frozen
class Ranked:
    """One configuration among the best."""

    trial: Trial
    """Its first trial."""
    value: float
    """Of that trial."""
    mean: float | None
    """What its mean is believed to be; None where no configuration has several seeds."""
    low: float | None
    """Where the 95 % interval of the mean begins; -inf where nothing can be said."""
    high: float | None
    seeds: int


@frozen
class Seeded:
    """A configuration that was tried with several seeds."""

    trial: Trial
    """Its first trial."""
    values: tuple[float, ...]
    """Of its trials, in their order."""
    mean: float
    low: float
    """Where the 95 % interval of the mean begins, from these values alone."""
    high: float


@frozen
class Standing:
    """How the trials of a choice stand."""

    choice: Choice
    now: Denominator | None
    """All that its experiment has in the head of now; None of what is no whole experiment."""
    counted: Denominator | None
    """The same of the head that is signed."""
    objective: Objective | None
    """None where nobody said one."""
    why_none: str | None
    """Why there is no objective, or no best."""
    ranked: tuple[Ranked, ...]
    """The best ones first."""
    measured: int
    """Trials that ended well with a finite value."""
    configurations: int
    """Of these trials, other code told apart."""
    seeded: tuple[Seeded, ...]
    """Configurations with several seeds, the best first."""
    importance: "Importance | None"
    why_unimportant: str | None
    """Why importance cannot be told."""


def heads(workspace: Workspace) -> tuple[Head, SignedHead | None, str | None]:
    """The head of now, the largest that is signed, and why there is none."""
    now = workspace.journal.head()
    try:
        signed = next(prove.signed_heads(workspace.directory), None)
    except IncomparableError as error:
        return now, None, one_line(error)
    return now, signed, None if signed else "no head is signed: ledger verify --sign"


def standing(
    workspace: Workspace,
    trials: Trials,
    choice: Choice,
    signed: SignedHead | None,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
) -> Standing:
    """See how the trials of a choice stand.

    Parameters
    ----------
    workspace, trials
        The ledger, and all of its trials.
    choice
        Which trials.
    signed
        The largest head that is signed.
    minimize, maximize
        The metric: one of both, or neither where the experiment was tuned for one.

    Raises
    ------
    UsageError
        If both are given, or none of the trials has the metric.
    """
    now, counted = _counted(workspace, choice, signed)
    objective, why = _objective(workspace, choice, minimize, maximize)
    found = reading.observations(
        choice.trials, choice.label, reading.definition(workspace, Selection(experiment=choice.experiment))
    )
    observed: Observations | None = None
    ranked: tuple[Ranked, ...] = ()
    seeded: tuple[Seeded, ...] = ()
    importance, unimportant = None, why
    if objective is not None:
        if (minimize or maximize) and len(found) and objective.metric not in found.metrics:
            raise UsageError(
                f"no trial of {choice.label} has a metric {objective.metric!r}",
                cause=f"they have {', '.join(found.metrics)}",
                hint="see them: ledger log",
            )
        observed = estimated.with_code(found.measured(objective.metric), trials.by_id)
        if not len(observed):
            why = f"no trial ended well with a value of {objective.metric}"
        allowed = _allowed(workspace, choice, observed, objective)
        if len(observed) and not len(allowed):
            why = "no trial meets what its search requires"
        ranked, seeded = _ranked(workspace, trials, choice, allowed, objective)
        importance, unimportant = _importance(workspace, choice, objective)
    return Standing(
        choice=choice,
        now=now,
        counted=counted,
        objective=objective,
        why_none=why,
        ranked=ranked,
        measured=0 if observed is None else len(observed),
        configurations=0 if observed is None else len(set(observed.configurations)),
        seeded=seeded,
        importance=importance,
        why_unimportant=unimportant,
    )


def _counted(
    workspace: Workspace, choice: Choice, signed: SignedHead | None
) -> tuple[Denominator | None, Denominator | None]:
    if choice.experiment is None or workspace.foreign:  # a bundle has those that its maker chose
        return None, None
    heads = [workspace.journal.head(), *([] if signed is None else [signed.head])]
    now, *then = denominator.counts(workspace.journal, heads, choice.experiment)
    return now, then[0] if then else None


def _objective(
    workspace: Workspace, choice: Choice, minimize: str | None, maximize: str | None
) -> tuple[Objective | None, str | None]:
    selection = Selection(experiment=choice.experiment, where=choice.where)
    if minimize is not None or maximize is not None:
        return reading.objective(workspace, selection, minimize=minimize, maximize=maximize), None
    try:
        return reading.objective(workspace, selection), None
    except UsageError:
        return None, "no metric was named: --minimize METRIC or --maximize METRIC says which trials are best"


def _allowed(
    workspace: Workspace, choice: Choice, observed: "Observations", objective: Objective
) -> "Observations":
    """Those that meet what their search requires, where it was for that objective."""
    found = None if choice.experiment is None else best.sought(workspace, choice.experiment, objective)
    if found is None or not found[1].requirements:
        return observed
    meet = {each.trial for each in best.tried(workspace, *found) if each.measured.violation == 0}
    return observed.picked([row for row, id in enumerate(observed.trials) if id in meet])


def _ranked(
    workspace: Workspace, trials: Trials, choice: Choice, observed: "Observations", objective: Objective
) -> tuple[tuple[Ranked, ...], tuple[Seeded, ...]]:
    if not len(observed):
        return (), ()
    sign = -1.0 if objective.maximize else 1.0
    values = observed.metrics[objective.metric]
    groups = list(observed.by_configuration().values())
    if not any(len({observed.seeds[row] for row in rows} - {None}) > 1 for rows in groups):
        order = sorted(range(len(values)), key=lambda row: sign * values[row])
        return tuple(
            Ranked(
                trial=trials.by_id[observed.trials[row]],
                value=values[row],
                mean=None,
                low=None,
                high=None,
                seeds=1,
            )
            for row in order[:MOST_RANKED]
        ), ()
    by_id = dict(zip(observed.trials, values, strict=True))
    if (searched := _searched(workspace, trials, choice, objective)) is not None:
        ranked = searched
    else:
        ranked = tuple(
            Ranked(
                trial=trials.by_id[each.first],
                value=each.value,
                mean=each.believed.mean,
                low=each.believed.low,
                high=each.believed.high,
                seeds=each.believed.seeds,
            )
            for each in estimated.configurations(observed, objective.metric, maximize=objective.maximize)
        )
    return ranked[:MOST_RANKED], _seeded(trials, observed, by_id, sign)


def _searched(
    workspace: Workspace, trials: Trials, choice: Choice, objective: Objective
) -> tuple[Ranked, ...] | None:
    """As the search itself ranks its configurations, where it gave them several seeds."""
    tuned = reading.definition(workspace, Selection(experiment=choice.experiment))
    if not choice.whole or tuned is None or tuned.seeds == 1 or choice.experiment is None:
        return None
    from ledger.ops.best import best  # of no use to other experiments

    try:
        found = best(
            workspace, choice.experiment, objective.metric, maximize=objective.maximize, count=MOST_RANKED
        )
    except (NotFoundError, UsageError):
        return None
    return (
        tuple(
            Ranked(
                trial=trials.by_id.get(trial.id, trial),
                value=value,
                mean=believed.mean,
                low=believed.low,
                high=believed.high,
                seeds=believed.seeds,
            )
            for trial, value, believed in zip(found.ranked, found.values, found.believed, strict=False)
        )
        or None
    )


def _seeded(
    trials: Trials, observed: "Observations", values: Mapping[Digest, float], sign: float
) -> tuple[Seeded, ...]:
    from ledger.analysis.statistics import intervals

    found = []
    for rows in observed.by_configuration().values():
        own: dict[str, float] = {}  # a seed that was run again says nothing new
        for row in rows:
            own.setdefault(repr(observed.seeds[row]), values[observed.trials[row]])
        if len(own) < _LEVEL_OF_ONE:
            continue
        kept = tuple(own.values())
        interval = intervals.of_mean(kept)
        found.append(
            Seeded(
                trial=trials.by_id[observed.trials[rows[0]]],
                values=kept,
                mean=math.fsum(kept) / len(kept),
                low=interval.low,
                high=interval.high,
            )
        )
    return tuple(sorted(found, key=lambda each: sign * each.mean)[:MOST_SEEDED])


def _importance(
    workspace: Workspace, choice: Choice, objective: Objective
) -> "tuple[Importance | None, str | None]":
    if choice.experiment is None and choice.where is None:
        return None, "of trials that were named one by one it is not told"
    from ledger.ops.importance import ImportanceOptions, importance

    try:
        return importance(
            workspace,
            Selection(experiment=choice.experiment, where=choice.where),
            minimize=None if objective.maximize else objective.metric,
            maximize=objective.metric if objective.maximize else None,
            options=ImportanceOptions(costs=False),
        ), None
    except LedgerError as error:  # too few trials, or all alike
        return None, one_line(error)
