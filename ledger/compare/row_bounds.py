"""How far apart single-precision numbers are at most, row by row: most rows need not be looked at closely.

All numbers are gone through in few passes, in parts that stay in a processor's cache; only their differences
are written.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Tolerance
from ledger.compare.mapped import Stored
from ledger.compare.scratch import SCRATCH

ROW: Final = 1 << 12
"""Numbers in a row."""
_ROWS: Final = 1 << 5
"""Rows for which all that is computed of them fits into a processor's cache."""
_SIZE: Final = 0x7FFFFFFF
"""All bits of a number but for that of its sign."""
UP: Final = 1 + 1e-6
"""More than what subtraction and division round off in single precision."""


class Known(NamedTuple):
    """How far apart earlier numbers are: what is nearer need not be known precisely."""

    absolute: float = 0.0
    relative: float = 0.0
    ulp: int = 0


class RowBounds(NamedTuple):
    """Of two blocks of finite numbers; an item for each row."""

    absolute: NDArray[Any]
    """No numbers are farther apart than that; 0 where none differ."""
    relative: NDArray[Any]
    ulp: NDArray[Any]
    least: NDArray[Any]
    """Smallest absolute value of the expected numbers."""
    differing: int
    """How many numbers differ in all rows."""
    first: int
    """Position of the first one."""

    def widest(self) -> NDArray[Any]:
        """Rows that come first by one of the bounds."""
        return numpy.unique([numpy.argmax(each) for each in (self.absolute, self.relative, self.ulp)])

    def above(self, known: Known, tolerance: Tolerance) -> NDArray[Any]:
        """Rows where numbers may be farther apart than what is known, or not within a tolerance."""
        may = self.absolute > known.absolute
        may |= self.relative > known.relative
        may |= self.ulp > known.ulp
        if tolerance.rtol or tolerance.atol:
            beyond = self.absolute > tolerance.atol + tolerance.rtol * self.least
            may |= beyond & (self.relative > tolerance.rtol)
        return numpy.flatnonzero(may)


def row_bounds(a: NDArray[Any], b: NDArray[Any], stored: Stored | None = None) -> RowBounds | None:
    """Bounds of one or more rows of `ROW` numbers each; None if a difference is not finite.

    They are read from where they are `stored`, if they are.
    """
    whole = len(a) - len(a) % _ROWS
    parts = []
    for start, count, rows in ((0, whole // _ROWS, _ROWS), (whole, 1, len(a) - whole)):
        if rows and count:
            if stored:
                pieces = _read(stored, start, count, rows)
            else:
                pieces = _views(
                    *(each[start : start + count * rows].reshape(-1, rows, ROW) for each in (a, b))
                )
            parts.append(_extremes(pieces, count, rows))
    bits = numpy.concatenate([each.bits for each in parts], axis=1) & numpy.int32(_SIZE)
    sizes = bits.view("f4").astype("f8")
    absolute = numpy.maximum(sizes[0], sizes[1]) * UP
    if not numpy.isfinite(absolute).all():
        return None
    least = numpy.minimum(sizes[2], sizes[3])
    differing = sum(each.differing for each in parts)
    first = parts[0].first if parts[0].differing else whole * ROW + parts[-1].first
    relative = numpy.divide(absolute, least, out=numpy.zeros(len(a)), where=absolute > 0)
    return RowBounds(absolute, relative, _ulps(absolute, relative, least), least, differing, first)


class _Extremes(NamedTuple):
    """Of parts of rows."""

    bits: NDArray[Any]
    """For each row: of the largest difference, positive and negative, and of the smallest expected number."""
    differing: int
    first: int


_Piece = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
"""Some rows of both sides, and the bits of the expected ones with a sign and without one."""


def _views(a: NDArray[Any], b: NDArray[Any]) -> Iterable[_Piece]:
    # Made before: between passes that fill the cache, whatever Python does takes long.
    return zip(a, b, a.view("i4"), a.view("u4"), strict=True)


def _read(stored: Stored, start: int, count: int, rows: int) -> Iterable[_Piece]:
    one, other = SCRATCH.pair(rows * ROW).reshape(2, rows, ROW)
    piece = one, other, one.view("i4"), one.view("u4")
    for number in range(count):
        stored.read((start + number * rows) * ROW * one.itemsize, one, other)
        yield piece


def _extremes(pieces: Iterable[_Piece], count: int, rows: int) -> _Extremes:
    """Go through all numbers of `count` pieces of so many rows.

    The bits of numbers of one sign are in the order of their sizes. As whole numbers with a sign, the
    positive ones are above the negative ones, and without one they are below: so one extreme is that of the
    positive, the other one that of the negative numbers; of numbers of one sign only, both are the same.
    Absolute values would have to be written first.
    """
    far, differ = (each(rows * ROW).reshape(rows, ROW) for each in (SCRATCH.numbers, SCRATCH.flags))
    signed, plain = far.view("i4"), far.view("u4")
    bits, differing, first = numpy.empty((4, count, rows), "i4"), 0, 0
    found = (bits[0], bits[1].view("u4"), bits[2], bits[3].view("u4"))
    largest, smallest = numpy.maximum.reduce, numpy.minimum.reduce
    for number, (piece, *into) in enumerate(zip(pieces, *found, strict=True)):
        one, other, one_signed, one_plain = piece
        numpy.subtract(other, one, out=far)
        largest(signed, 1, None, into[0])
        largest(plain, 1, None, into[1])
        numpy.not_equal(far, 0, out=differ)  # numbers differ if and only if their difference is not 0
        many = int(numpy.count_nonzero(differ))
        if many and not differing:
            first = number * rows * ROW + int(numpy.argmax(differ))
        differing += many
        smallest(one_signed, 1, None, into[2])
        smallest(one_plain, 1, None, into[3])
    return _Extremes(bits.reshape(4, -1), differing, first)


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
