"""The bootstrap-t: how far resampled means are from their mean, in units of their own standard error."""

from functools import cache
from math import lgamma, prod

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.statistics.arrays import Values
from ledger.analysis.statistics.contrast import Contrast

EXACT = 9
"""Up to so many values of a single group, every resample is looked at: 24,310 different ones."""
RESAMPLES = 10_000
_MOST = 20_000_000
"""Numbers that are drawn in all; with more values there are fewer resamples, down to `_FEWEST`."""
_FEWEST = 1_000
_BLOCK = 2_000_000
"""Numbers that are drawn at once."""
MANY = 5_000
"""Values of a single group from which on the bootstrap's own expansion stands for it."""
_CARRIED = 0.99
"""A share of the variance that is nearly all of it."""
_EMPTY = 1e-18
"""A resampled variance below this share of the observed one is none."""


def without_spread(contrast: Contrast) -> float:
    """How probable a resample is in which all values of each group are one and the same of its values.

    Where it is 1 - level or more, an interval of that level would have no ends. Of more than two groups those
    count that have nearly all of the variance: else, where these have two or three values each, the ends are
    as good as none. Of 400 samples of five times two normal values, one pair of ten times the others' spread,
    nine in ten have an interval of at most 5.5 of its deviations so, and 87 where all groups count.
    """
    sizes = np.array([len(each) for each in contrast.groups])
    if len(sizes) > 2:
        parts = contrast.variances
        order = np.argsort(-parts, kind="stable")
        carried = np.cumsum(parts[order]) >= _CARRIED * parts.sum()
        sizes = sizes[order[: int(carried.argmax()) + 1]]
    return prod(float(size) ** (1 - int(size)) for size in sizes)


def quantiles(contrast: Contrast, level: float, *, seed: int = 0) -> tuple[float, float]:
    """Quantiles of (resampled estimate - estimate) / resampled standard error, for a two-sided interval.

    Resamples without a spread, which have no such ratio, count on the side on which their mean lies. Of
    `MANY` values or more nothing is drawn.

    Parameters
    ----------
    contrast
        Groups of at least two values, of which some differ.
    level
        How often the interval shall hold the truth.
    seed
        Of what is drawn.
    """
    if len(contrast.groups) == 1 and len(contrast.groups[0]) <= EXACT:
        ratios, weights = _all(contrast.groups[0])
        if contrast.weights[0] < 0:
            ratios = -ratios
        return _weighted(ratios, weights, (1 - level) / 2), _weighted(ratios, weights, (1 + level) / 2)
    if len(contrast.groups) == 1 and len(contrast.groups[0]) >= MANY:
        return _expanded(contrast, level)
    ratios = _drawn(contrast, seed)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def _expanded(contrast: Contrast, level: float) -> tuple[float, float]:
    """The quantiles up to terms of 1/n.

    The Cornish-Fisher expansion of a studentised mean, with the skewness of the values: P. Hall, "The
    Bootstrap and Edgeworth Expansion", 1992, sections 2.5 and 3.3.
    """
    from scipy.special import ndtri

    values = contrast.groups[0]
    centred = (values - values.mean()) / values.std()
    skewness = float(np.sign(contrast.weights[0]) * (centred**3).mean())
    low, high = (
        point - skewness * (2 * point**2 + 1) / (6 * len(values) ** 0.5)
        for point in (float(ndtri((1 - level) / 2)), float(ndtri((1 + level) / 2)))
    )
    return low, high


def _all(values: Values) -> tuple[Values, Values]:
    """The ratio of every resample, and how probable it is."""
    counts, weights = _resamples(len(values))
    size = len(values)
    centred = values - values.mean()
    means = counts @ centred / size
    squares = counts @ centred**2 / size
    variances = (squares - means**2) * size / (size - 1)
    return _ratios(means, variances / size, centred.var(ddof=1) / size), weights


def _drawn(contrast: Contrast, seed: int) -> Values:
    generator = np.random.default_rng(seed)
    total = sum(map(len, contrast.groups))
    resamples = min(RESAMPLES, max(_FEWEST, _MOST // total))
    means, variances = np.zeros(resamples), np.zeros(resamples)
    for weight, values in zip(contrast.weights, contrast.groups, strict=True):
        size = len(values)
        centred = values - values.mean()
        step = max(1, _BLOCK // size)
        for begin in range(0, resamples, step):
            some = slice(begin, min(begin + step, resamples))
            drawn = centred[generator.integers(0, size, (some.stop - begin, size))]
            means[some] += weight * drawn.mean(axis=1)
            variances[some] += weight**2 * drawn.var(axis=1, ddof=1) / size
    return _ratios(means, variances, contrast.error**2)


def _ratios(means: Values, variances: Values, observed: float) -> Values:
    spread = variances > _EMPTY * observed
    ratios = np.where(np.abs(means) <= 1e-9 * np.sqrt(observed), 0.0, np.copysign(np.inf, means))
    ratios[spread] = means[spread] / np.sqrt(variances[spread])
    return ratios


def _weighted(values: Values, weights: Values, share: float) -> float:
    """The smallest value at or below which that share of the weight lies."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    return float(values[order[min(np.searchsorted(summed, share * summed[-1]), len(order) - 1)]])


@cache
def _resamples(size: int) -> tuple[NDArray[np.float64], Values]:
    """How often each value is in each resample, and how probable the resample is."""
    rows = np.zeros((1, 0), np.int64)
    left = np.array([size])
    for _ in range(size - 1):
        repeats = left + 1
        rows = np.repeat(rows, repeats, axis=0)
        taken = np.concatenate([np.arange(each) for each in repeats])
        left = np.repeat(left, repeats) - taken
        rows = np.column_stack([rows, taken])
    counts = np.column_stack([rows, left])
    logs = np.array([lgamma(each + 1) for each in range(size + 1)])
    weights = np.exp(logs[size] - logs[counts].sum(axis=1) - size * np.log(size))
    return counts.astype(np.float64), weights
