"""Blocks of files on a disk: mapped, and read where they are looked at as a whole.

To map a page of a file that is kept in memory may take longer than to copy it, depending on how large the
pieces are that the kernel keeps it in. What is copied goes into memory that stays in a processor's cache,
over and over the same.
"""

import mmap
import os
from typing import Any

from numpy.typing import NDArray

from ledger.compare.base import Unfit


class _Mapped(mmap.mmap):
    """Some pages of a file."""

    file: int
    """Descriptor; it stays open for as long as it is looked at."""
    start: int
    """Offset of the block in the file."""
    length: int
    """Of the block, in bytes."""


def mapped(file: int, start: int, size: int) -> memoryview:
    """Some bytes of a file, none of which is read before it is looked at.

    Parameters
    ----------
    file
        Descriptor.
    start, size
        Of the bytes; the file has all of them.
    """
    page = start - start % mmap.ALLOCATIONGRANULARITY
    pages = _Mapped(file, start - page + size, prot=mmap.PROT_READ, offset=page)
    pages.file, pages.start, pages.length = file, start, size
    return memoryview(pages)[start - page :]


class Stored:
    """Two blocks of files, to be read side by side."""

    def __init__(self, expected: _Mapped, got: _Mapped) -> None:
        self._places = (expected.file, expected.start), (got.file, got.start)

    @classmethod
    def of(cls, expected: object, got: object) -> "Stored | None":
        """Two blocks if both are `mapped`, as a whole; None otherwise."""
        if not isinstance(expected, memoryview) or not isinstance(got, memoryview):
            return None
        one, other = expected.obj, got.obj
        if not isinstance(one, _Mapped) or not isinstance(other, _Mapped):
            return None
        if len(expected) != one.length or len(got) != other.length:
            return None
        return cls(one, other)

    def read(self, start: int, expected: NDArray[Any], got: NDArray[Any]) -> None:
        """Fill two arrays with what begins `start` bytes into the blocks.

        Raises
        ------
        Unfit
            If one of the files has become shorter.
        """
        for (file, offset), into in zip(self._places, (expected, got), strict=True):
            view, done = into.data.cast("B"), 0
            while done < len(view):
                more = os.preadv(file, [view[done:]], offset + start + done)
                if not more:
                    raise Unfit("an array ends early")
                done += more
