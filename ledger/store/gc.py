"""Objects that nothing refers to are removed, while others write.

In two passes, so that no writer loses what it relies on (see `ledger.store.pins`):

1. The objects are condemned, and what only they are made of: a list of both is written, and which leases are
   held by then.
2. Once none of those is held any more, what is referred to is found out anew. What is still on the list, and
   still referred to by nothing, is removed, a few at a time under the lock that a rescue takes.

The list stays until all of it is done. Whoever is killed in between loses nothing: the next one goes on.
"""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger import fs
from ledger.errors import LedgerError
from ledger.model import Digest, layout
from ledger.store.base import Store
from ledger.store.pins import Condemned, held_leases, read_condemned, write_condemned


@contextmanager
def collecting(ledger: Path, store: Store) -> Iterator["Collector"]:
    """Be the only one who removes objects.

    Raises
    ------
    LedgerError
        If another one is at it.
    """
    with fs.explained(layout.collection(ledger)):
        fs.make_directory(layout.collection(ledger))
        lock = fs.try_lock(layout.collection_lock(ledger))
    if lock is None:
        raise LedgerError(
            "objects are being removed already",
            cause=f"another process holds {layout.collection_lock(ledger)}",
            hint="wait until it has ended, then run the command again",
        )
    try:
        yield Collector(ledger, store)
    finally:
        fs.release(lock)


class Collector:
    """Whoever removes objects; there is one at a time, see `collecting`."""

    def __init__(self, ledger: Path, store: Store) -> None:
        self._ledger = ledger
        self._store = store

    def condemned(self) -> frozenset[Digest]:
        """What is on the list: of an earlier one too, who did not come to the end."""
        found = read_condemned(self._ledger)
        return found.digests if found is not None else frozenset()

    def condemn(self, digests: frozenset[Digest]) -> None:
        """Write the list, and then note who might rely on something on it.

        Parameters
        ----------
        digests
            Of objects, and of what only they are made of: see `Store.pieces_of`.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        with self._listed():
            write_condemned(self._ledger, Condemned(digests=digests))
        self._note_leases()

    def waiting(self) -> int:
        """How many writers live that may not have seen the list."""
        found = read_condemned(self._ledger)
        if found is None:
            return 0
        if found.leases is None:  # whoever wrote the list was killed before it looked
            return len(self._note_leases())
        return len(held_leases(self._ledger, found.leases))

    def remove(self, held: Container[Digest]) -> frozenset[Digest]:
        """Remove what is on the list and not `held`; nobody may be waited for.

        Parameters
        ----------
        held
            What is referred to; found out after the last writer was gone that had not seen the list.

        Returns
        -------
        frozenset of Digest
            What of the list is not there any more.

        Raises
        ------
        DamagedError
            If nobody knows what else they are made of.
        StorageError
            If the disk refuses.
        """
        going = frozenset(digest for digest in self.condemned() if digest not in held)
        left = self._reader(going)

        @contextmanager
        def turn() -> Iterator[Container[Digest]]:
            with self._listed():
                yield left()

        self._store.discard(going, turn)
        with self._listed():
            gone = left()
            layout.condemned(self._ledger).unlink(missing_ok=True)
            fs.sync_directory(layout.collection(self._ledger))
        return gone

    def _reader(self, going: frozenset[Digest]) -> Callable[[], frozenset[Digest]]:
        """Tells what of `going` was not rescued meanwhile; the list may be long: it is read if it changed."""
        path = layout.condemned(self._ledger)
        known: tuple[tuple[int, int, int] | None, frozenset[Digest]] = (None, frozenset())

        def read() -> frozenset[Digest]:
            nonlocal known
            with suppress(FileNotFoundError):
                status = path.stat()
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if stamp != known[0]:
                    known = (stamp, going & self.condemned())
                return known[1]
            return frozenset()

        return read

    def _note_leases(self) -> tuple[str, ...]:
        held = held_leases(self._ledger)
        with self._listed():
            found = read_condemned(self._ledger)
            if found is not None:
                write_condemned(self._ledger, Condemned(digests=found.digests, leases=held))
        return held

    @contextmanager
    def _listed(self) -> Iterator[None]:
        """Hold the list's lock."""
        with fs.explained(layout.condemned(self._ledger)), fs.locked(layout.condemned_lock(self._ledger)):
            yield
