"""A store that brings what it lacks from where all of it is, once it is asked for."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from ledger.errors import LedgerError, NotFoundError
from ledger.model import Digest
from ledger.store.base import Store

if TYPE_CHECKING:
    from ledger.store.discarding import Turn

T = TypeVar("T")
Fetch = Callable[[Collection[Digest]], Mapping[Digest, LedgerError]]
"""Brings objects into the inner store, each hashed; returns those that it could not, and why."""


class FetchingStore:
    """Another store, and where to have what is not in it.

    To read an object brings it, as does to ask whether it is there. Its size, `check` and `digests` only
    tell of what is there by then.

    Parameters
    ----------
    inner
        What is here.
    fetch
        Brings more into it.
    """

    def __init__(self, inner: Store, fetch: Fetch) -> None:
        self.inner = inner
        """What is here: for who wants to know just that."""
        self._fetch = fetch

    def put(self, content: bytes) -> Digest:
        """Store `content`, see `Store.put`."""
        return self.inner.put(content)

    def put_file(self, path: Path) -> tuple[Digest, int]:
        """Store a file, see `Store.put_file`."""
        return self.inner.put_file(path)

    def flush(self) -> None:
        """Make durable what was put, see `Store.flush`."""
        self.inner.flush()

    def has(self, digest: Digest) -> bool:
        """Whether the object is to be had; it is there then, see `Store.has`."""
        return self.inner.has(digest) or digest not in self._fetch([digest])

    def present(self, digests: Iterable[Digest]) -> set[Digest]:
        """Those of many objects that are to be had; they are there then, see `Store.present`."""
        wanted = set(digests)
        there = self.inner.present(wanted)
        missing = [each for each in wanted - there if not self.inner.has(each)]
        return wanted - self._fetch(missing).keys() if missing else wanted

    def size(self, digest: Digest) -> int:
        """Plain bytes of an object that is here, see `Store.size`."""
        return self.inner.size(digest)

    def get(self, digest: Digest) -> bytes:
        """Content of the object, checked, see `Store.get`."""
        return self._read(digest, lambda: self.inner.get(digest))

    def open(self, digest: Digest) -> BinaryIO:
        """Open the object, unchecked, see `Store.open`."""
        return self._read(digest, lambda: self.inner.open(digest))

    def restore(self, digest: Digest, path: Path, *, executable: bool = False) -> None:
        """Write the object to the new file `path`, checked, see `Store.restore`."""
        self._read(digest, lambda: self.inner.restore(digest, path, executable=executable))

    def digests(self) -> Iterator[Digest]:
        """Names of all objects that are here, see `Store.digests`."""
        return self.inner.digests()

    def check(self, digest: Digest) -> None:
        """Hash an object that is here, see `Store.check`."""
        self.inner.check(digest)

    def release(self) -> None:
        """Let go of what was put and found, see `Store.release`."""
        self.inner.release()

    def pinned(self) -> AbstractContextManager[None]:
        """Let go at the end, see `Store.pinned`."""
        return self.inner.pinned()

    def avoid(self, digests: Container[Digest]) -> None:
        """Rely on none of these, see `Store.avoid`."""
        self.inner.avoid(digests)

    def pieces_of(self, digests: Container[Digest]) -> frozenset[Digest]:
        """What only some objects need, see `Store.pieces_of`."""
        return self.inner.pieces_of(digests)

    def discard(self, digests: Collection[Digest], turn: "Turn | None" = None) -> None:
        """Remove objects from here, see `Store.discard`."""
        self.inner.discard(digests, turn)

    def tidy(self) -> None:
        """Put many small objects together, see `Store.tidy`."""
        self.inner.tidy()

    def _read(self, digest: Digest, read: Callable[[], T]) -> T:
        try:
            return read()
        except NotFoundError:
            failed = self._fetch([digest]).get(digest)
        if failed is not None:
            raise failed
        return read()


def bring(store: Store, digests: Iterable[Digest]) -> None:
    """Let a store that fetches have many objects at once, before they are read one by one."""
    if isinstance(store, FetchingStore):
        store.present(digests)
