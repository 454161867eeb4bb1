"""How good configurations are, by their trials with several seeds: means, drawn to what others are."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ledger.analysis import seed_effects
from ledger.analysis.seed_effects import Effects
from ledger.analysis.statistics.arrays import Values, unit, values_of
from ledger.analysis.variances import Variances, moderated
from ledger.model.frozen import frozen

_LEAST_SPREAD: Final = 0.05
"""Of the variance that is seen between configurations, what is not noise at the least."""
_UNLIKE: Final = 4.0
"""Times the variance between the better ones that the worse ones must have, to say nothing of these."""
_HALVINGS: Final = 40


@frozen
class Estimate:
    """How good a configuration is believed to be."""

    count: int
    """Of its trials."""
    plain: float
    """Their mean; freed of what their seeds do to all, where configurations share seeds."""
    mean: float
    """The same, shrunk to that of all."""
    half: float
    """Half of the 95% interval of the mean; infinite where no configuration has two trials."""


def estimates(
    groups: Sequence[Sequence[float]],
    seeds: Sequence[Sequence[int | None]] | None = None,
    *,
    level: float = 0.95,
    count: int | None = None,
) -> tuple[Estimate, ...]:
    """Means of configurations, shrunk by as much as is uncertain; small values are good ones.

    The model is hierarchical and normal: values of configuration c are drawn around m_c with a variance of
    its own, and the m_c around the middle one (empirical Bayes: B. Efron, C. Morris, "Stein's estimation rule
    and its competitors", 1973). The best of shrunk means is no longer the luckiest.

    Parameters
    ----------
    groups
        Finite values of each configuration, one or more.
    seeds
        Of each value, from 0 on, where configurations share seeds; None for one that no other has. Without,
        all values are independent.
    level
        How often each interval shall hold the truth.
    count
        Of how many of the best ones there shall be an interval, which takes time; of the others it is
        infinite. None: of all.

    Notes
    -----
    Variances are drawn to one another (`ledger.analysis.variances`): a few configurations that blow up say
    little of the others. How far apart the better half is counts for them alone, where that is less: how
    bad a bad one is says nothing of those that may be the best. That variance is estimated after R. C. Paule
    and J. Mandel, "Consensus values and weighting factors", 1982; that it is uncertain, too, is counted as in
    C. N. Morris, "Parametric empirical Bayes inference: theory and applications", 1983.

    What few shared seeds do to all has few degrees of freedom, however many configurations there are: an
    interval's are those of F. E. Satterthwaite, "An approximate distribution of estimates of variance
    components", 1946, at most (as limma's are at most those of all variances).
    """
    known = [values_of(each) for each in groups]
    by = unit(known)
    known = [each / by for each in known]
    counts = np.array([len(each) for each in known], np.float64)
    plain = np.array([each.mean() for each in known])
    own = np.array([each.var(ddof=1) if len(each) > 1 else 0.0 for each in known])
    if counts.max() < 2:
        means, halves = plain, np.full(len(plain), math.inf)
    elif not own.any():
        means, halves = plain, np.zeros(len(plain))
    else:
        variances = moderated(own, counts - 1)
        effects = seed_effects.of_none(len(known), int((counts - 1).sum()))
        if seeds is not None:
            effects = seed_effects.found(known, seeds, np.sqrt(variances.likely))
            # Where seeds do much to all, variances that are alike are so for that reason.
            variances = moderated(own, effects.freedom(counts - 1))
            effects = seed_effects.found(known, seeds, np.sqrt(variances.likely))
            plain = plain - effects.moved * np.sqrt(variances.likely)
        means, halves = _shrunk(
            plain, counts, variances, effects, level, len(plain) if count is None else count
        )
    return tuple(
        Estimate(count=int(count), plain=float(one) * by, mean=float(mean) * by, half=float(half) * by)
        for count, one, mean, half in zip(counts, plain, means, halves, strict=True)
    )


def _shrunk(
    plain: Values, counts: Values, variances: Variances, effects: Effects, level: float, count: int
) -> tuple[Values, Values]:
    noise = effects.noise / counts  # in units of a configuration's variance
    shares = variances.likely * noise
    centre = float(np.median(plain))
    (better, known), (worse, known_worse) = _spreads(plain, shares, centre)
    if len(plain) == 1:
        weights, adrift = np.ones(1), np.zeros(1)
    else:
        between = np.where(plain > centre, worse, better)
        weights = between / (between + shares)
        # A median of normal values has π/2 times the variance of their mean; a weight is uncertain, too.
        around = math.pi / 2 * (better + float(np.median(shares))) / len(plain)
        unsure = 2 / (2 + np.where(plain > centre, known_worse, known))
        adrift = (1 - weights) ** 2 * (around + unsure * (plain - centre) ** 2)
    means = centre + weights * (plain - centre)
    factors = weights * noise + effects.common + adrift / variances.likely
    most = effects.degrees(weights / counts)
    freedom = np.minimum(variances.degrees[:, None] + effects.freedom(counts - 1), most)
    inside = np.sqrt(variances.drawn * factors)
    outside = np.sqrt(variances.own * (noise + effects.common))
    alone = np.minimum(np.maximum(counts - 1, 1), most)
    best = np.argsort(means, kind="stable")[:count]
    halves = np.full(len(plain), math.inf)
    halves[best] = _halves(
        (variances.weights, variances.apart[:, best]),
        (inside[:, best], freedom[:, best]),
        (outside[best], alone[best]),
        (plain - means)[best],
        level,
    )
    return means, halves


def _spreads(plain: Values, shares: Values, centre: float) -> tuple[tuple[float, int], tuple[float, int]]:
    """Variances of what is no noise, of the better half and of the worse one, and of how many these tell."""
    squares = (plain - centre) ** 2
    every = (_spread(squares, shares, len(plain) - 1), len(plain) - 1)
    better, worse = (
        (_spread(squares[which], shares[which], int(which.sum())), int(which.sum()))
        for which in (plain < centre, plain > centre)
    )
    if worse[0] <= _UNLIKE * better[0]:
        better = every
    return better, max(worse, better)


def _spread(squares: Values, shares: Values, degrees: int) -> float:
    if degrees < 1 or not squares.any():
        return 0.0
    least = _LEAST_SPREAD * float((squares / shares).sum() / (1 / shares).sum())
    low, high = 0.0, float(squares.sum()) / degrees
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        more = float((squares / (middle + shares)).sum()) > degrees
        low, high = (middle, high) if more else (low, middle)
    return max(high, least)


def _halves(
    beliefs: tuple[Values, Values],
    inside: tuple[Values, Values],
    outside: tuple[Values, Values],
    moved: Values,
    level: float,
) -> Values:
    """Half of each interval around the shrunk mean: a mixture of Student's t, by bisection.

    One that blows up is none of the others, and is around its own mean, which lies at `moved`.
    """
    from scipy.special import stdtr, stdtrit

    weights, likely = beliefs
    within = weights[:, None] * (1 - likely)
    apart = weights @ likely
    (deviations, degrees), (own, alone) = inside, outside
    tail = (1 + level) / 2
    low = np.zeros(len(moved))
    high = (stdtrit(degrees, tail) * deviations).max(axis=0)
    high = high + np.where(apart > 0, stdtrit(alone, tail) * own + np.abs(moved), 0.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        held = (within * (2 * stdtr(degrees, middle / deviations) - 1)).sum(axis=0)
        held += apart * (stdtr(alone, (middle - moved) / own) - stdtr(alone, (-middle - moved) / own))
        low, high = np.where(held < level, middle, low), np.where(held < level, high, middle)
    found: Values = high
    return found
