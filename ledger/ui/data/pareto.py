"""Two metrics at once: the trials that none is better than in both."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.errors import UsageError
from ledger.ops.trade_offs import trade_off
from ledger.ui.data import Query, objective, standing
from ledger.ui.data.drawn import ids, table
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> pa.Table:
    """Trials of the experiment ``name`` with a finite value of both: ``id``, ``x``, ``y`` and ``front``.

    ``y`` is ``metric`` in its ``direction``; ``x`` is ``x_metric`` in its ``x_direction``.

    Raises
    ------
    NotFoundError
        If none ended well.
    UsageError
        If a metric is needed, both are the same, or there is no such direction.
    """
    name = query.get("name", "")
    tuned = objective.searched(source, name)
    y = objective.needed(query, tuned)
    x = objective.asked(query, tuned, "x_")
    if x is None or x.metric == y.metric:
        raise UsageError("two metrics are needed", cause=f"both are {y.metric}")
    found = standing.observed(source, name)
    made = trade_off(found, (x, y))
    xs, ys = (_picked(found.metrics.get(each.metric, ()), made.rows) for each in (x, y))
    among = np.array([row in made.front for row in made.rows], np.bool_)
    return table({"x": xs, "y": ys, "front": among}, ids([found.trials[row] for row in made.rows]))


def _picked(values: Sequence[float], rows: Sequence[int]) -> NDArray[np.float64]:
    return np.array([values[row] for row in rows], np.float64)
