"""One file in, its content put and named: shared by code and artifacts."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ledger.capture.known import Known
from ledger.capture.put import Put, hash_file
from ledger.capture.walk import FileStat, place, raw
from ledger.model import Digest, Mode

UNREADABLE: Final = "unreadable"
SIZE: Final = "size"
CREDENTIALS: Final = "credentials"


@dataclass(frozen=True, slots=True)
class Content:
    """What a path held; the fields of a `ManifestEntry` without the path."""

    mode: int
    size: int
    digest: Digest | None
    omitted: str | None = None


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Puts the content of files beneath one root, and remembers what went wrong."""

    root: Path
    put: Put
    known: Known
    unreadable: list[str] = field(default_factory=list)
    """Files that are there and cannot be read."""
    changing: list[str] = field(default_factory=list)
    """Files that changed between the look at them and the end of reading."""

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

    def file(self, path: str, status: FileStat, *, mode: int | None = None) -> Content | None:
        """Store a regular file. None where it has vanished."""
        return self._read(path, status, mode, store=True)

    def name_only(self, path: str, status: FileStat, *, mode: int | None = None) -> Content | None:
        """Digest a regular file that is too large to store. None where it has vanished.

        Nothing is omitted where the store has the content already.
        """
        content = self._read(path, status, mode, store=False)
        if content is None or content.digest is None or self.put.has(content.digest):
            return content
        return Content(content.mode, content.size, content.digest, SIZE)

    def _read(self, path: str, status: FileStat, mode: int | None, *, store: bool) -> Content | None:
        if mode is None:
            mode = Mode.EXECUTABLE if status.executable else Mode.FILE
        digest = self.known.get(path, status)
        if digest is not None and (not store or self.put.has(digest)):
            return Content(mode, status.size, digest)
        file = place(self.root, path)
        began = time.time_ns()
        try:
            digest, size = self.put.put_file(file) if store else hash_file(file)
        except FileNotFoundError:
            return None
        except OSError:
            self.unreadable.append(path)
            return Content(mode, status.size, None, UNREADABLE)
        if _unchanged(file, status):
            self.known.add(path, status, digest, began)
        else:
            self.changing.append(path)
        return Content(mode, size, digest)


def _unchanged(file: Path, before: FileStat) -> bool:
    try:
        return FileStat.of(os.lstat(file)) == before
    except OSError:
        return False
