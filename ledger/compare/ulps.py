"""Units in the last place: how many representable numbers there are from one to another."""

from typing import Any, Final

import numpy
from numpy.typing import NDArray

SIGNED: Final = {2: numpy.int16, 4: numpy.int32, 8: numpy.int64}
"""Bits of a floating-point number, by its size."""
HALF: Final = 0.49
"""Numbers that differ by less, relatively, are of one sign, and at most `most_ulps` apart."""


def ulps(a: NDArray[Any], b: NDArray[Any]) -> int | None:
    """Largest difference of finite numbers in units in the last place; None if they have none in common."""
    if a.dtype != b.dtype or a.dtype.kind != "f" or a.dtype.itemsize not in SIGNED or not len(a):
        return None
    one, other = (each.view(SIGNED[a.dtype.itemsize]) for each in (a, b))
    far = numpy.bitwise_xor(one, other)
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


def most_ulps(relative: NDArray[Any] | float, dtype: Any = "f4") -> NDArray[Any]:
    """Most units in the last place, of numbers that differ by so much relatively; infinite from a half on.

    Between any two powers of two there are n numbers, all as far from each other: 2**23 in single precision.
    So a relative difference r of less than a half, from a number m times such a power (1 <= m < 2), has r m n
    of them on the same side of that power, and (1 - m + 2 r m) n across it, where they lie twice as dense,
    but no farther down: at most 2 r n both times.
    """
    return numpy.where(relative < HALF, relative * 2.0 ** (_bits(dtype) + 1) + 1, numpy.inf)


def _bits(dtype: Any) -> int:
    """Of what is behind the point; none of whole numbers, which have no units in the last place."""
    return numpy.finfo(dtype).nmant if numpy.dtype(dtype).kind == "f" else 0
