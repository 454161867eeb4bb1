"""Two blocks of numbers that single precision holds, side by side: gone through in rows."""

from collections.abc import Iterator
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.mapped import Stored
from ledger.compare.scratch import SCRATCH
from ledger.compare.ulps import ulps

ROW: Final = 1 << 12
"""Numbers in a row."""
AT_ONCE: Final = 160
"""Rows that are gone through at once. What is computed of fewer would fit into a nearer cache; but threads
then wait for each other to let go of Python at each step, and two of them take longer than one."""

_INFINITY: Final = 0x7C00
_MINUS_INFINITY: Final = 0xFC00
"""Bits of these in half precision; those of NaNs of the same sign are larger."""
_SIGN_AND_MORE: Final = numpy.int32(-0x70000001)
"""All bits but for three: single precision has so many more for the exponent."""
_MENDED: Final = numpy.float32(2.0**112)
"""Exponents are counted from there: 127 - 15."""

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Numbers of both sides."""


class Sides:
    """Both lie in memory.

    What is given of them is overwritten once this thread asks for more.

    Parameters
    ----------
    expected, got
        One dimension, of one length, in the byte order of this machine.
    """

    spare = 0
    """How many low bits numbers have here that they do not have where they are stored."""

    def __init__(self, expected: NDArray[Any], got: NDArray[Any]) -> None:
        self._both = expected, got
        whole = len(expected) // ROW * ROW
        self._rows = expected[:whole].reshape(-1, ROW), got[:whole].reshape(-1, ROW)

    def __len__(self) -> int:
        """How many numbers are on each side."""
        return len(self._both[0])

    @property
    def rows(self) -> int:
        """How many rows they fill."""
        return len(self._rows[0])

    def numbers(self, start: int, stop: int) -> Pair:
        """Those of a part."""
        one, other = self._both
        return one[start:stop], other[start:stop]

    def some(self, rows: NDArray[Any]) -> Pair:
        """Those of some rows, each row in one of its own."""
        into = _pair(len(rows))
        for side, taken in zip(self._rows, into, strict=True):
            numpy.take(side, rows, axis=0, out=taken, mode="clip")
        return into

    def ulps(self, expected: NDArray[Any], got: NDArray[Any]) -> int | None:
        """The largest difference of some numbers in units in the last place.

        Where there are `spare` bits it is that of what is stored, shifted by them: as many as they are apart
        here, or fewer.
        """
        return ulps(expected, got)

    def pieces(self) -> Iterator[tuple[int, Pair]]:
        """All rows, so many at once, each time with the number of the first one."""
        one, other = self._rows
        for start in range(0, self.rows, AT_ONCE):
            yield start, (one[start : start + AT_ONCE], other[start : start + AT_ONCE])


class StoredSides(Sides):
    """Both are mapped, and what is looked at as a whole is read from where it is stored."""

    def __init__(self, expected: NDArray[Any], got: NDArray[Any], stored: Stored) -> None:
        super().__init__(expected, got)
        self._stored = stored

    def pieces(self) -> Iterator[tuple[int, Pair]]:
        """All rows, see `Sides.pieces`."""
        for start in range(0, self.rows, AT_ONCE):
            one, other = _pair(min(AT_ONCE, self.rows - start))
            self._stored.read(start * ROW * one.itemsize, one, other)
            yield start, (one, other)


class HalfSides(Sides):
    """Numbers of 16 bits, given as ``<u2``: widened where they are looked at.

    These are the upper halves of numbers in single precision: bfloat16.
    """

    spare = 16

    @staticmethod
    def widened(halves: NDArray[Any], into: NDArray[Any] | None = None) -> NDArray[Any]:
        """The numbers that halves stand for, in single precision; `into` an array, if one is given."""
        words = numpy.empty(halves.shape, "u4") if into is None else into.view("u4")
        words[...] = halves
        numpy.left_shift(words, 16, out=words)
        return words.view("f4")

    @classmethod
    def as_stored(cls, halves: NDArray[Any]) -> tuple[NDArray[Any], int]:
        """Those numbers in the nearest type that numpy has, and how many bits it has to spare."""
        return cls.widened(halves), cls.spare

    def numbers(self, start: int, stop: int) -> Pair:
        """Those of a part."""
        one, other = (self.widened(each[start:stop]) for each in self._both)
        return one, other

    def some(self, rows: NDArray[Any]) -> Pair:
        """Those of some rows, see `Sides.some`."""
        into, halves = _pair(len(rows)), SCRATCH.halves(len(rows) * ROW).reshape(-1, ROW)
        for side, taken in zip(self._rows, into, strict=True):
            self.widened(numpy.take(side, rows, axis=0, out=halves, mode="clip"), taken)
        return into

    def pieces(self) -> Iterator[tuple[int, Pair]]:
        """All rows, see `Sides.pieces`."""
        for start, piece in super().pieces():
            into = _pair(len(piece[0]))
            for side, taken in zip(piece, into, strict=True):
                self.widened(side, taken)
            yield start, into


class HalfPrecisionSides(HalfSides):
    """The same of numbers in half precision (binary16 of IEEE 754)."""

    spare = 13

    @staticmethod
    def widened(halves: NDArray[Any], into: NDArray[Any] | None = None) -> NDArray[Any]:
        """See `HalfSides.widened`.

        Their bits are put where they belong, and what that makes of the exponent is mended by a product,
        which is exact and sees to what is smaller than normal (Giesen, "Half-to-float done quick"). numpy's
        own way is slower, but knows of infinity and NaN.
        """
        numbers = numpy.empty(halves.shape, "f4") if into is None else into
        if halves.size and not _finite(halves):
            numpy.copyto(numbers, halves.view("<f2"))
            return numbers
        words = numbers.view("i4")
        words[...] = halves.view("i2")  # the sign is in all upper bits
        numpy.left_shift(words, 13, out=words)
        numpy.bitwise_and(words, _SIGN_AND_MORE, out=words)
        numpy.multiply(numbers, _MENDED, out=numbers)
        return numbers

    @classmethod
    def as_stored(cls, halves: NDArray[Any]) -> tuple[NDArray[Any], int]:
        """See `HalfSides.as_stored`."""
        return halves.view("<f2"), 0

    def ulps(self, expected: NDArray[Any], got: NDArray[Any]) -> int | None:
        """See `Sides.ulps`: the smallest numbers are less dense in half precision than others."""
        found = ulps(expected.astype("f2"), got.astype("f2"))
        return None if found is None else found << self.spare


def _finite(halves: NDArray[Any]) -> bool:
    """Whether numbers in half precision are finite, by their bits."""
    return bool(halves.view("i2").max() < _INFINITY and halves.max() < _MINUS_INFINITY)


def _pair(rows: int) -> Pair:
    one, other = (each.reshape(-1, ROW) for each in SCRATCH.pair(rows * ROW))
    return one, other
