"""Blocks of floating-point numbers that differ in many places: compared whole, with no place picked out.

What is computed of a block is made in few passes over it, in single precision for single-precision numbers:
where that rounds, only the few that may be the farthest apart of all so far are computed anew.
"""

import math
import threading
from typing import Any, Final, NamedTuple

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance

SIGNED: Final = {2: numpy.int16, 4: numpy.int32, 8: numpy.int64}
"""Bits of a floating-point number, by its size."""
_UP: Final = 1 + 1e-6
_DOWN: Final = 1 - 1e-6
"""More than what subtraction and division round off in single precision."""
_SOME: Final = 1 << 9
"""Numbers that are looked at to see what kind of numbers they are."""


class Known(NamedTuple):
    """How far apart earlier numbers are: what is nearer need not be known precisely."""

    absolute: float = 0.0
    relative: float = 0.0
    ulp: int = 0


class _Scratch(threading.local):
    """Memory for what is computed, of each thread: to get it anew takes longer than to fill it."""

    held: NDArray[Any] = numpy.empty(0, "f4")

    def array(self, count: int) -> NDArray[Any]:
        """Single-precision numbers of that count."""
        if len(self.held) < count:
            self.held = numpy.empty(count, "f4")
        return self.held[:count]


_SCRATCH: Final = _Scratch()


class Dense(NamedTuple):
    """Fields of `numbers.Apart`; `first` is a position."""

    absolute: float
    relative: float
    ulp: int
    outside: int | None
    """None for all that differ."""
    first: int


def dense(
    a: NDArray[Any], b: NDArray[Any], differ: NDArray[Any], tolerance: Tolerance, known: Known
) -> Dense | None:
    """Compare two blocks of one type, some of whose numbers differ; None if not all of them are finite."""
    found = _single(a, b, differ, tolerance, known) if a.dtype.itemsize == 4 else None
    return found or _double(a, b, differ, tolerance)


def _single(
    a: NDArray[Any], b: NDArray[Any], differ: NDArray[Any], tolerance: Tolerance, known: Known
) -> Dense | None:
    """The same in single precision; None if that does not tell it either."""
    scratch = _SCRATCH.array(len(a))
    far = numpy.subtract(b, a, out=scratch)
    high, low = float(far.max()), float(far.min())
    if not (math.isfinite(high) and math.isfinite(low)):
        return None
    absolute = max(high, -low)
    if absolute * _UP >= known.absolute:
        places = _at_least(absolute * _DOWN, far)
        absolute = float(numpy.abs(b[places].astype("f8") - a[places]).max())

    # Only numbers that are small against the largest difference may be farther apart, relatively or in units
    # in the last place, than what is known. A relative difference of less than half has 2**25 units at most.
    least = min(known.relative, known.ulp / 2**25, tolerance.rtol or 0.49, 0.49)
    small = absolute / (least * _DOWN) if least else math.inf
    if 8 * numpy.count_nonzero(numpy.abs(a[:_SOME]) <= small) < _SOME:
        places = numpy.flatnonzero(numpy.abs(a, out=scratch) <= small)
        relative, ulp = _relatively(a[places], b[places]), ulps(a[places], b[places])
    else:
        relative, ulp = _divided(a, b, known, scratch)

    outside = None
    if tolerance.rtol or tolerance.atol:
        if absolute * _UP > tolerance.atol and max(relative, least) * _UP >= tolerance.rtol:
            return None
        outside = 0
    return Dense(absolute, relative, ulp or 0, outside, int(numpy.argmax(differ)))


def _divided(
    a: NDArray[Any], b: NDArray[Any], known: Known, scratch: NDArray[Any]
) -> tuple[float, int | None]:
    """Largest relative difference, and in units in the last place, of numbers of which any may be it."""
    share = numpy.subtract(b, a, out=scratch)
    numpy.divide(share, a, out=share)
    relative = _largest(share)
    least = min(0.49, known.ulp / 2**25)
    places = _at_least(least * _DOWN, share) if relative * _UP >= least else None
    if relative * _UP >= known.relative and not math.isinf(known.relative):
        farthest = _at_least(relative * _DOWN, share)
        relative = _relatively(a[farthest], b[farthest])
    if places is None:
        return relative, 0
    few = len(places) < len(a) // 8
    return relative, ulps(a[places], b[places]) if few else ulps(a, b, scratch.view(numpy.int32))


def _relatively(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Largest relative difference, in double precision."""
    wide = a.astype("f8")
    return _largest((b - wide) / numpy.abs(wide))


def _double(a: NDArray[Any], b: NDArray[Any], differ: NDArray[Any], tolerance: Tolerance) -> Dense | None:
    size, far = a.astype("f8"), b.astype("f8")
    numpy.subtract(far, size, out=far)
    numpy.abs(far, out=far)
    absolute = float(far.max())
    if not math.isfinite(absolute):
        return None
    numpy.abs(size, out=size)
    outside = None
    if tolerance.rtol or tolerance.atol:
        limit = size * tolerance.rtol
        limit += tolerance.atol
        beyond = far > limit
        outside = int(numpy.count_nonzero(beyond))
        if outside:
            differ = beyond
    numpy.divide(far, size, out=far)
    return Dense(absolute, _largest(far), ulps(a, b) or 0, outside, int(numpy.argmax(differ)))


def _largest(numbers: NDArray[Any]) -> float:
    """Largest absolute value; but for NaN, which the division of two zeros makes."""
    high, low = float(numbers.max(initial=0)), float(numbers.min(initial=0))
    if math.isnan(high):
        high = float(numpy.fmax.reduce(numbers, initial=0))
        low = float(numpy.fmin.reduce(numbers, initial=0))
    return max(high, -low)


def _at_least(bound: float, numbers: NDArray[Any]) -> NDArray[Any]:
    """Positions of the numbers whose absolute value is not below a bound."""
    return numpy.flatnonzero((numbers >= bound) | (numbers <= -bound))


def ulps(a: NDArray[Any], b: NDArray[Any], scratch: NDArray[Any] | None = None) -> int | None:
    """Largest difference of finite numbers in units in the last place; None if they have none in common."""
    if a.dtype != b.dtype or a.dtype.kind != "f" or a.dtype.itemsize not in SIGNED or not len(a):
        return None
    one, other = (each.view(SIGNED[a.dtype.itemsize]) for each in (a, b))
    far = numpy.bitwise_xor(one, other, out=scratch)
    across = 0
    if far.min() < 0:  # of two signs: as far apart as both are from 0
        places = numpy.flatnonzero(far < 0)
        sizes = (_size(each[places]) for each in (one, other))
        across = int((next(sizes) + next(sizes)).max())
        numpy.subtract(one, other, out=far)
        far[places] = 0
    else:  # of one sign: as far apart as their bits
        numpy.subtract(one, other, out=far)
    return max(across, int(far.max()), -int(far.min()))


def _size(bits: NDArray[Any]) -> NDArray[Any]:
    """How many representable numbers there are from 0 to each one of these bits."""
    found: NDArray[Any] = (bits & numpy.iinfo(bits.dtype).max).astype("u8")
    return found
