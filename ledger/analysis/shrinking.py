"""How good configurations are, by their trials with several seeds: means, drawn to what others are."""

import math
from collections.abc import Sequence

import numpy as np

from ledger.analysis.statistics.arrays import Values, unit, values_of
from ledger.model.frozen import frozen

_LEAST_SPREAD = 0.05
"""Of the variance that is seen between configurations, what is not noise at the least."""


@frozen
class Estimate:
    """How good a configuration is believed to be."""

    count: int
    """Of its trials."""
    plain: float
    """Their mean."""
    mean: float
    """The same, shrunk to that of all."""
    half: float
    """Half of the 95% interval of the mean; infinite where no configuration has two trials."""


def estimates(groups: Sequence[Sequence[float]], *, level: float = 0.95) -> tuple[Estimate, ...]:
    """Means of configurations whose trials each have a seed of their own, shrunk by as much as is uncertain.

    The model is hierarchical and normal: values of configuration c are drawn around m_c with a variance that
    all share, and the m_c around their mean (empirical Bayes: B. Efron, C. Morris, "Stein's estimation rule
    and its competitors", 1973). The best of shrunk means is no longer the luckiest.

    Parameters
    ----------
    groups
        Finite values of each configuration, one or more.
    level
        How often each interval shall hold the truth.
    """
    known = [values_of(each) for each in groups]
    by = unit(known)
    known = [each / by for each in known]
    counts = np.array([len(each) for each in known])
    plain = np.array([each.mean() for each in known])
    degrees = int((counts - 1).sum())
    if not degrees:
        return tuple(
            Estimate(count=1, plain=float(each) * by, mean=float(each) * by, half=math.inf) for each in plain
        )
    noise = sum(float(((each - each.mean()) ** 2).sum()) for each in known) / degrees
    seen = float(plain.var(ddof=1)) if len(plain) > 1 else 0.0
    spread = max(seen - noise * float((1 / counts).mean()), _LEAST_SPREAD * seen)
    shares = noise / counts
    weights = np.ones(len(plain)) if len(plain) == 1 else _weights(spread, shares)
    centre = float((weights * plain).sum() / weights.sum()) if weights.sum() else float(plain.mean())
    from scipy.special import stdtrit

    halves = float(stdtrit(degrees, (1 + level) / 2)) * np.sqrt(weights * shares)
    means = centre + weights * (plain - centre)
    return tuple(
        Estimate(count=int(count), plain=float(own) * by, mean=float(mean) * by, half=float(half) * by)
        for count, own, mean, half in zip(counts, plain, means, halves, strict=True)
    )


def _weights(spread: float, shares: Values) -> Values:
    whole = spread + shares
    found: Values = np.divide(spread, whole, out=np.ones_like(whole), where=whole > 0)
    return found
