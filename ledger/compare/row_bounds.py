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
from ledger.compare.ulps import HALF, most_ulps

_SIZE: Final = numpy.int32(0x7FFFFFFF)
"""All bits of a number but for that of its sign."""


def row_bounds(sides: Sides, tolerance: Tolerance, known: Known) -> Bounds | None:
    """Bounds of all rows of both sides; None if a difference is not finite.

    Where most rows at hand may be farther apart than what is `known`, or than the tolerance, they are looked
    at more closely while they are in the cache. Where that is so again after what was seen there, it is most
    often so of the next ones, and then their smallest numbers tell nothing more.
    """
    extremes, close = numpy.zeros((4, sides.rows), "f4"), Close(sides.rows, known.ulp)
    relative, allowed = known.relative, tolerance.rtol or math.inf
    differing = first = 0
    again = False
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
        if again:
            relative = max(relative, close.look(one, other, far, rows))
            continue
        ratio = absolute / _extremes(numpy.minimum, one, extremes[2:, rows])
        if _most(ratio > min(relative, allowed)):
            relative = max(relative, close.look(one, other, far, rows))
            again = _most(ratio > min(relative, allowed))
    sizes = extremes.astype("f8")
    absolute, least = numpy.maximum(sizes[0], sizes[1]) * UP, numpy.minimum(sizes[2], sizes[3])
    ratio = numpy.divide(absolute, least, out=numpy.zeros(sides.rows), where=absolute > 0)
    return close.narrowed(Bounds(absolute, ratio, _ulps(absolute, ratio, least), least, differing, first))


def _most(rows: NDArray[Any]) -> bool:
    """Whether more than half of them are true."""
    return 2 * int(numpy.count_nonzero(rows)) > len(rows)


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

    There are never more than from one number to 0 and on to one on the other side, the two of them as far
    from each other as allowed: representable numbers lie the denser the nearer to 0, for which reason there
    are most if they are alike in size, as far as the smallest number lets them be.
    """
    one = numpy.clip(least, absolute / 2, absolute)
    across = numpy.where(absolute > 0, _steps(one) + _steps(absolute - one), 0)
    return numpy.where(relative < HALF, most_ulps(relative), across)


def _steps(sizes: NDArray[Any]) -> NDArray[Any]:
    """How many representable numbers there are from 0 to each one, or one more."""
    return sizes.astype("f4").view("i4").astype("f8") + 1
