"""Objects on their way to a remote: each that it lacks, once, many at a time."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import BinaryIO, TypeVar

from ledger.errors import DamagedError, FormatError, NotFoundError
from ledger.model import Digest, Notice
from ledger.ops import mentions
from ledger.ops.mentions import Mention
from ledger.ops.transfer import SMALL, Progress
from ledger.remotes import names
from ledger.remotes.note import Note
from ledger.remotes.remote import Remote, at_once
from ledger.store.base import Store

T = TypeVar("T")

_BATCH = 4000
"""Objects after which those sent are made durable and noted."""
_BLIND = 1 << 16
"""Bytes up to which sending one again costs no more than asking for it."""


class Sending:
    """Sends objects.

    Parameters
    ----------
    store
        Where they are.
    remote
        Where to.
    note
        What is known to be there.
    progress
        Called as it goes.
    look
        Whether the remote may have some that are not noted.
    full
        Whether to look for every one of them, noted or not.
    """

    def __init__(
        self, store: Store, remote: Remote, note: Note, progress: Progress, *, look: bool, full: bool
    ) -> None:
        self._store = store
        self._remote = remote
        self._note = note
        self._progress = progress
        self._look = look
        self._full = full
        self._absent: list[Digest] = []
        self._damaged: list[Digest] = []
        self._done = self._known = 0
        self.objects = 0
        self.bytes = 0

    def send(self, wanted: Iterable[Mention]) -> None:
        """Send what some entries mention, and what lists among it list.

        What is not whole here is left out, and tried again the next time; so is now what was left out before.
        """
        waiting = self._note.left()
        back = self._store.present(waiting)
        again = (Mention(each, mentions.MOST_NOUN, waiting[each]) for each in back)
        plain: set[Digest] = set()
        lists: dict[Digest, None] = {}
        for each in chain(wanted, again):
            if each.manifest:
                lists[each.digest] = None
            else:
                plain.add(each.digest)
        for digest in lists:
            try:
                plain.update(each.digest for each in mentions.of_manifest(self._store.get(digest)))
            except (NotFoundError, DamagedError, FormatError):
                continue  # what it lists cannot be told; it is counted as missing or damaged below
        plain.update(lists)
        left = plain if self._full else plain - self._note.there(plain)
        self._known = len(left)
        here = self._store.present(left)
        self._absent = [each for each in left - here if not self._store.has(each)]
        chosen = sorted(left.difference(self._absent))
        for start in range(0, len(chosen), _BATCH):
            self._send_batch(chosen[start : start + _BATCH])
        still = {digest: manifest for digest, manifest in waiting.items() if digest not in back}
        self._note.set_left(still | {each: each in lists for each in (*self._absent, *self._damaged)})

    def notices(self, name: str) -> Iterator[Notice]:
        """What could not be sent; of what was left out before, only what is damaged by now."""
        for digests, what, why in (
            (self._absent, "remote.absent", "not here any more, so they were not pushed"),
            (self._damaged, "remote.damaged", "damaged here, so they were not pushed: ledger verify"),
        ):
            if digests:
                some = ", ".join(each.short for each in digests[:5])
                detail = (
                    f"{len(digests)} objects are {why} ({some}); a push sends them once they are whole here"
                )
                yield Notice(what=what, where=name, detail=detail)

    def _send_batch(self, batch: list[Digest]) -> None:
        sent: list[Digest] = []

        def done(found: tuple[Digest, int]) -> None:
            digest, size = found
            sent.append(digest)
            self._count(size)

        at_once(self._tasks(batch, done), self._remote.transport.parallel, done)
        self._remote.transport.flush()
        self._note.add(sent)

    def _tasks(self, batch: list[Digest], done: Callable[[tuple[Digest, int]], None]) -> Iterator["_Task"]:
        for digest in batch:
            size = self._here(digest, self._store.size)
            if size is None:
                continue
            if size > SMALL:
                self._send_large(digest, size, done)
            elif (content := self._here(digest, self._store.get)) is not None:
                yield _Task(self._remote, digest, content, self._asks(size))

    def _send_large(self, digest: Digest, size: int, done: Callable[[tuple[Digest, int]], None]) -> None:
        """In this thread: a store belongs to one, and a large object has threads of its own on its way."""
        name = names.of_object(digest)
        if self._look and self._remote.transport.size(name) == size:
            done((digest, -1))
        elif (source := self._here(digest, self._checked)) is not None:
            with source:
                self._remote.transport.put_from(name, source, size)
            done((digest, size))

    def _checked(self, digest: Digest) -> BinaryIO:
        self._store.check(digest)
        return self._store.open(digest)

    def _here(self, digest: Digest, read: Callable[[Digest], T]) -> T | None:
        """What `read` gives of an object; None if it is not whole here, which is told.

        Only the store is asked in here: what a remote has not is never taken for what is missing here.
        """
        try:
            return read(digest)
        except NotFoundError:
            self._absent.append(digest)
        except DamagedError:
            self._damaged.append(digest)
        return None

    def _asks(self, size: int) -> bool:
        return self._full or (self._look and size > _BLIND)

    def _count(self, size: int) -> None:
        self._done += 1
        if size >= 0:
            self.objects += 1
            self.bytes += size
        self._progress("objects", self._done, self._known)


class _Task:
    """Sends one object."""

    def __init__(self, remote: Remote, digest: Digest, content: bytes, asks: bool) -> None:
        self._remote, self._digest, self._content, self._asks = remote, digest, content, asks
        self.weight = len(content)

    def __call__(self) -> tuple[Digest, int]:
        name, size = names.of_object(self._digest), len(self._content)
        if self._asks and self._remote.transport.size(name) == size:
            return self._digest, -1
        self._remote.transport.put(name, self._content)
        return self._digest, size
