"""Several metrics at once: the trials that none is better than in all of them."""

import math
from collections.abc import Sequence

from ledger.analysis.observations import Observations
from ledger.model.frozen import frozen
from ledger.model.space import Objective
from ledger.tune import pareto


@frozen
class TradeOff:
    """How trials stand by several metrics."""

    objectives: tuple[Objective, ...]
    rows: tuple[int, ...]
    """Those of the trials that have a finite value of each metric, rising."""
    front: frozenset[int]
    """Those of the rows that no other one dominates; equal ones are all in it."""


def trade_off(found: Observations, objectives: Sequence[Objective]) -> TradeOff:
    """Find the Pareto front of some trials.

    Parameters
    ----------
    found
        Trials that ended well.
    objectives
        One or more.
    """
    empty = (math.nan,) * len(found)
    columns = [found.metrics.get(each.metric, empty) for each in objectives]
    rows = [row for row, values in enumerate(zip(*columns, strict=True)) if all(map(math.isfinite, values))]
    signs = [-1.0 if each.maximize else 1.0 for each in objectives]
    losses = [tuple(sign * values[row] for sign, values in zip(signs, columns, strict=True)) for row in rows]
    return TradeOff(
        objectives=tuple(objectives),
        rows=tuple(rows),
        front=frozenset(rows[place] for place in pareto.front(losses)),
    )
