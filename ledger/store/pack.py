"""One pack, read: by its index, or where that is damaged by its records."""

import mmap
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from ledger import fs
from ledger.model import Digest
from ledger.store.pack_format import (
    ENTRY,
    HEAD_SIZE,
    MAGIC,
    PREFIX_SIZE,
    ROW,
    TRAILER,
    WHOLE,
    Entry,
    decode_entry,
    decode_head,
    decode_trailer,
    find_head,
    prefix_of,
    sorted_entries,
)

_IN_MEMORY = 1 << 18
"""An index up to this size is read: that costs less than to map it, and needs no second descriptor."""
_BLOCK = 1 << 20


class Pack:
    """A pack that is open.

    Nothing in it is believed: what an index says of a record holds only if the record's own head says the
    same, and whoever reads content hashes it. What is no pack at all has no records.

    Parameters
    ----------
    path
        Of the pack.

    Raises
    ------
    OSError
        If it cannot be opened, above all because it is gone by now.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self._descriptor = fs.open_file(Path(path))
        self.size = os.fstat(self._descriptor).st_size
        self._found: dict[Digest, list[Entry]] | None = None
        self._proven = False
        trailer = os.pread(self._descriptor, TRAILER.size, max(0, self.size - TRAILER.size))
        end = decode_trailer(trailer, self.size)
        if end is None:
            self._scan()
            return
        self._count, offset, self._digest = end
        self._index = self._map(offset, self._count * ROW)
        self._prefixes = numbers(self._index[: self._count * PREFIX_SIZE])

    def __del__(self) -> None:
        if (descriptor := getattr(self, "_descriptor", -1)) >= 0:
            os.close(descriptor)

    def _map(self, offset: int, size: int) -> memoryview:
        if size <= _IN_MEMORY:
            return memoryview(os.pread(self._descriptor, size, offset))
        page = offset - offset % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(self._descriptor, offset + size - page, prot=mmap.PROT_READ, offset=page)
        return memoryview(mapped)[offset - page :]

    @property
    def is_sound(self) -> bool:
        """Whether its index is whole, as far as that is known: see `prove`."""
        return self._found is None

    def prove(self) -> bool:
        """Hash its index; where it is damaged, the records are read instead."""
        if self._found is None and not self._proven:
            self._proven = Digest.of(self._index) == self._digest
            if not self._proven:
                self._scan()
        return self.is_sound

    def find(self, digest: Digest, kinds: tuple[int, ...]) -> Entry | None:
        """The record of a digest whose kind is one of some."""
        if self._found is not None:
            some = self._found.get(digest, [])
            return next((each for each in some if each.kind in kinds), None)
        prefix = prefix_of(digest)
        row = bisect_left(self._prefixes, prefix)
        while row < self._count and self._prefixes[row] == prefix:
            entry = self.row(row)
            if entry is not None and entry.digest == digest and entry.kind in kinds:
                return entry
            row += 1
        return None

    @property
    def count(self) -> int:
        """How many rows its index has."""
        return self._count if self._found is None else 0

    def objects(self) -> set[Digest]:
        """Names of all objects in its index, none of them believed."""
        rows = ENTRY.iter_unpack(self._index[self._count * PREFIX_SIZE :])
        return {Digest(digest) for digest, _, _, _, kind, _ in rows if kind in WHOLE}

    def row(self, number: int) -> Entry | None:
        """The record that the index has at a row; None if the index is damaged or has none there."""
        if self._found is not None or number >= self._count:
            return None
        return decode_entry(self._index, self._count * PREFIX_SIZE + number * ENTRY.size)

    def prefixes(self) -> "memoryview | array[int]":
        """The sorted prefixes of the digests of its rows; none where its index is damaged."""
        return self._prefixes if self._found is None else array("Q")

    def records(self) -> Iterator[Entry]:
        """All records."""
        if self._found is not None:
            yield from (each for some in self._found.values() for each in some)
        else:
            yield from sorted_entries(self._index, self._count)

    def read(self, entry: Entry) -> bytes | None:
        """Stored bytes of a record; None if its own head says something else than the entry."""
        block = os.pread(self._descriptor, HEAD_SIZE + entry.stored, entry.offset)
        fits = len(block) == HEAD_SIZE + entry.stored and decode_head(block, entry.offset) == entry
        return block[HEAD_SIZE:] if fits else None

    def run(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from a record on: what was stored together lies together."""
        return os.pread(self._descriptor, size, offset)

    def _scan(self) -> None:
        """Find the records by their heads."""
        self._found = {}
        offset = len(MAGIC)
        while offset < self.size:
            entry = decode_head(os.pread(self._descriptor, HEAD_SIZE, offset), offset)
            if entry is None:
                offset = self._next(offset + 1)
            else:
                if entry.end <= self.size:
                    self._found.setdefault(entry.digest, []).append(entry)
                offset = entry.end if entry.end <= self.size else self._next(offset + 1)

    def _next(self, offset: int) -> int:
        """Where the next head may begin."""
        while block := os.pread(self._descriptor, _BLOCK, offset):
            if (place := find_head(block, 0)) >= 0:
                return offset + place
            if len(block) < HEAD_SIZE:
                break
            offset += len(block) - HEAD_SIZE + 1
        return self.size


def numbers(content: memoryview) -> "memoryview | array[int]":
    """Little-endian numbers of 8 bytes, to be searched."""
    if sys.byteorder == "little":
        return content.cast("Q")
    swapped = array("Q", bytes(content))
    swapped.byteswap()
    return swapped
