"""The points of a trial's metrics, no more of them than can be drawn."""

import pyarrow as pa

from ledger.errors import UsageError
from ledger.ui.data import Query
from ledger.ui.data.points import of_trial, table
from ledger.ui.source import Source

POINTS = 2000
"""Points of a metric, where the query does not say."""


def answer(source: Source, query: Query) -> pa.Table:
    """The points of one metric of one trial: the columns ``step``, ``time`` and ``value``.

    ``trial`` is a reference, ``metric`` a name, ``points`` how many at most; ``time`` is in seconds since the
    first point. Points are in the order of their steps. Of a trial that runs there are those until now.

    Raises
    ------
    NotFoundError
        If there is no such trial, or it has no such metric.
    UsageError
        If ``points`` is no number above 0.
    """
    trial = source.trial(query.get("trial") or "@")
    return table(of_trial(source, trial, query.get("metric", "")), limit(query))


def limit(query: Query) -> int:
    """How many points are asked for. Raises `UsageError` if that is no number above 0."""
    text = query.get("points", str(POINTS))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError("a bad number of points", cause=f"points: expected 1 or more, got {text!r}")
    return int(text)
