"""A result over seeds: how it is spread, where one of it stands, and how many seeds a question needs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ledger.analysis.statistics import intervals, power
from ledger.analysis.statistics.aggregates import iqm
from ledger.analysis.statistics.arrays import Values, values_of
from ledger.analysis.statistics.intervals import Interval
from ledger.model.frozen import frozen

DIFFERENCES = (0.5, 1.0, 2.0)
"""In standard deviations: those of which it is told how many seeds they need, where nobody names any."""
CHI_SQUARE, F = "chi-square", "F"


@frozen
class Spread:
    """How the values of some seeds are distributed."""

    values: tuple[float, ...]
    """n, in the order of the seeds."""
    mean: float
    interval: Interval
    """Of the mean."""
    deviation: float
    """Standard deviation from seed to seed, with n - 1; NaN of one value."""
    deviation_interval: Interval
    """Of that, where values are normal."""
    median: float
    iqm: float
    """Interquartile mean."""
    least: float
    most: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def constant(self) -> bool:
        """Whether all values are one."""
        return self.least == self.most


@frozen
class Place:
    """Where one value stands among others."""

    value: float
    below: int
    """How many others are smaller."""
    equal: int
    count: int
    """How many others there are."""

    @property
    def quantile(self) -> float:
        """Share of the others that is smaller, those that are equal counting half."""
        return (self.below + self.equal / 2) / self.count

    def rank(self, *, largest: bool) -> int:
        """Its rank among all, from 1: from the largest, or from the smallest."""
        return 1 + (self.count - self.below - self.equal if largest else self.below)


@frozen
class Need:
    """How many seeds a difference needs."""

    difference: float
    """In the unit of the metric."""
    deviations: float
    """In standard deviations."""
    seeds: int
    """Of each of two sides."""


@frozen
class Share:
    """How much of the variance a source of randomness makes by itself."""

    source: str
    deviation: float
    """Standard deviation where only it varies."""
    share: float
    """Of the variance where all vary at once, or of the sum over the sources where nobody varied all; NaN
    where there is no variance."""
    interval: Interval
    count: int
    """Of seeds."""


def spread(values: Iterable[Any] | Values, *, level: float = 0.95) -> Spread:
    """How values of some seeds are distributed.

    Parameters
    ----------
    values
        n of them, finite.
    level
        How often each interval shall hold the truth.

    Raises
    ------
    ValueError
        If there is none, or one is not finite.
    """
    known = values_of(values)
    deviation = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    return Spread(
        values=tuple(known.tolist()),
        mean=float(known.mean()),
        interval=intervals.of_mean(known, level=level),
        deviation=deviation,
        deviation_interval=of_deviation(deviation, len(known) - 1, level=level),
        median=float(np.median(known)),
        iqm=float(iqm(known)),
        least=float(known.min()),
        most=float(known.max()),
    )


def of_deviation(deviation: float, degrees: int, *, level: float = 0.95) -> Interval:
    """Interval of the standard deviation of normal values, by the chi-square distribution of its square.

    Parameters
    ----------
    deviation
        As estimated.
    degrees
        Of freedom: n - 1, or their sum where it is pooled.
    level
        How often it shall hold the truth.
    """
    if degrees < 1:
        return Interval(low=0.0, high=math.inf, level=level, method=intervals.ONE_VALUE)
    if deviation == 0:
        return Interval(low=0.0, high=0.0, level=level, method=intervals.ALL_EQUAL)
    from scipy.special import chdtri

    low, high = (deviation * math.sqrt(degrees / float(chdtri(degrees, tail))) for tail in tails(level))
    return Interval(low=low, high=high, level=level, method=CHI_SQUARE)


def tails(level: float) -> tuple[float, float]:
    """Upper tails of a level's two ends, the lower end's first."""
    return (1 - level) / 2, (1 + level) / 2


def place(value: float, others: Sequence[float]) -> Place:
    """Where a value stands among others, of which there is at least one."""
    if not others:
        raise ValueError("expected at least one other value")
    below, equal = sum(each < value for each in others), sum(each == value for each in others)
    return Place(value=value, below=below, equal=equal, count=len(others))


def needs(deviation: float, differences: Sequence[float] = ()) -> tuple[Need, ...]:
    """How many seeds differences need: by default those of `DIFFERENCES`.

    Parameters
    ----------
    deviation
        Standard deviation from seed to seed; nothing is said where it is 0 or not known.
    differences
        In the unit of the metric, other than 0.
    """
    if not deviation > 0:
        return ()
    wanted = [abs(each) for each in differences] or [each * deviation for each in DIFFERENCES]
    return tuple(
        Need(difference=each, deviations=each / deviation, seeds=power.seeds_needed(each, deviation))
        for each in wanted
    )


def shares(
    alone: Mapping[str, Sequence[float]], together: Sequence[float] | None, *, level: float = 0.95
) -> tuple[Share, ...]:
    """How much of the variance each source makes where only it varies (Bouthillier et al. 2021).

    Shares of the variance with all sources at once need not sum to 1: what is left is where sources act
    together, and what else varies.

    Parameters
    ----------
    alone
        Values by source, two or more of each.
    together
        Values with all sources varied; None where nobody did, and shares are of the sum.
    level
        How often each interval shall hold the truth.
    """
    groups = [values_of(values, least=2) for values in alone.values()]
    whole = [] if together is None else [values_of(together, least=2)]
    total = _variance(whole[0]) if whole else sum(map(_variance, groups))
    found = []
    for number, (name, own) in enumerate(zip(alone, groups, strict=True)):
        if not total:
            interval = Interval(low=math.nan, high=math.nan, level=level, method=intervals.ALL_EQUAL)
        elif whole:
            interval = _of_share(own, whole[0], level)
        else:
            interval = _of_part(groups, number, level)
        found.append(
            Share(
                source=name,
                deviation=math.sqrt(_variance(own)),
                share=_variance(own) / total if total else math.nan,
                interval=interval,
                count=len(own),
            )
        )
    return tuple(found)


def _of_share(own: Values, whole: Values, level: float) -> Interval:
    """Of a quotient of two variances of normal values: by the F distribution."""
    from scipy.special import fdtri

    degrees, of = len(own) - 1, len(whole) - 1
    share = _variance(own) / _variance(whole)
    high, low = (share / float(fdtri(degrees, of, tail)) for tail in tails(level))
    return Interval(low=low, high=high, level=level, method=F)


def _of_part(groups: list[Values], number: int, level: float) -> Interval:
    """Of a variance in the sum of all."""

    def statistic(drawn: Sequence[Values]) -> Values:
        variances = [each.var(axis=-1, ddof=1) for each in drawn]
        total = np.sum(variances, axis=0)
        found: Values = np.divide(variances[number], total, out=np.zeros_like(total), where=total > 0)
        return found

    return intervals.bootstrap(statistic, groups, level=level)


def _variance(values: Values) -> float:
    return float(values.var(ddof=1))
