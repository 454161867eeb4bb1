"""Which content belongs to the tree and which to the products, as it is collected."""

import os
import stat
from collections.abc import Callable, Mapping
from typing import Final

from ledger.capture.credentials import holds_credentials, looks_like_credentials
from ledger.capture.listing import CodeLimits
from ledger.capture.recorder import CREDENTIALS, SECRET, SIZE, UNREADABLE, Content, Recorder
from ledger.capture.walk import FileStat, Scan, place, shown
from ledger.model import Digest, Mode
from ledger.model.manifest import path_key

_MAX_DIRECTORIES: Final = 10_000
_BITS: Final = (Mode.FILE, Mode.EXECUTABLE)


class Collection:
    """What was taken so far."""

    def __init__(
        self,
        *,
        found: Scan,
        recorder: Recorder,
        limits: CodeLimits,
        is_product: Callable[[str, Digest], bool],
        was_withheld: Callable[[Digest], bool] = lambda _: False,
    ) -> None:
        self.found = found
        self.recorder = recorder
        self.limits = limits
        self.is_product = is_product
        self.was_withheld = was_withheld
        self.withheld: list[str] = []
        """Products that were not stored for a secret of the trial that made them."""
        self.tree: dict[str, Content] = {}
        self.products: dict[str, Content] = {}
        self.directories: dict[str, Content] = {}
        self.notes: list[str] = []
        self._passable: dict[str, bool] = {}

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
        if content.omitted == SIZE and self.was_withheld(content.digest):
            self.withheld.append(path)
            content = content._replace(omitted=SECRET)
        elif content.omitted == SIZE and status.size <= self.limits.max_untracked_bytes:
            content = self.recorder.file(path, status)
        if content is not None:
            self.products[path] = content

    def take_unchanged(self, tracked: Mapping[str, int | None]) -> None:
        """Take those tracked files that need not be read, mostly all, at less cost than `take` for each."""
        files, products, tree = self.found.files, self.products, self.tree
        for path, digest in self.recorder.unchanged(tracked, files).items():
            status, mode = files[path], tracked[path]
            if path in products or not stat.S_ISREG(status[0]):
                continue
            if mode not in _BITS:  # none, or a link of the index that is a file here
                mode = Mode.EXECUTABLE if status.executable else Mode.FILE
            tree[path] = Content(mode, status.size, digest)

    def take(
        self, path: str, *, tracked: bool, mode: int | None, check: bool, published: bool = False
    ) -> None:
        """Take `path` as code, or as a product if it is one and that is to be checked.

        Parameters
        ----------
        path
            From the root.
        tracked
            Whether git tracks it.
        mode
            What git says of it, if that counts.
        check
            Whether it may be a product.
        published
            Whether it is as its commit has it.
        """
        if path in self.products or path in self.tree or path in self.found.left_out:
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
        content = self._content(path, status, tracked, mode, published)
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

    def _content(
        self, path: str, status: FileStat, tracked: bool, mode: int | None, published: bool
    ) -> Content | None:
        if status.is_link:
            return self.recorder.link(path, status)
        if mode not in _BITS:
            mode = None  # a link of the index that is a file here
        if tracked:
            return self.recorder.file(path, status, mode=mode, published=published)
        if looks_like_credentials(path):
            return Content(Mode.FILE, status.size, None, CREDENTIALS)
        if status.size > self.limits.max_untracked_bytes:
            return self.recorder.name_only(path, status)
        if self.recorder.known.get(path, status) is None and holds_credentials(
            place(self.recorder.root, path), status.size
        ):
            return Content(Mode.FILE, status.size, None, CREDENTIALS)
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
        if path not in self._passable:
            parent = path.rpartition("/")[0]
            try:
                status = os.lstat(place(self.recorder.root, path))
                here = stat.S_ISDIR(status.st_mode)
            except (FileNotFoundError, NotADirectoryError):
                here = False
            self._passable[path] = here and (not parent or self._is_directory(parent))
        return self._passable[path]
