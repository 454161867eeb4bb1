"""How large a difference is, without its unit."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ledger.analysis.statistics.arrays import Values, values_of
from ledger.analysis.statistics.contrast import ROUNDING, Contrast
from ledger.analysis.statistics.intervals import Interval

TRIMMED = 0.2
"""Share that the robust d leaves out at each end."""
_NORMAL = 0.642
"""Standard deviation of a winsorized standard normal distribution: it puts the robust d on Cohen's scale."""
LEAST_ROBUST = 5
"""Of fewer values nothing is trimmed."""
_FAR = 3.0
"""Deviations from the median past which a value is an outlier (Leys et al. 2013, the careful choice)."""
_MAD = 1.4826
"""Makes the median absolute deviation of normal values their standard deviation."""


def probability_of_improvement(a: Iterable[Any] | Values, b: Iterable[Any] | Values) -> float:
    """How probable it is that a value of `a` is above one of `b`: P(a > b) + P(a = b) / 2.

    The A of A. Vargha and H. Delaney (2000), and what R. Agarwal et al. (2021) average over tasks.

    Raises
    ------
    ValueError
        If a side has no values, or one that is not finite.
    """
    left, right = values_of(a), np.sort(values_of(b))
    below = np.searchsorted(right, left, "left") + np.searchsorted(right, left, "right")
    return float(below.sum()) / (2 * len(left) * len(right))


def probability_interval(
    probability: float, sizes: Sequence[tuple[int, int]], *, level: float = 0.95
) -> Interval:
    """Interval of a `probability_of_improvement`, or of the mean of several, each from so many values.

    A score interval, which has a length at 0 and 1, too: R. G. Newcombe, "Confidence intervals for an effect
    size measure based on the Mann-Whitney statistic", part 2, Statistics in Medicine 25, 2006, method 5. Of
    single values on both sides it is Wilson's interval of a proportion.

    Parameters
    ----------
    probability
        What was found.
    sizes
        Values on both sides of each stratum.
    level
        How often it shall hold the truth.
    """
    from scipy.special import ndtri

    squared = float(ndtri((1 + level) / 2)) ** 2 / len(sizes) ** 2

    def excess(at: float) -> float:
        return (at - probability) ** 2 - squared * sum(_variance(at, *each) for each in sizes)

    ends = [_root(excess, probability, end) for end in (0.0, 1.0)]
    return Interval(low=ends[0], high=ends[1], level=level, method="score (Newcombe)")


def cohen_d(a: Iterable[Any] | Values, b: Iterable[Any] | Values) -> float:
    """Difference of the means, of `a` less that of `b`, in units of the pooled standard deviation.

    J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988. Infinite where both sides are
    constant and differ, 0 where they do not.

    Raises
    ------
    ValueError
        If a side has fewer than two values, or one that is not finite.
    """
    return within([(values_of(a, least=2), values_of(b, least=2))])


def robust_d(a: Iterable[Any] | Values, b: Iterable[Any] | Values) -> float:
    """As `cohen_d`, of trimmed means and winsorized variances, which outliers do not move.

    J. Algina, H. J. Keselman and R. D. Penfield, "An Alternative to Cohen's Standardized Mean Difference
    Effect Size", Psychological Methods 10, 2005: 0.642 times the difference of the 20 % trimmed means, in
    units of the pooled 20 % winsorized standard deviation.

    Raises
    ------
    ValueError
        If a side has fewer than five values, of which none would be trimmed, or one that is not finite.
    """
    sides = values_of(a, least=LEAST_ROBUST), values_of(b, least=LEAST_ROBUST)
    return within([sides], robust=True)


def within(strata: Sequence[tuple[Values, Values]], *, robust: bool = False) -> float:
    """The mean over strata of the differences, first less second, in units of the deviation within them.

    Parameters
    ----------
    strata
        Values of both sides of each; more of them than sides in all.
    robust
        Of trimmed means and winsorized variances.
    """
    mean = _trimmed if robust else _mean
    difference = sum(mean(a) - mean(b) for a, b in strata) / len(strata)
    sides = [_winsorized(side) if robust else side for each in strata for side in each]
    if Contrast(groups=tuple(sides), weights=(1.0,) * len(sides)).is_constant:  # but for rounding
        largest = max(float(np.abs(each).max()) for each in sides)
        return ratio(difference if abs(difference) > ROUNDING * largest else 0.0, 0.0)
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in sides)
    deviation = math.sqrt(squares / sum(len(each) - 1 for each in sides))
    return ratio((_NORMAL if robust else 1.0) * difference, deviation)


def ratio(difference: float, deviation: float) -> float:
    """A difference in units of a deviation; infinite where there is a difference and no deviation."""
    if deviation:
        return difference / deviation
    return math.copysign(math.inf, difference) if difference else 0.0


def d_interval(d: float, share: float, degrees: int, *, level: float = 0.95) -> Interval:
    """Interval of a standardised difference, by its large-sample variance.

    L. V. Hedges and I. Olkin, "Statistical Methods for Meta-Analysis", 1985: share + d² / (2 degrees).

    Parameters
    ----------
    d
        What was found.
    share
        Variance of the difference in units of the squared deviation: 1/n + 1/m of two groups.
    degrees
        Degrees of freedom of the deviation.
    level
        How often it shall hold the truth; of few values it does so less often.
    """
    from scipy.special import ndtri

    far = float(ndtri((1 + level) / 2)) * math.sqrt(share + d * d / (2 * degrees))
    if not math.isfinite(far):
        return Interval(low=-math.inf, high=math.inf, level=level, method="no spread")
    return Interval(low=d - far, high=d + far, level=level, method="large-sample (Hedges, Olkin)")


def outliers(values: Iterable[Any] | Values) -> int:
    """How many values are more than three scaled median absolute deviations from the median.

    C. Leys et al., "Detecting outliers: Do not use standard deviation around the mean, use absolute deviation
    around the median", 2013. None where half of the values are one and the same.
    """
    known = values_of(values)
    far = np.abs(known - np.median(known))
    scale = _MAD * float(np.median(far))
    return int((far > _FAR * scale).sum()) if scale else 0


def _trimmed(values: Values) -> float:
    cut = int(TRIMMED * len(values))
    return float(np.sort(values)[cut : len(values) - cut].mean())


def _winsorized(values: Values) -> Values:
    cut = int(TRIMMED * len(values))
    ordered = np.sort(values)
    return np.clip(values, ordered[cut], ordered[-1 - cut])


def _mean(values: Values) -> float:
    return float(values.mean())


def _variance(at: float, first: int, second: int) -> float:
    """Of an estimate of that probability, values being drawn from negative exponential distributions."""
    mean = (first + second) / 2
    spread = 2 * mean - 1 - 3 * (mean - 1) / ((2 - at) * (1 + at))
    return at * (1 - at) * spread / (first * second)


def _root(excess: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a function that is negative inside and not outside changes its sign."""
    if inside == outside:
        return outside
    for _ in range(60):
        middle = (inside + outside) / 2
        if excess(middle) < 0:
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2
