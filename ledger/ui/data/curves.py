"""One metric of many trials, to be drawn over each other."""

import json
import math
from collections import Counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.analysis.smoothing import smoothed
from ledger.analysis.thinning import thinned
from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.model import Trial
from ledger.model.jsonform import to_json
from ledger.ui.data import Document, Query
from ledger.ui.data.chosen import Chosen, chosen
from ledger.ui.data.points import Points, floats, of_trial, progress
from ledger.ui.source import Source

MOST = 500
"""Trials at once."""
POINTS = 400_000
"""Points of all curves together."""
EACH = 2000
"""Points of one curve."""


def answer(source: Source, query: Query) -> pa.Table:
    """The curves of the metric ``metric`` of the trials ``of``, or of those for which ``where`` holds.

    ``smooth``, from 0 to below 1, smooths each by all of its points before it is thinned out.

    Returns
    -------
    pyarrow.Table
        Columns ``step``, ``time`` (seconds since the curve's first point) and ``value``, one curve behind the
        other. The schema's metadata ``about`` is JSON: ``metric``; ``metrics``, all that these trials have;
        ``total``, the number of trials that are chosen; ``curves``: id, name, experiment, status, first and
        end (rows), points; ``without``: id, name and reason of those that have no such curve.

    Raises
    ------
    NotFoundError, AmbiguousError
        If a reference means no trial, or more than one.
    UsageError
        If nothing is named, or ``smooth`` is off.
    """
    weight = _weight(query.get("smooth", "0"))
    found = chosen(source, query, MOST)
    metrics = names(source, found)
    metric = query.get("metric") or next(iter(metrics), "")
    each = max(8, min(EACH, POINTS // max(1, len(found.ordered))))
    parts: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]] = []
    curves: list[Document] = []
    without: list[Document] = []
    end = 0
    for trial in found.ordered:
        try:
            points = of_trial(source, trial, metric)
        except (LedgerError, OSError, ValueError) as error:
            without.append({**named(trial), "reason": _reason(error)})
            continue
        part = _drawn(points, weight, each)
        parts.append(part)
        first, end = end, end + len(part[0])
        curves.append({**named(trial), "first": first, "end": end, "points": len(points.values)})
    about = {
        "metric": metric,
        "metrics": metrics,
        "total": found.total,
        "curves": curves,
        "without": without,
    }
    columns = [np.concatenate(each) if parts else np.empty(0) for each in zip(*parts, strict=True)] or [
        np.empty(0)
    ] * 3
    table = pa.Table.from_arrays([floats(each) for each in columns], names=["step", "time", "value"])
    return table.replace_schema_metadata({"about": json.dumps(about, ensure_ascii=True)})


def names(source: Source, found: Chosen) -> list[str]:
    """Metrics of which some trial has a curve of two points or more, those that most have first."""
    known: Counter[str] = Counter()
    for trial in found.ordered:
        if trial.outcome is not None:
            has = trial.outcome.series is not None
            known.update(each.name for each in trial.outcome.metrics if has and each.count > 1)
        else:
            known.update(name for name, each in progress(source, trial).items() if each.count > 1)
    return sorted(known, key=lambda name: (-known[name], name))


def _drawn(
    points: Points, weight: float, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    values = points.values
    if weight:
        values = np.array(smoothed(values.tolist(), weight))
    kept = thinned(values, most)
    return points.steps[kept], points.seconds[kept], values[kept]


def named(trial: Trial) -> Document:
    """By what a trial is told in a list."""
    return {
        "id": str(trial.id),
        "name": to_json(trial.name),
        "experiment": to_json(trial.experiment),
        "status": str(trial.status),
    }


def _reason(error: Exception) -> str:
    if isinstance(error, NotFoundError):
        return "it has no such metric"
    return error.message if isinstance(error, LedgerError) else f"{type(error).__name__}: {error}"


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < 1:
        raise UsageError("a bad weight", cause=f"smooth: expected a number from 0 to below 1, got {text!r}")
    return weight
