"""Configurations as a paper's table has them: one a row, each metric with its mean, its interval and n."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.compare.metrics import is_timing
from ledger.errors import NotFoundError
from ledger.model import HyperparameterRole, Trial
from ledger.model.frozen import frozen
from ledger.ops import observations as reading
from ledger.ops.text import line, value
from ledger.ops.untold import with_untold
from ledger.reports.report import Report
from ledger.reports.standing import Standing

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations

_COSTS = ("duration_s", "peak_memory")
_MOST_METRICS = 6
_CODE = "code"
"""Column of the trees, where they differ; a hyperparameter of that name gives way."""


@frozen
class Measured:
    """One metric of one configuration."""

    mean: float
    half: float | None
    """Half of the 95 % interval of the mean, the longer side; None where one seed says nothing of it."""
    n: int
    """Seeds, each once, that ended well with a finite value."""

    @property
    def text(self) -> tuple[str, str | None]:
        """Mean and half of the interval, both to the second digit of the latter."""
        return rounded(self.mean, self.half)


@frozen
class Row:
    """One configuration."""

    choice: str
    values: tuple[str, ...]
    """Of the hyperparameters of the table; empty where it has none."""
    metrics: tuple[Measured | None, ...]
    trial: Trial
    """Its first trial."""


@frozen
class Cells:
    """The table."""

    choices: bool
    """Whether rows are of several choices."""
    parameters: tuple[str, ...]
    """Hyperparameters in which the rows differ."""
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    """The best ones of each choice first, where a metric says which; of several the front."""
    others: int
    """Configurations that have no row."""
    best: tuple[frozenset[int], ...]
    """Of each metric the rows with the best mean, where it is known what is better."""
    several: bool
    """Whether some means are of several seeds."""
    fronts: bool
    """Whether some rows are on a front."""


def cells(report: Report, *, most: int, timing: tuple[str, ...] = ()) -> Cells:
    """The table of a report's configurations.

    Parameters
    ----------
    report
        What is told.
    most
        Configurations of each choice, at most.
    timing
        Patterns of metrics that measure the clock, which are left out.

    Raises
    ------
    NotFoundError
        If no trial ended well with a metric.
    """
    found, others = [], 0
    metrics = _metrics(report, timing)
    for each in report.standings:
        made = _configurations(report, each, metrics)
        front = [(label, one) for label, one in made if one.on_front]
        kept = (front or made)[:most]
        found += kept
        others += len(made) - len(kept)
    if not found or not metrics:
        raise NotFoundError(
            f"no trial of {report.chosen.title} ended well with a metric",
            hint="see how they stand: ledger log",
        )
    own = [
        {
            parameter.name: value(parameter.value)
            for parameter in row.trial.hyperparameters
            if parameter.role is not HyperparameterRole.SEED
        }
        | {_CODE: " ".join(tree.short[:7] for _, tree in row.trial.intent.code)}
        for _, row in found
    ]
    rows = [row for _, row in found]
    names = dict.fromkeys(name for each in own for name in each)
    varying = [name for name in names if len({each.get(name) for each in own}) > 1]
    return Cells(
        choices=len(report.standings) > 1,
        parameters=tuple(map(line, varying)),
        metrics=metrics,
        rows=tuple(
            Row(
                choice=label,
                values=tuple(values.get(name, "") for name in varying),
                metrics=row.metrics,
                trial=row.trial,
            )
            for (label, row), values in zip(found, own, strict=True)
        ),
        others=others,
        best=tuple(_best(report, rows, place, name) for place, name in enumerate(metrics)),
        several=any(each is not None and each.n > 1 for row in rows for each in row.metrics),
        fronts=any(row.on_front for row in rows),
    )


def _best(report: Report, rows: "Sequence[_Made]", place: int, metric: str) -> frozenset[int]:
    turns = {one.maximize for each in report.standings for one in each.objectives if one.metric == metric}
    means = {row: each.mean for row, made in enumerate(rows) if (each := made.metrics[place]) is not None}
    if len(turns) != 1 or len(means) < 2:
        return frozenset()
    best = max(means.values()) if turns.pop() else min(means.values())
    return frozenset(row for row, mean in means.items() if mean == best)


def rounded(mean: float, half: float | None) -> tuple[str, str | None]:
    """A mean, and half of its interval, to the second digit of the latter; else five digits."""
    if half is None or not math.isfinite(half):
        return f"{mean:.5g}", None
    if half == 0:
        return f"{mean:.5g}", "0"
    digits = 1 - math.floor(math.log10(half))
    if -4 < digits < 10 and abs(mean) < 1e9:
        places = max(digits, 0)
        return f"{round(mean, digits):.{places}f}", f"{round(half, digits):.{places}f}"
    return f"{mean:.5g}", f"{half:.2g}"


@frozen
class _Made:
    metrics: tuple[Measured | None, ...]
    trial: Trial
    on_front: bool
    """Where its search was for several metrics: whether no other trial is better than one of its in all."""


def _metrics(report: Report, timing: tuple[str, ...]) -> tuple[str, ...]:
    first = [one.metric for each in report.standings for one in each.objectives]
    if first:
        return tuple(dict.fromkeys(first))
    names = [
        metric.name
        for trial in report.chosen.trials
        for metric in (trial.outcome.metrics if trial.outcome else ())
    ]
    kept = (name for name in dict.fromkeys(names) if name not in _COSTS and not is_timing(name, timing))
    return tuple(kept)[:_MOST_METRICS]


def _configurations(report: Report, standing: Standing, metrics: Sequence[str]) -> list[tuple[str, _Made]]:
    choice = standing.choice
    observed = with_untold(reading.observations(choice.trials, choice.label), report.trials.by_id)
    front = {each.trial.id for each in standing.ranked} if standing.trade_off is not None else set()
    found = [
        _Made(
            metrics=tuple(_measured(observed, rows, name) for name in metrics),
            trial=report.trials.by_id[observed.trials[rows[0]]],
            on_front=any(observed.trials[row] in front for row in rows),
        )
        for rows in observed.by_configuration().values()
    ]
    found = [each for each in found if any(each.metrics)]
    if standing.objective is not None:
        sign = -1.0 if standing.objective.maximize else 1.0
        place = list(metrics).index(standing.objective.metric)

        def order(each: _Made) -> float:
            own = each.metrics[place]
            return math.inf if own is None else sign * own.mean

        found.sort(key=order)
    return [(choice.label, each) for each in found]


def _measured(observed: "Observations", rows: Sequence[int], metric: str) -> Measured | None:
    from ledger.analysis.statistics import intervals

    values = observed.metrics.get(metric, ())
    own: dict[str, float] = {}
    for row in rows:
        if values and math.isfinite(values[row]):
            seed = observed.seeds[row]  # without one, each trial is its own
            own.setdefault(repr(seed) if seed is not None else f"row {row}", values[row])
    if not own:
        return None
    kept = list(own.values())
    mean = math.fsum(kept) / len(kept)
    if len(kept) == 1:
        return Measured(mean=mean, half=None, n=1)
    interval = intervals.of_mean(kept)
    half = max(interval.high - mean, mean - interval.low)
    return Measured(mean=mean, half=half if math.isfinite(half) else None, n=len(kept))
