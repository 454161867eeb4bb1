"""The hot tail of a log: frames, each a checked header and one entry's body.

A header names its entry's position and leaf and carries its own check, so that a damaged body loses neither
the place of the next frame nor the shape of the Merkle tree.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from blake3 import blake3

from ledger.errors import StorageError
from ledger.journal.merkle import leaf_hash
from ledger.model.digest import Digest

MAGIC = b"LDGF"
LIMIT = 256 << 20
"""The longest body, bytes."""
HEADER = 64
"""Bytes in front of each body."""

_FIELDS = struct.Struct("<4sIQ32s")
_CHECK = 16
_BLOCK = 1 << 20


class Frame(NamedTuple):
    """A place in a tail whose header is whole."""

    offset: int
    """Of the header."""
    end: int
    """Offset behind the body."""
    seq: int
    """Position in the log."""
    leaf: Digest
    """As the header says."""
    body: bytes | None
    """None where it does not hash to `leaf`."""


class Gap(NamedTuple):
    """Bytes of a tail that are no frame."""

    offset: int
    end: int


Item = Frame | Gap


class Chain(NamedTuple):
    """What a stretch of tail holds, sorted out."""

    frames: tuple[Frame, ...]
    """In order of position, one for each; a body may be damaged where a whole one follows."""
    strays: tuple[Item, ...]
    """Gaps and repeated frames up to the last whole frame: damage."""
    missing: tuple[range, ...]
    """Positions that have no frame though a later one has."""
    end: int
    """Offset behind the last whole frame; what lies beyond is a torn end."""

    @property
    def dense(self) -> bool:
        """Whether each position's leaf is known."""
        return not self.missing


def encode_frame(seq: int, leaf: bytes, body: bytes) -> bytes:
    """Bytes of a frame.

    Raises
    ------
    StorageError
        If the body is longer than `LIMIT`.
    """
    if len(body) > LIMIT:
        raise StorageError(
            "an entry is too large for the journal",
            cause=f"expected at most {LIMIT} bytes, got {len(body)}",
        )
    fields = _FIELDS.pack(MAGIC, len(body), seq, leaf)
    return fields + _check(fields) + body


def read_header(content: bytes) -> tuple[int, int, Digest] | None:
    """Length, position and leaf from the first `HEADER` bytes of a frame; None if they are no header."""
    if len(content) < HEADER or content[:4] != MAGIC:
        return None
    fields = content[: _FIELDS.size]
    if content[_FIELDS.size : HEADER] != _check(fields):
        return None
    _, length, seq, leaf = _FIELDS.unpack(fields)
    return (length, seq, Digest(leaf)) if length <= LIMIT else None


def scan(descriptor: int, start: int, stop: int) -> Iterator[Item]:
    """All that lies between two offsets, in order, without a hole between the items."""
    source = _Source(descriptor, stop)
    offset = start
    while offset < stop:
        frame = _frame(source, offset)
        if frame is None:
            end = _next_header(source, offset + 1, stop)
            yield Gap(offset=offset, end=end)
            offset = end
        else:
            yield frame
            offset = frame.end


def follow(items: Iterable[Item], *, expected: int, start: int) -> Chain:
    """Sort out items from offset `start` on, the first of which should hold position `expected`."""
    frames: list[Frame] = []
    strays: list[Item] = []
    missing: list[range] = []
    end, sure = start, (0, 0, 0)
    for item in items:
        if isinstance(item, Gap):
            strays.append(item)
        elif frames and item.seq == frames[-1].seq and item.body is not None and frames[-1].body is None:
            strays.append(frames[-1])
            frames[-1] = item
        elif item.seq < expected:
            strays.append(item)
        else:
            if item.seq > expected:
                missing.append(range(expected, item.seq))
            frames.append(item)
            expected = item.seq + 1
        if isinstance(item, Frame) and item.body is not None:
            end, sure = item.end, (len(frames), len(strays), len(missing))
    return Chain(
        frames=tuple(frames[: sure[0]]),
        strays=tuple(strays[: sure[1]]),
        missing=tuple(missing[: sure[2]]),
        end=end,
    )


def _frame(source: "_Source", offset: int) -> Frame | None:
    header = read_header(source.read(offset, HEADER))
    if header is None:
        return None
    length, seq, leaf = header
    end = offset + HEADER + length
    if end > source.stop:
        return None
    body = source.read(offset + HEADER, length)
    if len(body) == length and leaf_hash(body) == leaf:
        return Frame(offset=offset, end=end, seq=seq, leaf=leaf, body=body)
    # Where bytes were lost, the next frame begins inside what should have been this body.
    end = _next_header(source, offset + 1, end)
    return Frame(offset=offset, end=end, seq=seq, leaf=leaf, body=None)


def _next_header(source: "_Source", offset: int, stop: int) -> int:
    """Offset of the next header that its check confirms; `stop` if there is none in front of it."""
    while offset < stop:
        block = source.read(offset, _BLOCK)
        place = block.find(MAGIC)
        while 0 <= place < stop - offset:
            inside = place + HEADER <= len(block)
            header = block[place : place + HEADER] if inside else source.read(offset + place, HEADER)
            if read_header(header):
                return offset + place
            place = block.find(MAGIC, place + 1)
        if len(block) < len(MAGIC):
            break
        offset += len(block) - len(MAGIC) + 1
    return stop


def _check(fields: bytes) -> bytes:
    return blake3(fields).digest(_CHECK)


class _Source:
    """Reads of a file up to an offset, a block at a time."""

    def __init__(self, descriptor: int, stop: int) -> None:
        self.stop = stop
        self._descriptor = descriptor
        self._start = 0
        self._block = b""

    def read(self, offset: int, size: int) -> bytes:
        size = min(size, self.stop - offset)
        if size <= 0:
            return b""
        place = offset - self._start
        if place < 0 or place + size > len(self._block):
            want = min(max(size, _BLOCK), self.stop - offset)
            self._start, self._block, place = offset, _pread(self._descriptor, offset, want), 0
        return self._block[place : place + size]


def _pread(descriptor: int, offset: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.pread(descriptor, size, offset)
        if not part:
            break
        parts.append(part)
        offset, size = offset + len(part), size - len(part)
    return b"".join(parts)
