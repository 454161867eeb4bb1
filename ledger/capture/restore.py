"""A Manifest back on disk."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from ledger import fs
from ledger.capture.put import hash_file
from ledger.capture.walk import FileStat, place, raw, shown
from ledger.errors import FormatError, LedgerError
from ledger.model import Digest, Manifest, ManifestEntry, Mode

_REFUSED: Final = frozenset({".git", ".ledger"})
"""Names that capturing never records: a manifest that holds one would plant hooks, or entries."""


class Restore(Protocol):
    """Writes an object to a new file; a store's `restore`."""

    def __call__(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object `digest` to `path`."""
        ...


def restore_tree(
    manifest: Manifest, into: Path, *, restore: Restore, content: Callable[[Digest], bytes]
) -> list[str]:
    """Write a directory as the manifest says; no file that is there is ever overwritten.

    Parameters
    ----------
    manifest
        What to write.
    into
        The directory; made if it is missing. What is there already and equal is left as it is.
    restore
        Writes an object to a new file.
    content
        An object's content; asked for the targets of links.

    Returns
    -------
    list of str
        Paths that the store has no content for, and that are therefore not written.

    Raises
    ------
    FormatError
        If a path leads into a repository's or ledger's own directory. Nothing is written.
    LedgerError
        If something else lies at one of the paths, or a directory on the way is none. Nothing is written.
    StorageError
        If the disk refuses.
    """
    # 1. Check everything before anything is written.
    _check(manifest)
    with fs.explained(into):
        missing = [entry for entry in manifest if not _is_there(entry, into, content)]

        # 2. Files, then links: while files are written, no new link is there to lead astray.
        into.mkdir(parents=True, exist_ok=True)
        absent: list[str] = []
        links: list[tuple[str, Digest]] = []
        made: set[str] = set()
        for entry in missing:
            if entry.mode == Mode.DIRECTORY:
                _make(entry.path, into, made)
            elif entry.digest is None or entry.omitted is not None:
                absent.append(entry.path)
            elif entry.mode == Mode.LINK:
                links.append((entry.path, entry.digest))
            else:
                _make(entry.path.rpartition("/")[0], into, made)
                executable = entry.mode == Mode.EXECUTABLE
                restore(entry.digest, place(into, entry.path), executable=executable)
        for path, target in links:
            _make(path.rpartition("/")[0], into, made)
            os.symlink(content(target), os.path.join(os.fsencode(into), raw(path)))
    return absent


def _check(manifest: Manifest) -> None:
    """Refuse names that capturing never records; a Manifest itself refuses paths that lead through a link."""
    for entry in manifest:
        if any(part.lower() in _REFUSED for part in entry.path.split("/")):
            raise FormatError(
                "a path that must not be restored",
                cause=f"{shown(entry.path)} lies in a repository or ledger",
            )


def _is_there(entry: ManifestEntry, into: Path, content: Callable[[Digest], bytes]) -> bool:
    """Whether the entry's path is there as it says; raise if it is there in another way."""
    parts = entry.path.split("/")
    for count in range(len(parts) + 1):
        path = place(into, "/".join(parts[:count])) if count else into
        try:
            result = os.lstat(path)
        except FileNotFoundError:
            return False
        if count < len(parts) and not (stat.S_ISDIR(result.st_mode) or (not count and path.is_dir())):
            raise _in_the_way(path, "it is no directory")
    if stat.S_ISDIR(result.st_mode) and entry.mode == Mode.DIRECTORY:
        return True
    if not _equal(entry, path, FileStat.of(result), content):
        raise _in_the_way(path, "something else is there")
    return True


def _equal(entry: ManifestEntry, path: Path, status: FileStat, content: Callable[[Digest], bytes]) -> bool:
    if entry.mode == Mode.LINK:
        if not status.is_link or entry.digest is None:
            return False
        return os.readlink(os.fsencode(path)) == content(entry.digest)
    if not status.is_regular or status.size != entry.size:
        return False
    return status.executable == (entry.mode == Mode.EXECUTABLE) and hash_file(path)[0] == entry.digest


def _in_the_way(path: Path, what: str) -> LedgerError:
    return LedgerError(
        f"{shown(str(path))} would be overwritten",
        cause=what,
        hint="name a directory that is empty or not there yet",
    )


def _make(path: str, into: Path, made: set[str]) -> None:
    """Make the directory `path` and those above it, each of them a real one."""
    if not path or path in made:
        return
    _make(path.rpartition("/")[0], into, made)
    target = place(into, path)
    try:
        target.mkdir()
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(target).st_mode):
            raise _in_the_way(target, "it is no directory") from None
    made.add(path)
