"""Blocks of files on a disk: looked at where they are mapped, or read where that takes less.

Files are kept in memory as folios, small ones or large ones, as it happened to be free. A large one is mapped
in one step, and to look at it there takes less than to read it. Small ones are mapped page by page, and to
read them takes less, into memory that stays in a processor's cache, over and over the same.
"""

import mmap
import os
import resource
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from ledger.compare.base import Unfit

_PROBED: Final = 1 << 20
"""Bytes of a block that are looked at to see how it is mapped."""
_PROBED_AT: Final = 0.618
"""Where they are in it. Programs write so many MiB at once, and folios are small where they began to: that is
at a half of a block, at a quarter or an eighth, rather than there."""
_AROUND: Final = 1 << 16
"""Bytes that the kernel maps at once, at least: ``fault_around_bytes``."""
_FEW_STEPS: Final = 8
"""More steps for so many bytes take longer than reading."""


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
        """Two blocks if both are `mapped`, as a whole, and take less to be read; None otherwise."""
        if not isinstance(expected, memoryview) or not isinstance(got, memoryview):
            return None
        one, other = expected.obj, got.obj
        if not isinstance(one, _Mapped) or not isinstance(other, _Mapped):
            return None
        if len(expected) != one.length or len(got) != other.length:
            return None
        return cls(one, other) if _in_small_steps(expected) or _in_small_steps(got) else None

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


def _in_small_steps(block: memoryview) -> bool:
    before = _faults()
    start = int(_PROBED_AT * len(block))
    numpy.frombuffer(block[start : start + _PROBED], "u1")[::_AROUND].max(initial=0)
    return _faults() - before > _FEW_STEPS


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
