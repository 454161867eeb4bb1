"""A store of a ledger whose objects are removed when nothing refers to them."""

import errno
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ledger import fs
from ledger.model import Digest, layout
from ledger.store.base import Store
from ledger.store.pins import Pins

if TYPE_CHECKING:
    from ledger.store.discarding import Turn

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class PinnedStore:
    """Another store, in which nothing vanishes that this writer has put or found since it let go last.

    Parameters
    ----------
    store
        Where the objects are.
    ledger
        The ``.ledger`` directory.
    """

    def __init__(self, store: Store, ledger: Path) -> None:
        self._store = store
        self._pins = Pins(ledger)
        self._place = layout.leases(ledger)
        self._put: set[Digest] = set()
        """What was put of what is condemned, since the last `flush`."""

    def put(self, content: bytes) -> Digest:
        """Store `content`, see `Store.put`."""
        with fs.explained(self._place):
            self._hold()
        digest = self._store.put(content)
        self._note(digest)
        return digest

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file, see `Store.put_file`."""
        with fs.explained(self._place):
            self._hold()
        digest, size = self._store.put_file(path)
        self._note(digest)
        return digest, size

    def flush(self) -> None:
        """Make durable what was put, see `Store.flush`."""
        self._secure_put()
        self._store.flush()

    def has(self, digest: Digest) -> bool:
        """Whether the object is there, and stays, see `Store.has`."""
        self._look([digest])
        return self._store.has(digest)

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are there, and stay, see `Store.present`."""
        wanted = list(digests)
        self._look(wanted)
        return self._store.present(wanted)

    def release(self) -> None:
        """Let go of what was put and found, see `Store.release`."""
        self._secure_put()
        self._pins.release()

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Let go at the end, see `Store.pinned`."""
        around = self._pins.held
        try:
            yield
        finally:
            if not around:
                self.release()

    def avoid(self, digests: Container[Digest]) -> None:
        """Nothing: what is condemned is avoided, see `Store.avoid`."""

    def pieces_of(self, digests: Container[Digest]) -> frozenset[Digest]:
        """What only some objects need, see `Store.pieces_of`."""
        return self._store.pieces_of(digests)

    def discard(self, digests: Collection[Digest], turn: "Turn | None" = None) -> None:
        """Remove objects, see `Store.discard`."""
        self._store.discard(digests, turn)

    def tidy(self) -> None:
        """Put many small objects together, see `Store.tidy`."""
        self._store.tidy()

    def size(self, digest: Digest) -> int:
        """Plain bytes of the object, see `Store.size`."""
        return self._store.size(digest)

    def get(self, digest: Digest) -> bytes:
        """Content of the object, checked, see `Store.get`."""
        return self._store.get(digest)

    def open(self, digest: Digest) -> BinaryIO:
        """Open the object, unchecked, see `Store.open`."""
        return self._store.open(digest)

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, see `Store.restore`."""
        self._store.restore(digest, path, executable=executable)

    def digests(self) -> Iterator[Digest]:
        """Names of all objects, see `Store.digests`."""
        return self._store.digests()

    def check(self, digest: Digest) -> None:
        """Hash the object, see `Store.check`."""
        self._store.check(digest)

    def _look(self, digests: Iterable[Digest]) -> None:
        """Before it is said what is there: see to it that it stays."""
        try:
            self._hold()
        except OSError as error:
            if error.errno in _READ_ONLY:
                return  # who cannot write here cannot append what would refer to it either
            with fs.explained(self._place):
                raise
        self._secure(digests)

    def _note(self, digest: Digest) -> None:
        if digest in self._pins.condemned:
            self._put.add(digest)

    def _secure_put(self) -> None:
        """Take off the list what was written anew: its names are those that may be about to go."""
        put, self._put = self._put, set()
        self._secure(put)

    def _hold(self) -> None:
        if self._pins.hold():
            self._store.avoid(self._pins.condemned)

    def _secure(self, digests: Iterable[Digest]) -> None:
        """Take what is condemned off the list: what of it is there now stays, what is not must be put."""
        condemned = self._pins.condemned.intersection(digests)
        if condemned:
            self._pins.rescue(condemned)
            self._store.avoid(self._pins.condemned)
