"""Many objects hashed at once."""

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue

from ledger import processors
from ledger.errors import LedgerError
from ledger.model import Digest
from ledger.ops.reach import Reference
from ledger.store.base import Store

Result = tuple[Digest, LedgerError | None]
"""An object, and what is wrong with it."""

_LARGE = 1 << 20
"""Bytes from which on reading and hashing lasts longer than what threads cost each other: most of that time
the interpreter's lock is free."""


def check(store: Store, references: Iterable[Reference], threads: int | None = None) -> Iterator[Result]:
    """Hash objects in as many threads as there are processors; each is told as soon as it is done.

    The large ones, and those of unknown size, are hashed by threads of their own, the small ones here:
    several threads take longer for those than one.

    Parameters
    ----------
    store
        Where they are; nothing may be put meanwhile.
    references
        The objects, each once.
    threads
        How many; as many as there are processors by default.

    Returns
    -------
    iterator of tuple of Digest and LedgerError or None
        In no order.
    """
    small: list[Digest] = []
    large: list[tuple[int, Digest]] = []
    for each in references:
        if each.size is not None and each.size < _LARGE:
            small.append(each.digest)
        else:
            large.append((each.size or 0, each.digest))
    large.sort(reverse=True)  # the longest first, or one thread ends long after the others
    count = min(len(large), processors.allowed() if threads is None else threads)
    if count < 2:
        for digest in (*(digest for _, digest in large), *small):
            yield digest, _problem(store, digest)
        return
    work = _Threads(store, (digest for _, digest in large), count)
    try:
        for digest in small:
            yield digest, _problem(store, digest)
            yield from work.done()
        yield from work.rest()
    finally:
        work.stop()


class _Threads:
    """Threads that hash what they are given; they die with the process, and stop between two objects."""

    def __init__(self, store: Store, digests: Iterator[Digest], count: int) -> None:
        self._store = store
        self._digests = digests
        self._taking = threading.Lock()
        self._stopped = False
        self._results: SimpleQueue[Result | BaseException | None] = SimpleQueue()
        self._running = count
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def done(self) -> Iterator[Result]:
        """What has been hashed by now."""
        while not self._results.empty():
            yield from self._next()

    def rest(self) -> Iterator[Result]:
        """All others, as they come."""
        while self._running:
            yield from self._next()

    def stop(self) -> None:
        """Let no thread take another object."""
        self._stopped = True

    def _next(self) -> Iterator[Result]:
        result = self._results.get()
        if result is None:
            self._running -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result

    def _work(self) -> None:
        try:
            while (digest := self._take()) is not None:
                self._results.put((digest, _problem(self._store, digest)))
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are awaited
            self._results.put(error)
        finally:
            self._results.put(None)

    def _take(self) -> Digest | None:
        with self._taking:
            return None if self._stopped else next(self._digests, None)


def _problem(store: Store, digest: Digest) -> LedgerError | None:
    try:
        store.check(digest)
    except LedgerError as error:
        return error
    return None
