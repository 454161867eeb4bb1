"""One file in, its content put and named: shared by code and artifacts."""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from ledger.capture.known import Known
from ledger.capture.put import Put, hash_file
from ledger.capture.secrets import Secrets
from ledger.capture.walk import FileStat, place, raw
from ledger.model import Digest, Mode

UNREADABLE: Final = "unreadable"
SIZE: Final = "size"
CREDENTIALS: Final = "credentials"
SECRET: Final = "secret"
"""Its content holds a secret of the command."""
WITHHELD: Final = "by digest only, since they hold a secret of this command"
CHANGED: Final = "changed"
"""It was changed before it could be read."""
_LOOKED_THROUGH: Final = 64_000_000
"""Bytes; a larger file is not looked through for secrets."""
_BLOCK: Final = 1 << 20
_LONG: Final = 16
"""Bytes from which on a value is no mere word."""
_WORD: Final = 8
"""Bytes that a value needs beside that to be looked for in code, and something that is no letter."""
_SHORTEST_SECRET: Final = 6
"""As long as a value has to be for `Secrets` to look for it in a stream."""


class Content(NamedTuple):
    """What a path held; the fields of a `ManifestEntry` without the path."""

    mode: int
    size: int
    digest: Digest | None
    omitted: str | None = None


class Recorder:
    """Puts the content of files beneath one root, and remembers what went wrong.

    Parameters
    ----------
    root
        Where relative paths start.
    put
        Takes the content.
    known
        Digests from earlier reads.
    secrets
        Values that no stored content may hold.
    """

    def __init__(self, *, root: Path, put: Put, known: Known, secrets: tuple[bytes, ...] = ()) -> None:
        self.root = root
        self.put = put
        self.known = known
        self.secrets = secrets
        self.unreadable: list[str] = []
        """Files that are there and cannot be read."""
        self.changing: list[str] = []
        """Files that changed between the look at them and the end of reading."""
        self.secret: list[str] = []
        """Files that were not stored since they hold a secret."""

    def unchanged(self, paths: Iterable[str], files: Mapping[str, FileStat]) -> dict[str, Digest]:
        """Files that need not be read: they are as they were, and the store has their content."""
        known = self.known.look_up(paths, files)
        stored = self.put.present(known.values())
        return {path: digest for path, digest in known.items() if digest in stored}

    def link(self, path: str, status: FileStat) -> Content | None:
        """Record a link as its target's text; it is not followed. None where it has vanished."""
        try:
            target = os.readlink(os.path.join(os.fsencode(self.root), raw(path)))
        except FileNotFoundError:
            return None
        except OSError:
            self.unreadable.append(path)
            return Content(Mode.LINK, status.size, None, UNREADABLE)
        return Content(Mode.LINK, len(target), self.put.put(target))

    def file(
        self, path: str, status: FileStat, *, mode: int | None = None, published: bool = False
    ) -> Content | None:
        """Store a regular file. None where it has vanished.

        Parameters
        ----------
        path
            Relative to the root, or absolute.
        status
            How it was found.
        mode
            To record, if it is not to be that of the file system.
        published
            Whether a commit holds this content, so that a secret in it is no secret any more.
        """
        return self._read(path, status, mode, store=True, published=published)

    def name_only(self, path: str, status: FileStat, *, mode: int | None = None) -> Content | None:
        """Digest a regular file that is too large to store. None where it has vanished.

        Nothing is omitted where the store has the content already.
        """
        return self.sized(self._read(path, status, mode, store=False))

    def sized(self, content: Content | None) -> Content | None:
        """`content`, which was not stored for its size, with that said where the store has it not."""
        if content is None or content.digest is None or content.omitted or self.put.has(content.digest):
            return content
        return Content(content.mode, content.size, content.digest, SIZE)

    def copy(self, path: str, saved: Path, *, max_bytes: int | None = None, mode: int) -> Content | None:
        """Take what `path` held from a copy of it that nobody changes. None where the copy has vanished."""
        try:
            size = os.stat(saved).st_size
            store = max_bytes is None or size <= max_bytes
            content = self._take(path, saved, mode, size, store=store)
            return content if store else self.sized(content)
        except FileNotFoundError:
            return None
        except OSError:
            self.unreadable.append(path)
            return Content(mode, 0, None, UNREADABLE)

    def _read(
        self, path: str, status: FileStat, mode: int | None, *, store: bool, published: bool = False
    ) -> Content | None:
        if mode is None:
            mode = Mode.EXECUTABLE if status.executable else Mode.FILE
        digest = self.known.get(path, status)
        if digest is not None and (not store or self.put.has(digest)):
            return Content(mode, status.size, digest)
        file = place(self.root, path)
        began = time.time_ns()
        try:
            content = self._take(path, file, mode, status.size, store=store, published=published)
        except FileNotFoundError:
            return None
        except OSError:
            self.unreadable.append(path)
            return Content(mode, status.size, None, UNREADABLE)
        if content.digest is not None and _unchanged(file, status):
            self.known.add(path, status, content.digest, began)
        else:
            self.changing.append(path)
        return content

    def _take(
        self, path: str, file: Path, mode: int, size: int, *, store: bool, published: bool = False
    ) -> Content:
        sought = self.secrets if store and not published and size <= _LOOKED_THROUGH else ()
        if sought and holds(file, sought):
            self.secret.append(path)
            digest, size = hash_file(file)
            return Content(mode, size, digest, SECRET)
        digest, size = self.put.put_file(file) if store else hash_file(file)
        return Content(mode, size, digest)


def sought(secrets: Secrets | None) -> tuple[bytes, ...]:
    """The values that no stored file may hold."""
    if secrets is None:
        return ()
    return tuple(os.fsencode(value) for value, _ in secrets.known if len(value) >= _SHORTEST_SECRET)


def sought_in_code(secrets: Secrets | None) -> tuple[bytes, ...]:
    """The values that no stored code may hold; not the short words (``postgres``) that any code may hold."""
    found = sought(secrets)
    return tuple(each for each in found if len(each) >= _LONG or (len(each) >= _WORD and not each.isalpha()))


def holds(file: Path, values: tuple[bytes, ...]) -> bool:
    """Whether a file holds one of `values`, in bounded memory.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    overlap = max(map(len, values)) - 1
    kept = b""
    with open(file, "rb", buffering=0) as reading:
        while block := reading.read(_BLOCK):
            kept += block
            if any(value in kept for value in values):
                return True
            kept = kept[-overlap:] if overlap else b""
    return False


def _unchanged(file: Path, before: FileStat) -> bool:
    try:
        return FileStat.of(os.lstat(file)) == before
    except OSError:
        return False
