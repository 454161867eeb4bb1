"""From the results of hybrids to what each part carries."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain

from ledger.analysis import shapley
from ledger.analysis.shapley import Coalition, Plan, Shares
from ledger.compare.base import Tolerance
from ledger.compare.metrics import is_timing
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.ops import diff_results
from ledger.ops.differences import Diff, same_value
from ledger.ops.why_hybrids import Gathered, Hybrid, is_usable
from ledger.ops.why_parts import Pair
from ledger.store.base import Store

DURATION = "duration_s"
_INTERACTS = 0.01
"""Of the difference: by how much single effects may miss it before it is worth a word."""


@frozen
class Carried:
    """What one part carries of a metric's difference."""

    value: float
    error: float | None
    """Standard error of the sampling: 0 where all orders counted, None where it cannot be told."""


@frozen
class MetricShares:
    """How a metric's difference is divided."""

    name: str
    a: float | None
    """None where the metric is missing, or no finite number."""
    b: float | None
    clock: bool
    """Whether it measures the clock."""
    shares: tuple[Carried, ...] | None
    """One a part; None where no order of the parts is known whole."""
    orders: int
    """Orders of the parts that were averaged."""
    possible: int
    alone: tuple[float | None, ...]
    """What each part changes when it alone is swapped."""
    noise: float | None = None
    """Standard deviation between executions of one hybrid; None where none was repeated."""

    @property
    def difference(self) -> float | None:
        """From the first to the second."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def interaction(self) -> float | None:
        """How much the parts change together beyond what each changes alone; None where that is not known."""
        if self.difference is None or None in self.alone:
            return None
        return self.difference - sum(each for each in self.alone if each is not None)

    @property
    def interacts(self) -> bool:
        """Whether that is worth a word."""
        sizes = [abs(each) for each in (*self.alone, self.difference) if each is not None]
        return self.interaction is not None and abs(self.interaction) > _INTERACTS * max(sizes, default=0.0)


@frozen
class ResultChange:
    """A result that is no number: an output, or the exit code."""

    kind: str
    """``output`` or ``exit_code``."""
    path: str
    """Of an output."""
    changed_by: tuple[int, ...]
    """Parts that change it when they alone are swapped."""
    unknown: tuple[int, ...]
    """Parts of which that is not known."""


def differing(pair: Pair, diff: Diff, timing: tuple[str, ...]) -> tuple[str, ...]:
    """Metrics that both have and whose last values differ, without those that measure the clock."""
    left, right = (_metrics(each) for each in pair.trials)
    return tuple(
        name
        for name in sorted(left.keys() & right.keys())
        if not same_value(left[name], right[name]) and not is_timing(name, timing)
        if any(each.path == name and each.counted for each in diff.sections["metrics"])
    )


def undivided(pair: Pair, diff: Diff, names: Iterable[str]) -> list[str]:
    """Which other metrics differ, and why there is nothing to divide."""
    left, right = (_metrics(each) for each in pair.trials)
    others = [each.path for each in diff.sections["metrics"] if each.counted and each.path not in set(names)]
    alone = [name for name in others if (name in left) is not (name in right)]
    same = [name for name in others if name not in alone]
    told = [f"only one of the two has {', '.join(alone)}"] if alone else []
    return told + ([f"{', '.join(same)}: other on the way, the same at the end"] if same else [])


def metrics(pair: Pair, gathered: Gathered, names: Iterable[str]) -> tuple[MetricShares, ...]:
    """Divide the difference of each metric, and of the duration."""
    return tuple(
        _divided(pair, gathered, name, clock=clock)
        for name, clock in chain(((name, False) for name in names), [(DURATION, True)])
    )


def _divided(pair: Pair, gathered: Gathered, name: str, *, clock: bool) -> MetricShares:
    count = len(pair.parts)
    samples = {each.swapped: _samples(each, pair, name) for each in gathered.hybrids}
    values = {swapped: sum(found, Fraction(0)) / len(found) for swapped, found in samples.items() if found}
    start, end = values.get(frozenset()), values.get(frozenset(range(count)))
    shares = _shares(count, values, gathered.plan)
    alone: list[float | None] = []
    for number in range(count):
        value = values.get(frozenset({number}))
        alone.append(None if start is None or value is None else float(value - start))
    carried = None
    if shares is not None:
        pairs = zip(shares.values, shares.errors, strict=True)
        carried = tuple(Carried(value=float(value), error=error) for value, error in pairs)
    return MetricShares(
        name=name,
        a=None if start is None else float(start),
        b=None if end is None else float(end),
        clock=clock,
        shares=carried,
        orders=0 if shares is None else shares.orders,
        possible=math.factorial(count),
        alone=tuple(alone),
        noise=_noise(samples),
    )


def _shares(count: int, values: Mapping[Coalition, Fraction], plan: Plan) -> Shares | None:
    if plan.draws:
        return shapley.over(count, values, plan.draws)
    return shapley.shapley(count, values)


def _samples(hybrid: Hybrid, pair: Pair, name: str) -> list[Fraction]:
    found: list[Fraction] = []
    for trial in hybrid.trials:
        if not is_usable(trial, pair.trials) or trial.outcome is None:
            continue
        value = trial.outcome.duration_s if name == DURATION else _metrics(trial).get(name)
        if value is not None and math.isfinite(value):
            found.append(Fraction(value))
    return found


def _noise(samples: Mapping[Coalition, list[Fraction]]) -> float | None:
    """Pooled standard deviation between executions of the same hybrid."""
    squares, freedom = Fraction(0), 0
    for found in samples.values():
        if len(found) > 1:
            mean = sum(found, Fraction(0)) / len(found)
            squares += sum((each - mean) ** 2 for each in found)
            freedom += len(found) - 1
    return math.sqrt(squares / freedom) if freedom else None


def _metrics(trial: Trial) -> dict[str, float]:
    return {each.name: each.last for each in trial.outcome.metrics} if trial.outcome else {}


def results(pair: Pair, gathered: Gathered, diff: Diff, store: Store) -> tuple[ResultChange, ...]:
    """For each result that is no metric: which parts change it when they alone are swapped."""
    alone = {each.swapped: each for each in gathered.hybrids if each.trials}
    singles = {number: alone.get(frozenset({number})) for number in range(len(pair.parts))}
    found: list[ResultChange] = []
    codes = [each.outcome.exit_code if each.outcome else None for each in pair.trials]
    if codes[0] != codes[1]:
        changed = {
            number: _exit_code(single.trials[0]) != codes[0]
            for number, single in singles.items()
            if single is not None
        }
        found.append(_change("exit_code", "", changed, len(pair.parts)))
    paths = [each.path for each in diff.sections["outputs"] if each.counted]
    moved: dict[int, set[str]] = {}
    for number, single in singles.items():
        if single is not None and is_usable(single.trials[0], pair.trials):
            between = diff_results.outputs(pair.trials[0], single.trials[0], store, Tolerance())
            moved[number] = {each.path for each in between if each.counted}
    for path in paths:
        found.append(
            _change("output", path, {number: path in each for number, each in moved.items()}, len(pair.parts))
        )
    return tuple(found)


def _exit_code(trial: Trial) -> int | None:
    return trial.outcome.exit_code if trial.outcome else None


def _change(kind: str, path: str, changed: Mapping[int, bool], count: int) -> ResultChange:
    return ResultChange(
        kind=kind,
        path=path,
        changed_by=tuple(number for number in range(count) if changed.get(number)),
        unknown=tuple(number for number in range(count) if number not in changed),
    )
