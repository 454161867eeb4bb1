"""Which trials of a choice are the best: by a metric, by means over seeds, or by several metrics at once."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ledger.errors import NotFoundError, UsageError
from ledger.model import Digest, Trial
from ledger.model.frozen import frozen
from ledger.model.space import Objective
from ledger.ops import estimated
from ledger.ops import observations as reading
from ledger.ops.observations import Selection
from ledger.ops.trade_offs import TradeOff
from ledger.ops.trials import Trials
from ledger.reports.choosing import Choice
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations

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


def undominated(trials: Trials, observed: "Observations", found: TradeOff) -> tuple[Ranked, ...]:
    """Those that none is better than in all objectives, by the first one."""
    first = found.objectives[0]
    values = observed.metrics.get(first.metric, ())
    order = sorted(found.front, key=lambda row: (-values[row] if first.maximize else values[row], row))
    return tuple(_single(trials, observed, row, values[row]) for row in order)


def _single(trials: Trials, observed: "Observations", row: int, value: float) -> Ranked:
    trial = trials.by_id[observed.trials[row]]
    return Ranked(trial=trial, value=value, mean=None, low=None, high=None, seeds=1)


def ranked(
    workspace: Workspace, trials: Trials, choice: Choice, observed: "Observations", objective: Objective
) -> tuple[tuple[Ranked, ...], tuple[Seeded, ...]]:
    """The best ones by one objective, and the configurations that have several seeds.

    Parameters
    ----------
    workspace, trials
        The ledger, and all of its trials.
    choice
        Whose trials.
    observed
        Those of them that can be the best, other code told apart.
    objective
        By what.
    """
    if not len(observed):
        return (), ()
    sign = -1.0 if objective.maximize else 1.0
    values = observed.metrics[objective.metric]
    groups = list(observed.by_configuration().values())
    if not any(len({observed.seeds[row] for row in rows} - {None}) > 1 for rows in groups):
        order = sorted(range(len(values)), key=lambda row: sign * values[row])
        return tuple(_single(trials, observed, row, values[row]) for row in order[:MOST_RANKED]), ()
    by_id = dict(zip(observed.trials, values, strict=True))
    if (searched := _searched(workspace, trials, choice, objective)) is not None:
        found = searched
    else:
        found = tuple(
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
    return found[:MOST_RANKED], _seeded(trials, observed, by_id, sign)


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
