"""Where the truth may be: intervals of means, of their differences, and of anything else."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.statistics import studentised
from ledger.analysis.statistics.aggregates import iqm
from ledger.analysis.statistics.arrays import Values, unit, values_of
from ledger.analysis.statistics.contrast import Contrast, of_groups
from ledger.model.frozen import frozen, replace

ONE_VALUE = "one value: nothing is known of the spread"
ALL_EQUAL = "all values are equal"
STUDENT = "Student's t"
POOLED = "Student's t, one spread for all"
BOOTSTRAP_T = "bootstrap-t"
PERCENTILE = "percentile bootstrap"
WINSORIZED = "Student's t, winsorized variance"

Statistic = Callable[[Sequence[NDArray[np.float64]]], NDArray[np.float64]]
"""From groups of shape (resamples, n), whose n may differ, to one number for each resample."""

_BLOCK = 4_000_000
"""Numbers that are drawn at once: 32 MB."""
MANY = 1_000
"""Values from which on a formula says of their interquartile mean what resampling would, which takes long."""


@frozen
class Interval:
    """From where to where the truth is believed to be."""

    low: float
    """``-inf`` where nothing can be said."""
    high: float
    level: float
    """How often such an interval holds the truth, as intended: 0.95."""
    method: str
    """How it was made."""

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def of_mean(values: Iterable[Any] | Values, *, level: float = 0.95) -> Interval:
    """Interval of the mean that the values were drawn around.

    Parameters
    ----------
    values
        n, drawn independently.
    level
        How often it shall hold the truth.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Notes
    -----
    A bootstrap-t (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, section 12.5), for up to
    nine values over all resamples, so that nothing is left to chance. How often it holds the truth was
    measured: `coverage.measured`. Of two or three values too many resamples have no spread: theirs is
    Student's t, which takes the values for normal.
    """
    known = values_of(values)
    by = unit([known])
    found = of_contrast(of_groups([(1.0, known / by)]), level=level)
    return replace(found, low=float(found.low) * by, high=float(found.high) * by)


def of_contrast(contrast: Contrast, *, level: float = 0.95) -> Interval:
    """Interval of a weighted sum of means, such as of a difference of two; each group is a stratum.

    Parameters
    ----------
    contrast
        Groups of values with their weights.
    level
        How often it shall hold the truth.
    """
    if contrast.least < 2:
        return Interval(low=-np.inf, high=np.inf, level=level, method=ONE_VALUE)
    estimate, error = contrast.estimate, contrast.error
    if contrast.is_constant:
        return Interval(low=estimate, high=estimate, level=level, method=ALL_EQUAL)
    if studentised.without_spread(contrast) >= 1 - level:
        from scipy.special import stdtrit

        far = float(stdtrit(contrast.degrees, (1 + level) / 2)) * error
        return Interval(low=estimate - far, high=estimate + far, level=level, method=STUDENT)
    low, high = studentised.quantiles(contrast, level)
    return Interval(low=estimate - high * error, high=estimate - low * error, level=level, method=BOOTSTRAP_T)


def pooled(contrast: Contrast, *, level: float = 0.95) -> Interval:
    """As `of_contrast` where some groups have one value: all groups' spread is taken to be the same.

    Student's t with the pooled variance; with one value against n it is the test of J. R. Crawford and
    D. C. Howell (1998), whether one case belongs to a sample.
    """
    deviation = pooled_deviation(contrast)
    if deviation is None:
        return Interval(low=-np.inf, high=np.inf, level=level, method=ONE_VALUE)
    from scipy.special import stdtrit

    estimate = contrast.estimate
    sizes = [len(each) for each in contrast.groups]
    shares = [weight**2 / size for weight, size in zip(contrast.weights, sizes, strict=True)]
    quantile = float(stdtrit(sum(sizes) - len(sizes), (1 + level) / 2))
    far = quantile * deviation * float(np.sqrt(sum(shares)))
    return Interval(low=estimate - far, high=estimate + far, level=level, method=POOLED)


def pooled_deviation(contrast: Contrast) -> float | None:
    """Standard deviation within groups, taken to be the same in all; None where each has one value."""
    degrees = sum(len(each) - 1 for each in contrast.groups)
    if not degrees:
        return None
    return float(np.sqrt(sum(((each - each.mean()) ** 2).sum() for each in contrast.groups) / degrees))


def bootstrap(
    statistic: Statistic,
    groups: Sequence[Iterable[Any] | Values],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Interval of any statistic, by a stratified percentile bootstrap: each group is drawn from anew.

    As in R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", 2021.
    With groups of fewer than ten values it is too narrow, for means `of_mean` is not.

    Parameters
    ----------
    statistic
        Takes all resamples at once: arrays of shape (resamples, n), one for each group.
    groups
        Values of each stratum.
    level
        How often it shall hold the truth.
    resamples
        How many are drawn.
    seed
        Of the draws: the same values have the same interval.

    Raises
    ------
    ValueError
        If there is no group, or one has no values, or one that is not finite.

    Examples
    --------
    >>> bootstrap(lambda groups: iqm(groups[0]), [accuracies])
    """
    known = [values_of(each) for each in groups]
    if not known:
        raise ValueError("expected at least one group")
    if max(map(len, known)) < 2:
        return Interval(low=-np.inf, high=np.inf, level=level, method=ONE_VALUE)
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // sum(map(len, known)))
    found = [
        statistic([each[generator.integers(0, len(each), (count, len(each)))] for each in known])
        for count in (min(step, resamples - done) for done in range(0, resamples, step))
    ]
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return Interval(low=float(low), high=float(high), level=level, method=PERCENTILE)


def of_iqm(values: Iterable[Any] | Values, *, level: float = 0.95) -> Interval:
    """Interval of the interquartile mean: `bootstrap`, and of `MANY` values or more Student's t.

    Parameters
    ----------
    values
        n, drawn independently.
    level
        How often it shall hold the truth.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Notes
    -----
    The standard error of a trimmed mean from the winsorized variance: J. W. Tukey, D. H. McLaughlin, "Less
    Vulnerable Confidence and Significance Procedures for Location Based on a Single Sample", 1963; R. R.
    Wilcox, "Introduction to Robust Estimation and Hypothesis Testing", 2012, section 4.3.
    """
    known = values_of(values)
    size = len(known)
    if size < MANY:
        return bootstrap(lambda groups: iqm(groups[0]), [known], level=level)
    cut = size // 4
    by = unit([known])
    ordered = np.sort(known / by)
    deviation = float(np.clip(ordered, ordered[cut], ordered[size - 1 - cut]).std(ddof=1))
    if not deviation:
        middle = float(ordered[cut]) * by
        return Interval(low=middle, high=middle, level=level, method=WINSORIZED)
    from scipy.special import stdtrit

    inner = size - 2 * cut
    far = float(stdtrit(inner - 1, (1 + level) / 2)) * deviation * float(np.sqrt(size)) / inner
    centre = float(ordered[cut : size - cut].mean())
    return Interval(low=(centre - far) * by, high=(centre + far) * by, level=level, method=WINSORIZED)
