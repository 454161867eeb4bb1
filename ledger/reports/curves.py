"""Metrics over their steps: which trials' curves a report shows, and with how many points."""

import math
from collections.abc import Iterable, Sequence

from ledger.analysis.thinning import thinned
from ledger.errors import LedgerError
from ledger.journal import series
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.ops.objects import one_line
from ledger.store.base import Store

MOST_CURVES = 20
MOST_CHARTS = 6
_MOST_READ = 1_000_000
"""Points of a trial that are read."""
_IN_ALL = 9_000
"""Points of all curves of a report together."""
_MOST, _LEAST = 400, 40
"""Points of a curve."""


@frozen
class Curve:
    """One metric of one trial."""

    trial: Trial
    steps: tuple[int, ...]
    values: tuple[float, ...]
    """At these steps; as many as can be told apart by eye."""
    points: int
    """How many are recorded."""


@frozen
class Chart:
    """One metric of several trials."""

    metric: str
    curves: tuple[Curve, ...]


@frozen
class Charts:
    """All of them."""

    charts: tuple[Chart, ...]
    missing: tuple[tuple[Trial, str], ...]
    """Trials whose points cannot be told, and why."""
    others: int
    """Metrics with points that are not shown."""


def charts(trials: Iterable[Trial], store: Store, first: Sequence[str] = ()) -> Charts:
    """The curves of some trials.

    Parameters
    ----------
    trials
        The most interesting ones first; of those that have points, `MOST_CURVES` are shown.
    store
        Where their points are.
    first
        Metrics that come before the others.
    """
    chosen = [trial for trial in trials if _names(trial)][:MOST_CURVES]
    names = dict.fromkeys(name for trial in chosen for name in _names(trial))
    order = [*(name for name in first if name in names), *(name for name in names if name not in first)]
    shown, missing = order[:MOST_CHARTS], []
    lines = sum(name in _names(trial) for trial in chosen for name in shown)
    most = max(_LEAST, min(_MOST, _IN_ALL // max(lines, 1)))
    found: dict[str, list[Curve]] = {name: [] for name in shown}
    for trial in chosen:
        try:
            own = _points(trial, store)
        except LedgerError as error:
            missing.append((trial, one_line(error)))
            continue
        if own is None:
            missing.append((trial, f"more than {_MOST_READ:,} points"))
            continue
        for name in shown:
            if name in own and len(own[name].values) > 1:
                found[name].append(_curve(trial, own[name], most))
    return Charts(
        charts=tuple(Chart(metric=name, curves=tuple(each)) for name, each in found.items() if each),
        missing=tuple(missing),
        others=len(order) - len(shown),
    )


def _names(trial: Trial) -> list[str]:
    outcome = trial.outcome
    if outcome is None or outcome.series is None:
        return []
    return [each.name for each in outcome.metrics if each.count > 1]


def _points(trial: Trial, store: Store) -> dict[str, series.Points] | None:
    outcome = trial.outcome
    if outcome is None or outcome.series is None:
        return {}
    if sum(each.count for each in outcome.metrics) > _MOST_READ:
        return None
    return series.points(store.get(outcome.series))


def _curve(trial: Trial, points: series.Points, most: int) -> Curve:
    # Several processes may have written one metric; a line goes from step to step.
    rows = sorted(zip(points.steps, points.values, strict=True), key=lambda row: row[0])
    values = [value if math.isfinite(value) else math.nan for _, value in rows]
    kept = thinned(values, most)
    return Curve(
        trial=trial,
        steps=tuple(rows[place][0] for place in kept),
        values=tuple(values[place] for place in kept),
        points=len(rows),
    )
