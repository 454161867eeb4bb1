"""The history of the best: values in the order in which trials began, and the best one until then."""

import numpy as np
import pyarrow as pa

from ledger.analysis.history import best_so_far
from ledger.ui.data import Query, objective, standing
from ledger.ui.data.drawn import ids, table
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> pa.Table:
    """Trials of the experiment ``name`` that ended well: ``id``, ``value`` and ``best``.

    Raises
    ------
    NotFoundError
        If none ended well.
    UsageError
        If a metric is needed, or there is no such direction.
    """
    name = query.get("name", "")
    wanted = objective.needed(query, objective.searched(source, name))
    found = standing.observed(source, name).measured(wanted.metric)
    values = np.array(found.metrics.get(wanted.metric, ()), np.float64)
    best = best_so_far(values, maximize=wanted.maximize)
    return table({"value": values, "best": best}, ids(found.trials))
