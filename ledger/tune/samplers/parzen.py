"""A density over some axes of the unit cube: one kernel around each of some points, and one for all."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import log_ndtr, logsumexp

from ledger.model.frozen import frozen
from ledger.tune.draws import Draws
from ledger.tune.samplers.history import Floats
from ledger.tune.space.unit import Axis

RECENT: Final = 25
"""Points with full weight; older ones have less, down to 1/n."""
NARROWEST: Final = 100
"""A kernel's width is at least 1/100 of its axis."""
_UNIT: Final = 1 << 20
_TRIES: Final = 100


@frozen
class Parzen:
    """A mixture of products, one factor an axis.

    On ordered axes it is a normal distribution between 0 and 1, as wide as the farther neighbour is away, but
    not narrower than 1/(n + 2), 1/100, or half a cell; on others one that mostly keeps the kernel's value.
    The last kernel is the prior: wide, or uniform.
    """

    axes: tuple[Axis, ...]
    centres: Floats
    """Kernels × axes."""
    widths: Floats
    """Kernels × axes; 1 on unordered ones."""
    weights: tuple[int, ...]
    """Of the kernels, as whole numbers: they are added up without rounding."""

    @classmethod
    def around(cls, axes: Sequence[Axis], points: Floats) -> "Parzen":
        """Of points in the order of their trials; a row each, a column for each axis."""
        centres = np.vstack((points, np.full((1, len(axes)), 0.5)))
        widths = np.ones_like(centres)
        for place, axis in enumerate(axes):
            if axis.ordered and len(points):
                widths[:-1, place] = _widths(points[:, place], axis.count)
        return cls(axes=tuple(axes), centres=centres, widths=widths, weights=_weights(len(points)))

    def drawn(self, draws: Draws) -> list[float]:
        """A random point, not yet in the middle of its cells."""
        kernel = _weighted(self.weights, draws)
        found = []
        for place, axis in enumerate(self.axes):
            centre = float(self.centres[kernel, place])
            if axis.ordered:
                found.append(_near(centre, float(self.widths[kernel, place]), draws))
            elif kernel < len(self.weights) - 1 and draws.uniform() < self._kept(axis):
                found.append(centre)
            else:
                found.append(draws.uniform())
        return found

    def log_density(self, where: Floats) -> Floats:
        """Logarithm of the density at some points, a row each; up to a constant of the axes."""
        weights = np.array(self.weights, dtype=np.float64)
        found = np.repeat(np.log(weights / weights.sum())[None, :], len(where), axis=0)
        for place, axis in enumerate(self.axes):
            at, centre, width = where[:, place, None], self.centres[:, place], self.widths[:, place]
            if axis.ordered:
                found += -0.5 * ((at - centre) / width) ** 2 - _log_mass(centre, width)
            else:
                count, kept = axis.count or 1, self._kept(axis)
                same = np.floor(at * count) == np.floor(centre * count)
                found[:, :-1] += np.where(same, math.log(kept * count + 1 - kept), math.log(1 - kept))[:, :-1]
        return np.asarray(logsumexp(found, axis=1))

    def _kept(self, axis: Axis) -> float:
        """Share of draws that keep the kernel's value; the others are uniform."""
        return 1 / (1 + (axis.count or 1) / len(self.weights))


def _widths(centres: Floats, count: int | None) -> Floats:
    """Distance to the farther neighbour, or to the end of the axis; clipped."""
    order = np.argsort(centres, kind="stable")
    gaps = np.diff(np.concatenate(([0.0], centres[order], [1.0])))
    least = 1 / min(NARROWEST, len(centres) + 2)
    if count is not None:
        least = max(least, 0.5 / count)
    widths = np.empty_like(centres)
    widths[order] = np.clip(np.maximum(gaps[:-1], gaps[1:]), least, 1.0)
    return widths


def _weights(count: int) -> tuple[int, ...]:
    """Of kernels, the oldest first, and of the prior."""
    old = max(count - RECENT, 0)
    least = _UNIT // max(count, 1)
    ramp = [least + (_UNIT - least) * place // max(old - 1, 1) for place in range(old)]
    return (*ramp, *[_UNIT] * (count - old), _UNIT)


def _weighted(weights: tuple[int, ...], draws: Draws) -> int:
    left = draws.below(sum(weights))
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    raise AssertionError("a number below the sum of the weights")


def _near(centre: float, width: float, draws: Draws) -> float:
    """From a normal distribution between 0 and 1 (Box and Muller 1958)."""
    for _ in range(_TRIES):
        radius = math.sqrt(-2 * math.log(1 - draws.uniform()))
        found = centre + width * radius * math.cos(2 * math.pi * draws.uniform())
        if 0 <= found <= 1:
            return found
    return centre


def _log_mass(centre: Floats, width: Floats) -> Floats:
    """Of a normal distribution between 0 and 1, times the factor of its density."""
    inside = 1 - np.exp(log_ndtr(-centre / width)) - np.exp(log_ndtr((centre - 1) / width))
    return np.asarray(np.log(math.sqrt(2 * math.pi) * width * inside))
