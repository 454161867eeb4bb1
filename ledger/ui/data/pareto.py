"""Two metrics at once: the trials that none is better than in both."""

import math

import numpy as np
import pyarrow as pa

from ledger.errors import UsageError
from ledger.tune.pareto import front
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
    empty = (math.nan,) * len(found)
    xs, ys = (np.array(found.metrics.get(each.metric, empty), np.float64) for each in (x, y))
    rows = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
    xs, ys = xs[rows], ys[rows]
    signs = (-1.0 if x.maximize else 1.0), (-1.0 if y.maximize else 1.0)
    losses = list(zip((signs[0] * xs).tolist(), (signs[1] * ys).tolist(), strict=True))
    among = np.zeros(len(rows), np.bool_)
    among[front(losses)] = True
    return table({"x": xs, "y": ys, "front": among}, ids([found.trials[row] for row in rows]))
