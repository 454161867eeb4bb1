"""Two blocks of numbers that single precision holds, side by side: gone through in rows."""

from collections.abc import Iterator
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.mapped import Stored
from ledger.compare.scratch import SCRATCH

ROW: Final = 1 << 12
"""Numbers in a row."""
AT_ONCE: Final = 160
"""Rows that are gone through at once. What is computed of fewer would fit into a nearer cache; but threads
then wait for each other to let go of Python at each step, and two of them take longer than one."""

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Numbers of both sides, as ``f4``."""


class Sides:
    """Both lie in memory.

    What is given of them is overwritten once this thread asks for more.

    Parameters
    ----------
    expected, got
        One dimension, of one length, in the byte order of this machine.
    """

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
    """Upper halves of numbers in single precision, given as ``<u2``: widened where they are looked at."""

    def numbers(self, start: int, stop: int) -> Pair:
        """Those of a part."""
        one, other = (widened(each[start:stop]) for each in self._both)
        return one, other

    def some(self, rows: NDArray[Any]) -> Pair:
        """Those of some rows, see `Sides.some`."""
        into, halves = _pair(len(rows)), SCRATCH.halves(len(rows) * ROW).reshape(-1, ROW)
        for side, taken in zip(self._rows, into, strict=True):
            widened(numpy.take(side, rows, axis=0, out=halves, mode="clip"), taken)
        return into

    def pieces(self) -> Iterator[tuple[int, Pair]]:
        """All rows, see `Sides.pieces`."""
        for start, piece in super().pieces():
            into = _pair(len(piece[0]))
            for side, taken in zip(piece, into, strict=True):
                widened(side, taken)
            yield start, into


def widened(halves: NDArray[Any], into: NDArray[Any] | None = None) -> NDArray[Any]:
    """Numbers in single precision whose upper halves are given as ``<u2``."""
    words = numpy.empty(halves.shape, "u4") if into is None else into.view("u4")
    words[...] = halves
    numpy.left_shift(words, 16, out=words)
    return words.view("f4")


def _pair(rows: int) -> Pair:
    one, other = (each.reshape(-1, ROW) for each in SCRATCH.pair(rows * ROW))
    return one, other
