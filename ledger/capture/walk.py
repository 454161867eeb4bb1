"""What lies in a directory, by one look at every name: no file is opened, no link followed."""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from ledger.model.frozen import frozen

SKIPPED: Final = frozenset(
    {
        *(".git", ".hg", ".svn", ".ledger"),
        *("node_modules", "site-packages", "dist-packages", "__pycache__"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints"),
        *(".tox", ".nox", ".eggs"),
    }
)
"""Directories that are never entered: records of other tools, installed packages, caches."""

MARKERS: Final = frozenset({"pyvenv.cfg", "conda-meta"})
"""A directory that holds one of these is an environment, and is not entered either."""

_SKIPPED = frozenset(os.fsencode(name) for name in SKIPPED)
_MARKERS = frozenset(os.fsencode(name) for name in MARKERS)
_RECORDED = (stat.S_IFREG, stat.S_IFLNK)
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_new = tuple.__new__


class FileStat(NamedTuple):
    """What the file system says of a regular file or a link; times in nanoseconds."""

    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, result: os.stat_result) -> "FileStat":
        """The part of `result` that is compared."""
        return cls(result.st_mode, result.st_size, result.st_mtime_ns, result.st_ctime_ns, result.st_ino)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_regular(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & 0o100)


@frozen
class Scan:
    """A directory at one moment; every path is relative to its root, in the form of `ManifestEntry.path`."""

    files: dict[str, FileStat]
    """Regular files and links."""
    directories: frozenset[str]
    """Directories that were entered; the root itself is not listed."""
    skipped: frozenset[str]
    """Directories that were left out by rule."""
    special: dict[str, str]
    """What is neither file, link nor directory, and what it is."""
    problems: tuple[str, ...]
    """Directories and files that could not be looked at, and why."""
    left_out: frozenset[str] = frozenset()
    """Files that are in no list, whatever git says of them."""

    def beneath_skipped(self, path: str) -> bool:
        """Whether `path` is, or lies in, a directory that was left out by rule."""
        end = len(path)
        while end > 0:
            if path[:end] in self.skipped:
                return True
            end = path.rfind("/", 0, end)
        return False


def raw(path: str) -> bytes:
    """A recorded path as the bytes that the system knows it by."""
    return path.encode("utf-8", "surrogateescape")


def text(name: bytes) -> str:
    """Bytes of a path as they are recorded, whatever the locale."""
    return name.decode("utf-8", "surrogateescape")


def place(root: Path, path: str) -> Path:
    """The file that a recorded path means beneath `root`; an absolute path stays itself."""
    return Path(os.fsdecode(os.path.join(os.fsencode(root), raw(path))))


def shown(path: str) -> str:
    """A path on one readable line of a message."""
    return path if path.isprintable() else ascii(path)


def named(paths: list[str], most: int = 3) -> str:
    """The first few of `paths` for a message, and how many more there are."""
    head = ", ".join(shown(path) for path in paths[:most])
    return f"{head} and {len(paths) - most} more" if len(paths) > most else head


def scan(root: Path, skip: frozenset[Path] = frozenset()) -> Scan:
    """Look at everything beneath `root`.

    What vanishes meanwhile is left out; what may not be looked at is named in `Scan.problems`.

    Parameters
    ----------
    root
        A directory.
    skip
        Directories to leave out, such as the ledger's own, by whatever path they are reached.
    """
    files: dict[str, FileStat] = {}
    directories: set[str] = set()
    skipped: set[str] = set()
    special: dict[str, str] = {}
    problems: list[str] = []
    left_out = _identities(skip)
    inodes = frozenset(inode for _, inode in left_out)
    stack = [(os.fsencode(root), "")]
    while stack:
        directory, prefix = stack.pop()
        try:
            with os.scandir(directory) as listing:
                found = list(listing)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not prefix:
                problems.append(f"{shown(text(directory))}: {error.strerror}")
            directories.discard(prefix[:-1])
            continue
        except OSError as error:
            problems.append(f"{shown(prefix[:-1] or '.')}: {error.strerror}")
            continue
        if prefix and not _MARKERS.isdisjoint([entry.name for entry in found]):
            directories.discard(prefix[:-1])
            skipped.add(prefix[:-1])
            continue
        for entry in found:
            name = entry.name
            path = prefix + name.decode("utf-8", "surrogateescape")
            try:
                if entry.is_dir(follow_symlinks=False):
                    if name in _SKIPPED or (entry.inode() in inodes and _is_one_of(entry.path, left_out)):
                        skipped.add(path)
                    else:
                        directories.add(path)
                        stack.append((entry.path, path + "/"))
                    continue
                seen = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(f"{shown(path)}: {error.strerror}")
                continue
            mode = seen.st_mode
            if (kind := stat.S_IFMT(mode)) in _RECORDED:
                if name != b".git":
                    # As FileStat.of does, without the three calls that make up half of a look at a file.
                    row = (mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
                    files[path] = _new(FileStat, row)
            else:
                special[path] = _KINDS.get(kind, "no regular file")
    return Scan(
        files=files,
        directories=frozenset(directories),
        skipped=frozenset(skipped),
        special=special,
        problems=tuple(problems),
    )


def _identities(paths: frozenset[Path]) -> frozenset[tuple[int, int]]:
    found = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # what is not there needs no leaving out
        found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def _is_one_of(path: bytes, identities: frozenset[tuple[int, int]]) -> bool:
    status = os.lstat(path)
    return (status.st_dev, status.st_ino) in identities
