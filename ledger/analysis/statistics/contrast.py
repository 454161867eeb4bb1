"""A weighted sum of the means of some groups, as most questions about experiments are one."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ledger.analysis.statistics.arrays import Values, mean, values_of
from ledger.model.frozen import frozen

ROUNDING = 1e-12
"""Of two values that should be the same, how far apart arithmetic may leave them, as a share."""
_LEAST = 1e-150
"""A spread whose square is too small for a number is none."""


@frozen
class Contrast:
    """Groups with their weights.

    A mean is one group of weight 1; a difference of two means is two groups, of weights 1 and -1; the mean of
    the differences in k configurations is 2k groups, of weights 1/k and -1/k.
    """

    groups: tuple[Values, ...]
    weights: tuple[float, ...]

    @property
    def least(self) -> int:
        """Values of the smallest group."""
        return min(map(len, self.groups))

    @property
    def estimate(self) -> float:
        """The weighted sum of the means."""
        return float(sum(weight * mean(each) for weight, each in zip(self.weights, self.groups, strict=True)))

    @property
    def variances(self) -> Values:
        """What each group adds to the squared standard error; NaN for a group of one value."""
        return np.array(
            [
                weight**2 * each.var(ddof=1) / len(each) if len(each) > 1 else np.nan
                for weight, each in zip(self.weights, self.groups, strict=True)
            ]
        )

    @property
    def error(self) -> float:
        """Standard error of the estimate, groups having each their own variance."""
        return float(np.sqrt(self.variances.sum()))

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the standard error (Welch 1947, Satterthwaite 1946)."""
        parts = self.variances
        parts = parts / parts.max()  # whose squares are numbers, whatever the unit
        sizes = np.array([len(each) - 1 for each in self.groups])
        return float(parts.sum() ** 2 / (parts**2 / sizes).sum())

    @property
    def is_constant(self) -> bool:
        """Whether no group has two values that differ by more than rounding."""
        return all(
            float(np.ptp(each)) <= max(ROUNDING * float(np.abs(each).max()), _LEAST) for each in self.groups
        )


def of_groups(weighted: Sequence[tuple[float, Iterable[Any] | Values]]) -> Contrast:
    """Make a contrast of pairs of a weight and values.

    Raises
    ------
    ValueError
        If there is no group, or one has no values, or one that is not finite.
    """
    if not weighted:
        raise ValueError("expected at least one group")
    return Contrast(
        groups=tuple(values_of(values) for _, values in weighted),
        weights=tuple(weight for weight, _ in weighted),
    )


def difference(strata: Sequence[tuple[Iterable[Any] | Values, Iterable[Any] | Values]]) -> Contrast:
    """The mean over some strata of how far the mean of their second values is above that of the first."""
    share = 1 / len(strata)
    return of_groups([part for a, b in strata for part in ((share, b), (-share, a))])
