"""How many seeds it takes to see a difference."""

import math
from fractions import Fraction


def seeds_needed(difference: float, deviation: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many seeds each of two sides needs, so that a test finds the difference with that probability.

    n = 2 (z(1 - alpha/2) + z(power))² deviation² / difference²: C. Colas, O. Sigaud and P.-Y. Oudeyer, "How
    Many Random Seeds?", 2018. Normal quantiles stand for Student's, so that below ten seeds it is one or two
    too few; two are the least.

    Parameters
    ----------
    difference
        That is to be seen.
    deviation
        Standard deviation from seed to seed on each side, in the same unit.
    alpha
        Probability of seeing one that is not there.
    power
        Probability of seeing it.

    Raises
    ------
    ValueError
        If the difference is 0, which no number of seeds shows, or something is not finite or off its range.
    """
    if not (math.isfinite(difference) and difference):
        raise ValueError(f"expected a difference other than 0, got {difference}")
    if not (math.isfinite(deviation) and deviation >= 0):
        raise ValueError(f"expected a deviation of 0 or more, got {deviation}")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"expected alpha and power between 0 and 1, got {alpha} and {power}")
    from scipy.special import ndtri

    quantiles = float(ndtri(1 - alpha / 2) + ndtri(power))
    apart = Fraction(quantiles) * Fraction(deviation) / Fraction(difference)  # whose square may be no float
    return max(2, math.ceil(2 * apart**2))
