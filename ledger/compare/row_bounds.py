"""Bounds of all rows of two blocks, got in few passes.

The numbers are gone through in parts that stay in a processor's cache; only their differences are written.
"""

import math
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance
from ledger.compare.bounds import Bounds, Known
from ledger.compare.closer import UP, Close
from ledger.compare.scratch import SCRATCH
from ledger.compare.sides import ROW, Sides

_SIZE: Final = numpy.int32(0x7FFFFFFF)
"""All bits of a number but for that of its sign."""


def row_bounds(sides: Sides, tolerance: Tolerance, known: Known) -> Bounds | None:
    """Bounds of all rows of both sides; None if a difference is not finite.

    Where most rows at hand may be farther apart than what is `known`, or than the tolerance, they are looked
    at more closely while they are in the cache.
    """
    extremes, close = numpy.empty((4, sides.rows), "f4"), Close(sides.rows)
    relative, allowed = known.relative, tolerance.rtol or math.inf
    differing = first = 0
    for start, (one, other) in sides.pieces():
        rows = slice(start, start + len(one))
        far, differ = (each(one.size).reshape(one.shape) for each in (SCRATCH.numbers, SCRATCH.flags))
        numpy.subtract(other, one, out=far)
        absolute = _extremes(numpy.maximum, far, extremes[:2, rows])
        if not math.isfinite(absolute.max()):
            return None
        numpy.not_equal(far, 0, out=differ)  # numbers differ if and only if their difference is not 0
        many = int(numpy.count_nonzero(differ))
        if many and not differing:
            first = start * ROW + int(numpy.argmax(differ))
        differing += many
        least = _extremes(numpy.minimum, one, extremes[2:, rows])
        if 2 * numpy.count_nonzero(absolute / least > min(relative, allowed)) > len(one):
            relative = max(relative, close.look(one, other, far, rows))
    sizes = extremes.astype("f8")
    absolute, least = numpy.maximum(sizes[0], sizes[1]) * UP, numpy.minimum(sizes[2], sizes[3])
    ratio = numpy.divide(absolute, least, out=numpy.zeros(sides.rows), where=absolute > 0)
    return close.narrowed(Bounds(absolute, ratio, _ulps(absolute, ratio, least), least, differing, first))


def _extremes(largest: numpy.ufunc, numbers: NDArray[Any], into: NDArray[Any]) -> NDArray[Any]:
    """The largest, or smallest, absolute values of all rows; `into` is left with those of either sign.

    The bits of numbers of one sign are in the order of their sizes. As whole numbers with a sign, the
    positive ones are above the negative ones, and without one they are below: so one extreme is that of the
    positive, the other one that of the negative numbers; of numbers of one sign only, both are the same.
    Absolute values would have to be written first.
    """
    for kind, each in zip(("i4", "u4"), into, strict=True):
        largest.reduce(numbers.view(kind), 1, None, each.view(kind))
    bits = into.view("i4")
    numpy.bitwise_and(bits, _SIZE, out=bits)
    found: NDArray[Any] = largest(*into)
    return found


def _ulps(absolute: NDArray[Any], relative: NDArray[Any], least: NDArray[Any]) -> NDArray[Any]:
    """Most units in the last place, of numbers so far apart.

    A relative difference of less than half has 2**25 times as many at most: a unit is 2**-24 of a number or
    more, and half of that below the next power of two.

    Otherwise there are never more than from one number to 0 and on to one on the other side, the two of them
    as far from each other as allowed: representable numbers lie the denser the nearer to 0, for which reason
    there are most if they are alike in size, as far as the smallest number lets them be.
    """
    one = numpy.clip(least, absolute / 2, absolute)
    across = _steps(one) + _steps(absolute - one)
    return numpy.where(relative < 0.49, relative * 2**25, numpy.where(absolute > 0, across, 0))


def _steps(sizes: NDArray[Any]) -> NDArray[Any]:
    """How many representable numbers there are from 0 to each one, or one more."""
    return sizes.astype("f4").view("i4").astype("f8") + 1
