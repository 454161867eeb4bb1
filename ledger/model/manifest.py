"""A directory as a value."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from ledger.errors import FormatError
from ledger.model.digest import Digest
from ledger.model.frozen import frozen
from ledger.model.text import to_bytes


class Mode:
    """The kinds of path that a Manifest holds; git's numbers, and one for a directory that holds no file."""

    FILE: Final = 0o100644
    EXECUTABLE: Final = 0o100755
    LINK: Final = 0o120000
    DIRECTORY: Final = 0o040000

    ALL: Final = frozenset({FILE, EXECUTABLE, LINK, DIRECTORY})


@frozen
class ManifestEntry:
    """One path of a Manifest."""

    path: str
    """Relative to the Manifest's root, ``/`` between parts; bytes that are no UTF-8 as surrogate escapes."""
    mode: int
    """One of `Mode`."""
    size: int
    """Bytes; of a link, the length of its target."""
    digest: Digest | None
    """Of the content; of a link, of its target. None for a directory, and where `omitted` says why."""
    omitted: str | None = None
    """Why the store has no content for this path (``size``, ``credentials``, ``secret``, ``changed``,
    ``unreadable``); else None."""


def path_key(path: str) -> bytes:
    """Sort key of a path: its bytes."""
    return to_bytes(path)


def _key(entry: ManifestEntry) -> bytes:
    return path_key(entry.path)


def check_path(path: str) -> str:
    """Return `path` if it stays beneath its root.

    Raises
    ------
    FormatError
        If it is empty or absolute, or holds an empty part, ``.``, ``..`` or a NUL.
    """
    framed = f"/{path}/"
    if "//" in framed or "/./" in framed or "/../" in framed or "\0" in path:
        raise FormatError("a path that leaves its root", cause=f"expected a relative path, got {path!r}")
    return path


def _check_parents(path: str, leaves: set[str], directories: set[str]) -> None:
    """Refuse a path beneath a file, or beneath a link, through which it would be written somewhere else."""
    parent = path.rpartition("/")[0]
    while parent not in directories:
        if parent in leaves:
            raise FormatError("a path beneath a file", cause=f"{path!r} cannot be in {parent!r}")
        directories.add(parent)
        parent = parent.rpartition("/")[0]


@frozen
class Manifest:
    """A directory as its paths, sorted by their bytes; the digest of its canonical bytes names the tree.

    Raises
    ------
    FormatError
        If a path is not relative, stands twice, lies beneath what is no directory, or has an unknown mode, or
        the order is wrong.
    """

    entries: tuple[ManifestEntry, ...]
    """Sorted, each path once."""

    def __post_init__(self) -> None:
        before = b""
        leaves: set[str] = set()
        directories = {""}
        modes, directory = Mode.ALL, Mode.DIRECTORY
        for entry in self.entries:
            path, mode = check_path(entry.path), entry.mode
            key = path_key(path)
            if key <= before:
                raise FormatError("a manifest out of order", cause=f"{path!r} is doubled or misplaced")
            if mode not in modes:
                raise FormatError("an unknown mode", cause=f"{path!r} has mode {mode:o}")
            before = key
            _check_parents(path, leaves, directories)
            if mode != directory:
                leaves.add(path)

    @classmethod
    def of(cls, entries: Iterable[ManifestEntry]) -> "Manifest":
        """Manifest of `entries` in any order."""
        return cls(entries=tuple(sorted(entries, key=_key)))

    def find(self, path: str) -> ManifestEntry | None:
        """The entry of `path`, if there is one."""
        place = bisect_left(self.entries, path_key(path), key=_key)
        entry = self.entries[place] if place < len(self.entries) else None
        return entry if entry is not None and entry.path == path else None

    def __iter__(self) -> Iterator[ManifestEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)
