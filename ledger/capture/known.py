"""Digests of files that have not changed since they were read last; derived, and disposable."""

from collections.abc import Container
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
_OUTSIDE: Final = 10_000
"""How many files outside the root are kept in mind."""


class Known:
    """What each file's digest was when it had a given size, inode, time of modification and of change.

    A file that changed less than two seconds before it was read is not kept in mind: it could change once
    more within one tick of the file system's clock, and look the same.
    """

    def __init__(self, directory: Path | None = None, root: Path | None = None) -> None:
        self._directory = directory
        self._key = cache.key_of(str(root).encode("utf-8", "surrogateescape"))
        self._rows: dict[str, tuple[int, int, int, int, bytes]] = {}
        self._changed = False

    @classmethod
    def load(cls, directory: Path, root: Path) -> "Known":
        """Read what is known of the files of `root` from a directory of derived values."""
        known = cls(directory, root)
        value = cache.load(directory, _KIND, known._key)
        if value is not None:
            paths, rows = value
            known._rows = dict(zip(text(paths).split("\0"), _ROW.iter_unpack(rows), strict=True))
        return known

    def get(self, path: str, status: FileStat) -> Digest | None:
        """Digest of `path`, if it is as it was."""
        row = self._rows.get(path)
        return Digest(row[4]) if row is not None and row[:4] == status[1:] else None

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
            self._rows[path] = (*status[1:], bytes(digest))
            self._changed = True

    def save(self, present: Container[str] | None = None) -> None:
        """Write down what is known, if there is anything new.

        Parameters
        ----------
        present
            Paths beneath the root that are there; others are forgotten.
        """
        if self._directory is None or not self._changed:
            return
        rows = self._rows
        if present is not None:
            outside = [path for path in rows if path.startswith("/")][-_OUTSIDE:]
            rows = {path: row for path, row in rows.items() if path in present}
            rows |= {path: self._rows[path] for path in outside}
        if rows:
            paths = b"\0".join(raw(path) for path in rows)
            value = [paths, b"".join(_ROW.pack(*row) for row in rows.values())]
            cache.save(self._directory, _KIND, self._key, value)
        self._changed = False
