"""Digests of files that have not changed since they were read last; derived, and disposable."""

import os
from binascii import crc32
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final

from ledger.capture import cache
from ledger.capture.walk import FileStat, raw, text
from ledger.model import Digest

_KIND: Final = "digests"
_ROW: Final = Struct("<qqqQ32s")
"""Size, times of modification and change, inode, digest."""
_MARGIN: Final = 2_000_000_000
"""Nanoseconds; the coarsest clock of a file system in use (FAT) ticks this slowly."""
_OUTSIDE: Final = "digests-outside"
_SHARDS: Final = 64
"""Files outside the root are kept in so many parts, by their directory; each is read when asked for."""
_SHARD_ROWS: Final = 250_000
"""How many files a part holds; those that were not looked at last are forgotten."""
_OUTSIDE_BYTES: Final = 256_000_000
"""What all parts may take on disk."""

_Row = tuple[int, int, int, int, bytes]
_new = bytes.__new__


class Known:
    """What each file's digest was when it had a given size, inode, time of modification and of change.

    A file that changed less than two seconds before it was read is not kept in mind: it could change once
    more within one tick of the file system's clock, and look the same.
    """

    def __init__(self, directory: Path | None = None, root: Path | None = None) -> None:
        self._directory = directory
        self._key = cache.key_of(str(root).encode("utf-8", "surrogateescape"))
        self._rows: dict[str, _Row] = {}
        self._changed = False
        self._shards: dict[int, _Shard] = {}

    @classmethod
    def load(cls, directory: Path, root: Path) -> "Known":
        """Read what is known of the files of `root` from a directory of derived values.

        What is known of files elsewhere is read once it is asked for.
        """
        known = cls(directory, root)
        known._rows = _load(directory, _KIND, known._key)
        return known

    def get(self, path: str, status: FileStat) -> Digest | None:
        """Digest of `path`, if it is as it was."""
        row = self._outside(path).get(path) if path.startswith("/") else self._rows.get(path)
        return Digest(row[4]) if row is not None and row[:4] == status[1:] else None

    def look_up(self, paths: Iterable[str], files: Mapping[str, FileStat]) -> dict[str, Digest]:
        """Digests of those of `paths` beneath the root that are as they were: `get` for many at once.

        Parameters
        ----------
        paths
            Relative to the root.
        files
            How each file is now; of others nothing is known.
        """
        rows = self._rows
        found: dict[str, Digest] = {}
        for path in paths:
            row, status = rows.get(path), files.get(path)
            if row is not None and status is not None and row[:4] == status[1:]:
                found[path] = _new(Digest, row[4])  # a row has 32 bytes for it: they need no counting
        return found

    def add(self, path: str, status: FileStat, digest: Digest, began: int) -> None:
        """Keep in mind what was read.

        Parameters
        ----------
        path
            Relative to the root, or absolute.
        status
            As the file was before and after it was read.
        digest
            Of what was read.
        began
            When reading began; nanoseconds since 1970.
        """
        if max(status.mtime_ns, status.ctime_ns) < began - _MARGIN:
            row = (*status[1:], bytes(digest))
            if path.startswith("/"):
                self._outside(path).add(path, row)
            else:
                self._rows[path] = row
                self._changed = True

    def save(self, present: Container[str] | None = None) -> None:
        """Write down what is known, if there is anything new.

        Files outside the root are forgotten only where they become too many.

        Parameters
        ----------
        present
            Paths beneath the root that are there; others are forgotten.
        """
        if self._directory is None:
            return
        if self._changed:
            rows = self._rows
            if present is not None:
                rows = {path: row for path, row in rows.items() if path in present}
            _save(self._directory, _KIND, self._key, rows)
            self._changed = False
        changed = [number for number, shard in self._shards.items() if shard.changed]
        for number in changed:
            shard = self._shards[number]
            _save(self._directory, _OUTSIDE, cache.key_of(number), shard.newest(_SHARD_ROWS))
            shard.changed = False
        if changed:
            _bound(self._directory / _OUTSIDE)

    def _outside(self, path: str) -> "_Shard":
        """The part that tells of a file outside the root."""
        number = crc32(raw(path.rpartition("/")[0])) % _SHARDS
        shard = self._shards.get(number)
        if shard is None:
            rows = _load(self._directory, _OUTSIDE, cache.key_of(number)) if self._directory else {}
            shard = self._shards[number] = _Shard(rows)
        return shard


class _Shard:
    """What is known of some files outside the root."""

    __slots__ = ("changed", "rows", "used")

    def __init__(self, rows: dict[str, _Row]) -> None:
        self.rows = rows
        self.used: set[str] = set()
        self.changed = False

    def get(self, path: str) -> _Row | None:
        """The row of a path, which counts as used then."""
        row = self.rows.get(path)
        if row is not None:
            self.used.add(path)
        return row

    def add(self, path: str, row: _Row) -> None:
        """Put a path's row in the place of an older one."""
        self.rows[path] = row
        self.used.add(path)
        self.changed = True

    def newest(self, most: int) -> dict[str, _Row]:
        """The rows that were used last, those of this time behind the others."""
        idle = [path for path in self.rows if path not in self.used]
        order = (*idle, *(path for path in self.rows if path in self.used))
        return {path: self.rows[path] for path in order[-most:]}


def _load(directory: Path, kind: str, key: Digest) -> dict[str, _Row]:
    value = cache.load(directory, kind, key)
    if value is None:
        return {}
    paths, rows = value
    return dict(zip(text(paths).split("\0"), _ROW.iter_unpack(rows), strict=True))


def _save(directory: Path, kind: str, key: Digest, rows: dict[str, _Row]) -> None:
    if rows:
        paths = b"\0".join(raw(path) for path in rows)
        cache.save(directory, kind, key, [paths, b"".join(_ROW.pack(*row) for row in rows.values())])


def _bound(directory: Path) -> None:
    """Remove the files that were written longest ago until the others take no more than they may."""
    with suppress(OSError):  # what cannot be removed takes room, and nothing else
        found = []
        with os.scandir(directory) as entries:
            for entry in entries:
                status = entry.stat()
                found.append((status.st_mtime_ns, status.st_size, entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= _OUTSIDE_BYTES:
                return
            os.unlink(path)
            total -= size
