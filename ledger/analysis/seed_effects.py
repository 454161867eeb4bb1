"""What seeds that configurations share do to all of them: to each in units of its own deviation."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.statistics.arrays import Values
from ledger.model.frozen import frozen

_LEAST: Final = 1e-9
"""Of a variance, what is left at the least: nothing is known exactly."""
_MOST: Final = 20.0
"""Times its own degrees of freedom that a variance has, at the most, for being compared with others."""


@frozen
class Effects:
    """Of the variance of a configuration's values, what its seeds do to all, and what is left."""

    share: float
    """The former, from 0 to 1."""
    moved: Values
    """By configuration: what its seeds did to its mean, beyond the mean of all seeds."""
    noise: Values
    """By configuration: what part of a value's variance is its own."""
    common: Values
    """By configuration: variance of its freed mean that the choice of the seeds has, which all share."""
    effect: tuple[float, int]
    """Variance of a seed's mean over configurations, over the number of seeds; its degrees of freedom."""
    rest: tuple[float, int]
    """Variance of what is left; its degrees of freedom."""
    inverse: float
    """One over the values that each seed's and each configuration's mean is of: n seeds, m values each."""

    def degrees(self, shares: Values) -> Values:
        """Of freedom, of a mean in whose variance that of what is left has these shares."""
        (effect, few), (left, many) = self.effect, self.rest
        rest = np.maximum(shares - self.inverse, 0.0) * left
        if not effect:
            return np.full(len(shares), float(many))
        found: Values = (effect + rest) ** 2 / (effect**2 / few + rest**2 / many)
        return found

    def freedom(self, degrees: Values) -> Values:
        """Degrees of freedom that a variance has beside others of the same seeds."""
        found: Values = degrees * min(1 / max(1 - self.share**2, _LEAST), _MOST)
        return found


def of_none(size: int, degrees: int) -> Effects:
    """Where all values of so many configurations are independent."""
    return Effects(
        share=0.0,
        moved=np.zeros(size),
        noise=np.ones(size),
        common=np.zeros(size),
        effect=(0.0, 1),
        rest=(1.0, degrees),
        inverse=0.0,
    )


def found(groups: Sequence[Values], seeds: Sequence[Sequence[int | None]], deviations: Values) -> Effects:
    """Least squares over configurations with several values, each in units of its own deviation.

    Parameters
    ----------
    groups
        Values of each configuration.
    seeds
        Of each of them, from 0 on; None for one that no other configuration has.
    deviations
        Standard deviation of a value of each configuration, above 0.

    Notes
    -----
    A two-way layout without interaction, whose rows are scaled: the variance components are those of the
    analysis of variance (S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components", 1992, chapter 4),
    with the mean number of values of a seed where some are missing.
    """
    its: dict[int, NDArray[np.intp]] = {}
    scaled: dict[int, Values] = {}
    for place, (values, own) in enumerate(zip(groups, seeds, strict=True)):
        known = [rank for rank, one in enumerate(own) if one is not None]
        if len(known) > 1:
            its[place] = np.array([own[rank] for rank in known], np.intp)
            scaled[place] = values[known] / deviations[place]
    size = max((int(each.max()) + 1 for each in its.values()), default=0)
    if size < 2:
        return of_none(len(groups), sum(len(each) - 1 for each in groups))
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for place, told in its.items():
        np.add.at(matrix, (told, told), 1)  # two machines may try the same
        values = scaled[place]
        np.add.at(right, told, values - values.mean())
    per_seed = float(np.diag(matrix).mean())
    for told in its.values():
        np.add.at(matrix, np.ix_(told, told), -1 / len(told))
    effects = np.linalg.lstsq(matrix, right, rcond=None)[0]
    effects -= effects.mean()
    residuals = [scaled[place] - effects[told] for place, told in its.items()]
    degrees = max(sum(len(each) - 1 for each in residuals) - (size - 1), 1)
    left = sum(float(((each - each.mean()) ** 2).sum()) for each in residuals) / degrees
    seen = float(effects.var(ddof=1))
    between = max(seen - left / per_seed, 0.0)
    share = min(between / (between + left), 1 - _LEAST) if between else 0.0
    moved = np.zeros(len(groups))
    shared = np.zeros(len(groups))
    by_seed = [float(each) for each in effects]
    for place, own in enumerate(seeds):
        shifts = [by_seed[one] for one in own if one is not None and one < size]
        shared[place] = len(shifts) / len(own)
        moved[place] = math.fsum(shifts) / len(own)
    return Effects(
        share=share,
        moved=moved,
        noise=1 - shared * share,
        common=shared * share / size,
        effect=(seen / size, size - 1),
        rest=(left, degrees),
        inverse=1 / (per_seed * size),
    )
