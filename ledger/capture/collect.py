"""Which content belongs to the tree and which to the products, as it is collected."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ledger.capture.credentials import looks_like_credentials
from ledger.capture.listing import CodeLimits
from ledger.capture.recorder import CREDENTIALS, SIZE, UNREADABLE, Content, Recorder
from ledger.capture.walk import FileStat, Scan, place, shown
from ledger.model import Digest, Mode
from ledger.model.manifest import path_key

_MAX_DIRECTORIES: Final = 10_000


@dataclass(slots=True, kw_only=True)
class Collection:
    """What was taken so far."""

    found: Scan
    recorder: Recorder
    limits: CodeLimits
    is_product: Callable[[str, Digest], bool]
    tree: dict[str, Content] = field(default_factory=dict)
    products: dict[str, Content] = field(default_factory=dict)
    directories: dict[str, Content] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    passable: dict[str, bool] = field(default_factory=dict)

    def take_product(self, path: str) -> None:
        """Take `path` if it is a product as it is now; its content is put only then."""
        status = self.found.files[path]
        if looks_like_credentials(path):
            return
        if status.is_link:
            content = self.recorder.link(path, status)
        else:
            content = self.recorder.name_only(path, status)
        if content is None or content.digest is None or not self.is_product(path, content.digest):
            return
        if content.omitted == SIZE and status.size <= self.limits.max_untracked_bytes:
            content = self.recorder.file(path, status)
        if content is not None:
            self.products[path] = content

    def take(self, path: str, *, tracked: bool, mode: int | None, check: bool) -> None:
        """Take `path` as code, or as a product if it is one and that is to be checked."""
        if path in self.products or path in self.tree:
            return
        status = self.found.files.get(path)
        if status is None:
            try:
                status = self._late(path)
            except OSError:
                self.recorder.unreadable.append(path)
                self.tree[path] = Content(mode or Mode.FILE, 0, None, UNREADABLE)
                return
            if status is None:
                return
        content = self._content(path, status, tracked, mode)
        if content is None:
            return
        product = check and content.digest is not None and self.is_product(path, content.digest)
        (self.products if product else self.tree)[path] = content

    def take_directories(self) -> None:
        """Take the innermost directories that hold nothing of what was taken."""
        occupied: set[str] = set()
        for path in (*self.tree, *self.products):
            parent = path.rpartition("/")[0]
            while parent and parent not in occupied:
                occupied.add(parent)
                parent = parent.rpartition("/")[0]
        free = self.found.directories - occupied
        innermost = sorted(free - {path.rpartition("/")[0] for path in free}, key=path_key)
        for path in innermost[:_MAX_DIRECTORIES]:
            self.directories[path] = Content(Mode.DIRECTORY, 0, None)
        if len(innermost) > _MAX_DIRECTORIES:
            self.notes.append(f"{len(innermost) - _MAX_DIRECTORIES} directories that hold no code left out")

    def _content(self, path: str, status: FileStat, tracked: bool, mode: int | None) -> Content | None:
        if status.is_link:
            return self.recorder.link(path, status)
        if mode is not None and mode not in (Mode.FILE, Mode.EXECUTABLE):
            mode = None  # a link of the index that is a file here
        if tracked:
            return self.recorder.file(path, status, mode=mode)
        if looks_like_credentials(path):
            return Content(Mode.FILE, status.size, None, CREDENTIALS)
        if status.size > self.limits.max_untracked_bytes:
            return self.recorder.name_only(path, status)
        return self.recorder.file(path, status)

    def _late(self, path: str) -> FileStat | None:
        """Look at a file that the scan has not: it was made since, or lies where the scan does not go.

        None where it is not there, or only through a link.
        """
        parent = path.rpartition("/")[0]
        if parent and not self._is_directory(parent):
            return None
        try:
            status = FileStat.of(os.lstat(place(self.recorder.root, path)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if status.is_regular or status.is_link:
            return status
        if path in self.found.special:
            self.notes.append(f"{shown(path)} is {self.found.special[path]}")
        return None

    def _is_directory(self, path: str) -> bool:
        """Whether `path` is a directory that is reached through directories."""
        if path in self.found.directories:
            return True
        if path in self.found.files:
            return False  # it was a file or a link when it was looked at, and is recorded as that
        if path not in self.passable:
            parent = path.rpartition("/")[0]
            try:
                status = os.lstat(place(self.recorder.root, path))
                here = stat.S_ISDIR(status.st_mode)
            except (FileNotFoundError, NotADirectoryError):
                here = False
            self.passable[path] = here and (not parent or self._is_directory(parent))
        return self.passable[path]
