"""What an object is read from: a file of its own, or records of packs."""

import io
import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from ledger.model import Digest
from ledger.store import encoding
from ledger.store.base import lost_piece, undecodable
from ledger.store.files import BLOCK, blocks_of
from ledger.store.pack_format import HEAD_SIZE, LIST, PIECES, Entry, decode_head, decode_list

Read = Callable[[Digest, tuple[int, ...]], tuple[Entry, bytes] | None]
"""Finds a record of some kinds, and its stored bytes."""
Run = Callable[[Digest, tuple[int, ...], int], tuple[int, bytes] | None]
"""Finds a record of some kinds; its offset, and so many bytes of its pack from there on."""

_RUN: Final = 1 << 18, 1 << 21
"""Bytes of a pack that are read at once, at least and at most: as many as stay near the processor."""


class Source(Protocol):
    """An object's content, unchecked."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def blocks(self) -> Iterator[bytes | memoryview]:
        """The content in order; each block may be overwritten by the next."""
        ...

    def open(self) -> BinaryIO:
        """A reader, which can seek."""
        ...

    def close(self) -> None:
        """Let go of it; readers stay open."""
        ...


class Loose:
    """An object in the open file `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.fstat(self.descriptor).st_size

    def blocks(self) -> Iterator[memoryview]:
        """Content of the file, whatever its position."""
        return blocks_of(self.descriptor, None)

    def open(self) -> BinaryIO:
        """Read the file."""
        return os.fdopen(os.dup(self.descriptor), "rb")

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


class Packed:
    """An object whose record has these stored bytes; `read` and `run` read the chunks that it names."""

    def __init__(self, entry: Entry, stored: bytes, read: Read, run: Run) -> None:
        self._entry, self._stored, self._read, self._run = entry, stored, read, run

    @property
    def size(self) -> int:
        """Bytes, as the record says."""
        return self._entry.plain

    def blocks(self) -> Iterator[bytes | memoryview]:
        """Content of the record, or chunk by chunk."""
        if self._entry.kind != LIST:
            yield self._content(self._entry, self._stored)
            return
        pieces, at, size = self._pieces(), 0, _RUN[0]
        while at < len(pieces):
            parts, is_end = self._together(pieces[at : at + size // HEAD_SIZE], size)
            # Where chunks lie here and there, little is read that is not needed.
            size = min(2 * size, _RUN[1]) if is_end else _RUN[0]
            yield from parts or [self.piece(*pieces[at])]
            at += len(parts) or 1

    def _together(self, pieces: list[tuple[Digest, int]], size: int) -> tuple[list[bytes | memoryview], bool]:
        """Content of the chunks that lie one behind another where the first does, and if more may follow."""
        parts: list[bytes | memoryview] = []
        offset, block = self._run(pieces[0][0], PIECES, size) or (0, b"")
        view, place = memoryview(block), 0
        for digest, length in pieces:
            entry = decode_head(view[place : place + HEAD_SIZE], offset + place)
            if entry is None or entry.end - offset > len(view):
                return parts, len(view) == size
            if (entry.digest, entry.plain) != (digest, length) or entry.kind not in PIECES:
                break
            start, place = place + HEAD_SIZE, entry.end - offset
            plain = encoding.decode(view[start:place], entry.encoding, length)
            if plain is None:
                break
            parts.append(plain)
        return parts, False

    def open(self) -> BinaryIO:
        """Read the record, or a chunk at a time."""
        if self._entry.kind != LIST:
            return io.BytesIO(self._content(self._entry, self._stored))
        return io.BufferedReader(_Chunked(self, self._pieces()), buffer_size=BLOCK)

    def close(self) -> None:
        """Nothing: packs are open for all."""

    def piece(self, digest: Digest, size: int) -> bytes:
        """Content of one chunk."""
        found = self._read(digest, PIECES)
        if found is None or found[0].plain != size:
            raise lost_piece(self._entry.digest, digest)
        return self._content(*found)

    def _content(self, entry: Entry, stored: bytes) -> bytes:
        plain = encoding.decode(stored, entry.encoding, entry.plain)
        if plain is None:
            raise undecodable(self._entry.digest, entry.stored)
        return bytes(plain)

    def _pieces(self) -> list[tuple[Digest, int]]:
        pieces = decode_list(self._stored, self._entry.plain)
        if pieces is None:
            raise undecodable(self._entry.digest, self._entry.stored)
        return pieces


class _Chunked(io.RawIOBase):
    """An object of many chunks as a file; the last chunk that was read is kept."""

    def __init__(self, source: Packed, pieces: list[tuple[Digest, int]]) -> None:
        self._source, self._pieces = source, pieces
        self._starts = array("Q", [0])
        for _, size in pieces:
            self._starts.append(self._starts[-1] + size)
        self._at = 0
        self._number, self._content = -1, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It can."""
        return True

    def tell(self) -> int:
        """Position in the object."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position in the object."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._starts[-1]}[whence]
        if base + offset < 0:
            raise OSError(22, os.strerror(22))
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Read up to the end of a chunk."""
        if self._at >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        if number != self._number:
            self._content = self._source.piece(*self._pieces[number])
            self._number = number
        start = self._at - self._starts[number]
        part = self._content[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
