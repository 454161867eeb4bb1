"""A pack that came from outside: nothing of it is believed before every byte of it is accounted for."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from ledger import fs, processors
from ledger.errors import DamagedError, LedgerError, NotFoundError
from ledger.model import Digest
from ledger.store import encoding
from ledger.store.files import digest_of
from ledger.store.pack_format import (
    CHUNK,
    HEAD_SIZE,
    LIST,
    MAGIC,
    OBJECT,
    PIECES,
    TRAILER,
    WHOLE,
    Entry,
    decode_head,
    decode_list,
    decode_trailer,
    encode_end,
)
from ledger.store.sources import Packed

_TOGETHER = 64
"""Records that one thread hashes before it asks for more."""
_AHEAD = 8
"""Times as many are given out at once."""
_BLOCK = 1 << 20


class OutsidePack:
    """A pack in one file, which has all that its lists name.

    Parameters
    ----------
    path
        The file.
    what
        What it is, for errors.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._what = what
        try:
            self._descriptor = fs.open_file(path)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFoundError(f"no file {what}", cause="expected a bundle") from error
        self.size = os.fstat(self._descriptor).st_size
        self.name = Digest.of(b"")
        """Digest of its index, once it is known."""
        self._records: dict[tuple[Digest, int], Entry] = {}

    def __enter__(self) -> "OutsidePack":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def claimed(self) -> Digest | None:
        """What its last bytes say that its name is; None where they are no end of a pack."""
        end = self._end()
        return end[2] if end else None

    def _end(self) -> tuple[int, int, Digest] | None:
        start = max(0, self.size - TRAILER.size)
        return decode_trailer(self._read(start, TRAILER.size), self.size)

    def check_form(self, most: int) -> None:
        """Read the heads of all records: they, the index and the trailer are the file, and there is no gap.

        Parameters
        ----------
        most
            Plain bytes that its objects, and its chunks, may make up.

        Raises
        ------
        DamagedError
            If it is no whole pack, or it makes up more; the cause names the place.
        """
        if self._read(0, len(MAGIC)) != MAGIC:
            self._refuse("byte 0: expected the magic of a pack, got something else")
        end = self._end()
        start = max(0, self.size - TRAILER.size)
        if end is None:
            self._refuse(f"byte {start}: expected the end of a pack, which fits its size, got something else")
        count, index, self.name = end
        offset, totals = len(MAGIC), dict.fromkeys((OBJECT, CHUNK, LIST), 0)
        while offset < index:
            entry = decode_head(self._read(offset, HEAD_SIZE), offset)
            if entry is None or entry.end > index:
                self._refuse(f"byte {offset}: expected a record up to the index, got something else")
            if (entry.digest, entry.kind) in self._records:
                self._refuse(f"byte {offset}: expected no record twice, got one of {entry.digest}")
            self._records[entry.digest, entry.kind] = entry
            totals[entry.kind] += entry.plain
            for total in (totals[OBJECT] + totals[LIST], totals[OBJECT] + totals[CHUNK]):
                if total > most:
                    self._refuse(
                        f"byte {offset}: expected contents of at most {most:,} bytes, got {total:,} or more",
                        hint="if you trust who made it: --max-size SIZE",
                    )
            offset = entry.end
        if len(self._records) != count:
            self._refuse(f"byte {start}: expected the count {len(self._records):,} of records, got {count:,}")
        self._check_end(index)

    def _check_end(self, index: int) -> None:
        expected, name = encode_end(self._records.values(), index)
        view = memoryview(expected)
        for place in range(0, len(view), _BLOCK):
            if self._read(index + place, min(_BLOCK, len(view) - place)) != view[place : place + _BLOCK]:
                self._refuse(f"byte {index + place}: expected the index of its records, got another one")
        if name != self.name:
            self._refuse(f"the name of its index: expected {name}, got {self.name}")

    def check_contents(self, progress: Callable[[int, int], None] = lambda _done, _known: None) -> None:
        """Hash all contents, in threads.

        Parameters
        ----------
        progress
            Told (records checked, records) as it goes.

        Raises
        ------
        DamagedError
            If one is not what its record says; the cause names the place.
        """
        records = sorted(self._records.values(), key=lambda each: each.offset)
        groups = [records[place : place + _TOGETHER] for place in range(0, len(records), _TOGETHER)]
        threads, done = processors.allowed(), 0
        with ThreadPoolExecutor(threads) as pool:
            for place in range(0, len(groups), threads * _AHEAD):
                for count in pool.map(self._check_some, groups[place : place + threads * _AHEAD]):
                    done += count
                    progress(done, len(records))

    def _check_some(self, records: Iterable[Entry]) -> int:
        count = 0
        for entry in records:
            if entry.kind == LIST:
                self._check_pieces(entry)
            try:
                got, size = digest_of(self._source(entry).blocks())
            except LedgerError as error:
                self._refuse(f"byte {entry.offset}: {error.message}: {error.cause}")
            if (got, size) != (entry.digest, entry.plain):
                self._refuse(
                    f"byte {entry.offset}: expected {entry.plain} bytes, {entry.digest}, got {size}, {got}"
                )
            count += 1
        return count

    def _check_pieces(self, entry: Entry) -> None:
        pieces = decode_list(self._stored(entry), entry.plain) if entry.encoding == encoding.PLAIN else None
        if pieces is None:
            self._refuse(f"byte {entry.offset}: expected a list of {entry.plain} bytes, got something else")
        for place, (digest, size) in enumerate(pieces):
            found = self._find(digest, PIECES)
            if found is None or found.plain != size:
                self._refuse(
                    f"byte {entry.offset}: piece {place}: expected a record {digest} of {size} bytes"
                )

    @property
    def first(self) -> Entry | None:
        """The record that the file begins with, if it is an object."""
        entry = next(iter(self._records.values()), None)
        return entry if entry is not None and entry.kind in WHOLE else None

    def objects(self) -> dict[Digest, int]:
        """Plain bytes of each object."""
        return {digest: each.plain for (digest, kind), each in self._records.items() if kind in WHOLE}

    def get(self, digest: Digest) -> bytes:
        """Content of an object, hashed."""
        entry = self._find(digest, WHOLE)
        if entry is None:
            self._refuse(f"expected an object {digest}, got none")
        self._check_some((entry,))
        return b"".join(self._source(entry).blocks())

    def _source(self, entry: Entry) -> Packed:
        return Packed(entry, self._stored(entry), self._record, lambda *_: None)

    def _find(self, digest: Digest, kinds: tuple[int, ...]) -> Entry | None:
        return next((found for kind in kinds if (found := self._records.get((digest, kind)))), None)

    def _record(self, digest: Digest, kinds: tuple[int, ...]) -> tuple[Entry, bytes] | None:
        entry = self._find(digest, kinds)
        return (entry, self._stored(entry)) if entry else None

    def _stored(self, entry: Entry) -> bytes:
        return self._read(entry.offset + HEAD_SIZE, entry.stored)

    def _read(self, offset: int, size: int) -> bytes:
        with fs.explained(self._what, "read"):
            return os.pread(self._descriptor, size, offset)

    def _refuse(self, cause: str, hint: str | None = None) -> NoReturn:
        raise DamagedError(
            f"{self._what} is refused",
            cause=cause,
            hint=hint or "ask who made it to make it again, or fetch it again: it may have been cut short",
        )
