"""A pack that is being written: records are appended, and can be read or taken back until it is finished."""

import os
from collections.abc import Iterable

from ledger import fs
from ledger.model import Digest
from ledger.store import encoding
from ledger.store.pack_format import (
    CHUNK,
    HEAD_SIZE,
    MAGIC,
    PIECES,
    Entry,
    encode_end,
    encode_head,
)

_BUFFER = 1 << 20
"""Bytes that are written at once: as many as are still near the processor."""
_AHEAD = 32 << 20
"""Bytes that the disk is told to write while more are prepared."""


class PackWriter:
    """An unfinished pack in a file that nobody else has.

    What does not fit onto the disk is taken back; what was appended before stays in memory, or in the file,
    until a later call writes it.

    Parameters
    ----------
    descriptor
        Of an empty file, to read and write; closed by `close`.
    path
        Of that file.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self.path = path
        self._parts: list[bytes | memoryview] = []
        self._waiting = 0
        self._written = self._begun = 0
        self._order: list[Entry] = []
        self._whole: dict[Digest, Entry] = {}
        self._chunks: dict[Digest, Entry] = {}
        self._add(MAGIC)

    @property
    def size(self) -> int:
        """Bytes of the records so far."""
        return self._written + self._waiting

    @property
    def is_empty(self) -> bool:
        """Whether it has no record."""
        return not self._order

    def whole(self, digest: Digest) -> Entry | None:
        """The record that is an object."""
        return self._whole.get(digest)

    def piece(self, digest: Digest) -> Entry | None:
        """The record that a list may name."""
        return self.find(digest, PIECES)

    def find(self, digest: Digest, kinds: tuple[int, ...]) -> Entry | None:
        """The record of a digest whose kind is one of some."""
        both = self._whole.get(digest), self._chunks.get(digest)
        return next((each for each in both if each is not None and each.kind in kinds), None)

    def objects(self) -> Iterable[Digest]:
        """Names of all objects in it."""
        return self._whole.keys()

    def append(self, digest: Digest, content: bytes | memoryview, kind: int, how: int) -> None:
        """Append content, encoded as asked where that makes it shorter."""
        how, stored = encoding.encode(content, how)
        self.copy(Entry(digest, self.size, len(content), len(stored), kind, how), stored)

    def copy(self, entry: Entry, stored: bytes | memoryview) -> None:
        """Append a record that is encoded already; its offset becomes that in this pack."""
        entry = entry._replace(offset=self.size)
        before = self.mark()
        self._order.append(entry)
        (self._chunks if entry.kind == CHUNK else self._whole)[entry.digest] = entry
        try:
            self._add(encode_head(entry))
            self._add(stored)
            if self._waiting >= _BUFFER:
                self.drain()
        except BaseException:
            self.rollback(before)
            raise

    def _add(self, part: bytes | memoryview) -> None:
        self._parts.append(part)
        self._waiting += len(part)

    def mark(self) -> tuple[int, int]:
        """Where it is, to come back by `rollback`."""
        return len(self._order), self.size

    def rollback(self, mark: tuple[int, int]) -> None:
        """Forget all that was appended since."""
        count, size = mark
        for entry in self._order[count:]:
            (self._chunks if entry.kind == CHUNK else self._whole).pop(entry.digest, None)
        del self._order[count:]
        if size < self._written:
            os.ftruncate(self._descriptor, size)
            self._written, self._parts, self._waiting = size, [], 0
            self._begun = min(self._begun, size)
        while self.size > size:
            self._waiting -= len(self._parts.pop())

    def drain(self) -> None:
        """Write what waits in memory."""
        try:
            fs.write_parts_at(self._descriptor, self._parts, self._written)
        except BaseException:
            os.ftruncate(self._descriptor, self._written)  # what comes instead may be shorter
            raise
        self._written, self._parts, self._waiting = self._written + self._waiting, [], 0
        if self._written - self._begun >= _AHEAD:
            fs.begin_writing(self._descriptor, self._begun, self._written - self._begun)
            self._begun = self._written

    def read(self, entry: Entry) -> bytes:
        """Stored bytes of one of its records."""
        self.drain()
        return os.pread(self._descriptor, entry.stored, entry.offset + HEAD_SIZE)

    def finish(self) -> Digest:
        """Write the index; returns the pack's name."""
        end, name = encode_end(self._order, self.size)
        self._add(end)
        self.drain()
        return name

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()
