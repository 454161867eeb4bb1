"""Whether a difference may be chance: Welch's test and permutation tests, in strata or not."""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ledger.analysis.statistics.arrays import Values, mean, values_of
from ledger.analysis.statistics.contrast import Contrast, difference, of_groups
from ledger.analysis.statistics.intervals import pooled_deviation
from ledger.model.frozen import frozen

ARRANGEMENTS = 10_000
"""Up to so many arrangements all are looked at; of more, so many are drawn, or fewer of very many values."""
_FEWEST = 1_000
_MOST = 20_000_000
"""Numbers that are drawn in all, if those are no fewer arrangements than `_FEWEST`."""
_BLOCK = 4_000_000
"""Numbers that are drawn at once."""

Stratum = tuple[Values, Values]


@frozen
class Test:
    """What a test came to; two-sided."""

    __test__ = False  # pytest takes what is called so for one of its own

    name: str
    statistic: float
    p: float
    """How probable a difference as large as this is, where there is none."""
    degrees: float | None = None
    """Degrees of freedom."""
    arrangements: int | None = None
    """Of a permutation test: how many were looked at."""
    exact: bool = True
    """Of a permutation test: whether these are all that there are."""


def welch(a: Iterable[Any] | Values, b: Iterable[Any] | Values) -> Test:
    """Welch's test of equal means, variances being what they are (B. L. Welch, Biometrika 34, 1947).

    The statistic has the sign of the mean of `a` less that of `b`. With no spread on either side, p is 0
    where the means differ, else 1.

    Raises
    ------
    ValueError
        If a side has fewer than two values, or one that is not finite.
    """
    return studentised(of_groups([(1.0, values_of(a, least=2)), (-1.0, values_of(b, least=2))]), "Welch")


def studentised(contrast: Contrast, name: str) -> Test:
    """Whether a contrast is 0, by Student's t with the degrees of freedom of Welch and Satterthwaite.

    Of one group it is the one-sample test (of differences: the paired one), of two Welch's.

    Raises
    ------
    ValueError
        If a group has fewer than two values.
    """
    if contrast.least < 2:
        raise ValueError("expected at least two values in each group")
    estimate, error = contrast.estimate, contrast.error
    if contrast.is_constant or not error:
        statistic = math.copysign(math.inf, estimate) if estimate else 0.0
        return Test(name=name, statistic=statistic, p=0.0 if estimate else 1.0)
    from scipy.special import stdtr

    statistic, degrees = estimate / error, contrast.degrees
    return Test(
        name=name,
        statistic=statistic,
        p=min(1.0, 2 * float(stdtr(degrees, -abs(statistic)))),
        degrees=degrees,
    )


def pooled(contrast: Contrast) -> Test:
    """Whether a contrast is 0, by Student's t, all groups having the same spread; a group may be one value.

    Raises
    ------
    ValueError
        If no group has two values.
    """
    deviation = pooled_deviation(contrast)
    if deviation is None:
        raise ValueError("expected a group of at least two values")
    estimate = contrast.estimate
    shares = [weight**2 / len(each) for weight, each in zip(contrast.weights, contrast.groups, strict=True)]
    error = deviation * math.sqrt(sum(shares))
    if contrast.is_constant or not error:
        statistic = math.copysign(math.inf, estimate) if estimate else 0.0
        return Test(name="Student", statistic=statistic, p=0.0 if estimate else 1.0)
    from scipy.special import stdtr

    degrees = float(sum(len(each) - 1 for each in contrast.groups))
    statistic = estimate / error
    p = min(1.0, 2 * float(stdtr(degrees, -abs(statistic))))
    return Test(name="Student", statistic=statistic, p=p, degrees=degrees)


def permutation(
    a: Iterable[Any] | Values, b: Iterable[Any] | Values, paired: bool = False, *, seed: int = 0
) -> Test:
    """Permutation test of the difference of means, of `a` less that of `b`.

    Parameters
    ----------
    a, b
        The values.
    paired
        Whether the n-th of both belong together: then each pair may be swapped, else all values be dealt out
        anew.
    seed
        Of what is drawn where there are more than `ARRANGEMENTS` arrangements.

    Raises
    ------
    ValueError
        If a side has no values, or one that is not finite; or pairs have not as many on both sides.
    """
    left, right = values_of(a), values_of(b)
    if paired:
        if len(left) != len(right):
            raise ValueError(f"expected pairs, got {len(left)} and {len(right)} values")
        return swapped([left - right], seed=seed)
    return dealt([(right, left)], seed=seed)


def dealt(strata: Sequence[Stratum], *, seed: int = 0) -> Test:
    """Permutation test of the mean over strata of the differences of means, second less first.

    In each stratum the values are dealt out anew to its two sides.

    Parameters
    ----------
    strata
        First and second values of each.
    seed
        Of what is drawn.
    """
    observed = difference(strata).estimate
    ways = math.prod(math.comb(len(a) + len(b), len(a)) for a, b in strata)
    if ways <= ARRANGEMENTS:
        found = np.zeros(1)
        for a, b in strata:
            found = np.add.outer(found, _every(a, b) / len(strata)).ravel()
        return _told(observed, found, exact=True)
    generator = np.random.default_rng(seed)
    found = np.zeros(_many(sum(len(a) + len(b) for a, b in strata)))
    for a, b in strata:
        pool = np.concatenate([a, b])
        step = max(1, _BLOCK // len(pool))
        for begin in range(0, len(found), step):
            some = slice(begin, min(begin + step, len(found)))
            drawn = generator.permuted(np.tile(pool, (some.stop - begin, 1)), axis=1)
            found[some] += (drawn[:, len(a) :].mean(axis=1) - drawn[:, : len(a)].mean(axis=1)) / len(strata)
    return _told(observed, found, exact=False)


def swapped(strata: Sequence[Values], *, seed: int = 0) -> Test:
    """Permutation test of the mean over strata of the mean differences in their pairs.

    Each pair may be swapped, which turns the sign of its difference.

    Parameters
    ----------
    strata
        Differences of each.
    seed
        Of what is drawn.
    """
    scaled = np.concatenate([each / (len(each) * len(strata)) for each in strata])
    observed, size = float(scaled.sum()), len(scaled)
    if 2**size <= ARRANGEMENTS:
        signs = 1.0 - 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)) & 1)
        return _told(observed, signs @ scaled, exact=True)
    generator = np.random.default_rng(seed)
    found = np.empty(_many(size))
    step = max(1, _BLOCK // size)
    for begin in range(0, len(found), step):
        some = slice(begin, min(begin + step, len(found)))
        found[some] = (1.0 - 2.0 * generator.integers(0, 2, (some.stop - begin, size))) @ scaled
    return _told(observed, found, exact=False)


def holm(ps: Sequence[float]) -> list[float]:
    """The p of each of several tests, so corrected that seldom any of them errs (S. Holm, 1979)."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    found, largest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, ps[place] * (len(ps) - rank)))
        found[place] = largest
    return found


def _many(values: int) -> int:
    return min(ARRANGEMENTS, max(_FEWEST, _MOST // values))


def _every(a: Values, b: Values) -> Values:
    """The difference of means, second less first, of each way to deal out the values."""
    pool = np.concatenate([a, b])
    pool -= mean(pool)  # of large values that are close together, sums would keep few digits
    chosen = np.array(list(combinations(range(len(pool)), len(a))))
    first = pool[chosen].sum(axis=1)
    second: Values = (pool.sum() - first) / len(b) - first / len(a)
    return second


def _told(observed: float, found: Values, *, exact: bool) -> Test:
    """Twice the smaller share of arrangements that are as far out, as SciPy counts it.

    Of drawn arrangements the observed one is one more.
    """
    slack = 1e-9 * max(abs(observed), float(np.abs(found).max()))
    more = 0 if exact else 1
    shares = [
        (int(np.count_nonzero(side)) + more) / (len(found) + more)
        for side in (found <= observed + slack, found >= observed - slack)
    ]
    return Test(
        name="permutation",
        statistic=observed,
        p=min(1.0, 2 * min(shares)),
        arrangements=len(found),
        exact=exact,
    )
