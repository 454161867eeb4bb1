"""Parts of a file: read block by block, never more than asked for."""

import io
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.array import at_once
from ledger.compare.base import Unfit
from ledger.compare.mapped import mapped

_MAPPED = 1 << 20
"""Bytes of an array that are worth mapping."""


def size_of(file: BinaryIO) -> int:
    """Bytes of a file that can seek; its position stays."""
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(here)
    return size


def exactly(file: BinaryIO, count: int, most: int, what: str) -> bytes:
    """Read `count` bytes of a file.

    Parameters
    ----------
    file
        At the place to read from.
    count
        As the file declares it, which is not believed.
    most
        How many are looked at.
    what
        They are, for the message.

    Raises
    ------
    Unfit
        If it is more than `most`, or the file ends early.
    """
    if not 0 <= count <= most:
        raise Unfit(f"{what} has {count} bytes")
    content = byte_by_byte.read(file, count)
    if len(content) != count:
        raise Unfit(f"{what} ends early")
    return content


def items(file: BinaryIO, count: int, size: int) -> Iterator[bytes]:
    """Blocks of `at_once` items of `size` bytes each, `count` of them, from where the file is."""
    step = at_once(size)
    for start in range(0, count, step):
        yield byte_by_byte.read(file, min(step, count - start) * size)


def items_at(file: BinaryIO, start: int, count: int, size: int) -> Iterator[bytes | memoryview]:
    """Blocks of such items from offset `start`; of a file on a disk nothing is copied."""
    base, offset = (file.base, file.start) if isinstance(file, Part) else (file, 0)
    try:
        number = base.fileno()
    except (OSError, AttributeError):
        number = None
    if number is None or count * size < _MAPPED:
        file.seek(start)
        yield from items(file, count, size)
        return
    if start + count * size > size_of(file):  # what lies behind the end of a file cannot be touched
        raise Unfit("an array ends early")
    end, step = offset + start + count * size, at_once(size, mapped=True) * size
    for at in range(offset + start, end, step):
        yield mapped(number, at, min(step, end - at))


class Part(io.RawIOBase):
    """Some bytes of a file that can seek, as a file of their own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self.base, self.start, self._size, self._at = file, start, size, 0

    def seekable(self) -> bool:
        """It can."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Position in the part."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position in the part."""
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes; all that is left if negative."""
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        self.base.seek(self.start + self._at)
        content = self.base.read(wanted)
        self._at += len(content)
        return content

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer, as far as there is something left: what a `io.BufferedReader` asks for."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)
