"""A remote: heads, logs and objects behind a transport, each checked where it is read."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from blake3 import blake3

from ledger.errors import DamagedError, NotFoundError, RemoteError
from ledger.model import Digest, OriginHead
from ledger.remotes import forms, names
from ledger.remotes.base import Transport, too_large
from ledger.remotes.names import Span

T = TypeVar("T")
Given = TypeVar("Given", covariant=True)

_AHEAD = 3
"""Tasks that wait for each that is being done."""
_MOST_HELD = 128 << 20
"""Bytes of what is on its way."""


class Heads(NamedTuple):
    """What a remote says that it has."""

    of: dict[bytes, tuple[OriginHead, ...]]
    """By origin, the smallest first; of two of one size, no order."""
    signatures: frozenset[Digest]
    """Names of signatures of heads."""
    strange: tuple[str, ...]
    """Names that are no head's: nothing is done with them."""


class Remote:
    """A ledger's remote.

    Parameters
    ----------
    transport
        Reaches it.
    id
        Its own, 16 bytes, by which it is told from another one at the same place.
    """

    def __init__(self, transport: Transport, id: bytes) -> None:
        self.transport = transport
        self.id = id

    def heads(self) -> Heads:
        """All heads and signatures, in one listing; their contents are not read."""
        found: dict[bytes, list[OriginHead]] = {}
        signatures, strange = [], []
        for blob in self.transport.listed(names.HEADS):
            if head := names.head_of(blob.name):
                found.setdefault(head.origin, []).append(head)
            elif signature := names.signature_of(blob.name):
                signatures.append(signature)
            else:
                strange.append(blob.name)
        by_size = {origin: tuple(sorted(each, key=lambda head: head.size)) for origin, each in found.items()}
        return Heads(of=by_size, signatures=frozenset(signatures), strange=tuple(strange))

    def check_head(self, head: OriginHead) -> None:
        """Read a head. Raises NotFoundError, DamagedError, NewerFormatError, RemoteError."""
        name = names.of_head(head)
        content = self.transport.get(name, 16 * forms.HEAD_BYTES)
        forms.check_head(head, content, self._where(name))

    def put_head(self, head: OriginHead, outdated: Iterable[OriginHead]) -> None:
        """Tell of entries that are all there; then take away heads that it stands in for."""
        content = forms.encode_head(head)
        if not self.transport.create(names.of_head(head), content):
            self.check_head(head)  # one's own, whose answer was lost, or another machine's: the same
        for each in outdated:
            try:
                self.transport.delete(names.of_head(each))
            except RemoteError:
                return  # where nothing may be removed, heads only grow more: the greatest one counts

    def spans(self, origin: bytes) -> list[Span]:
        """All segments of a log, by position."""
        listed = (names.span_of(blob.name) for blob in self.transport.listed(names.segments_of(origin)))
        return sorted((each for each in listed if each), key=lambda span: (span.first, span.end, span.root))

    def put_segment(self, span: Span, bodies: list[bytes]) -> None:
        """Store entries; nothing if they are there, which is read."""
        if not self.transport.create(names.of_segment(span), forms.encode_segment(span, bodies)):
            there = self.segment(span)
            if there != bodies:
                raise DamagedError(
                    f"{self._where(names.of_segment(span))} holds other entries",
                    cause=f"expected those whose root is {span.root}",
                )

    def segment(self, span: Span) -> list[bytes]:
        """Bodies of a segment. Raises NotFoundError, DamagedError, NewerFormatError, RemoteError."""
        name = names.of_segment(span)
        content = self.transport.get(name, forms.MOST_BYTES)
        return forms.decode_segment(span, content, self._where(name))

    def fetch(self, digest: Digest, most: int, path: Path) -> int:
        """Write an object of at most `most` bytes to the new file `path`, hashed; how many it has.

        Raises
        ------
        NotFoundError
            If it is not there.
        DamagedError
            If it has more bytes, or others. What came of it is in the file, as after any error.
        RemoteError
            If it cannot be read.
        OSError
            If the disk here refuses.
        """
        name = names.of_object(digest)
        hasher, size = blake3(), 0
        with open(path, "xb") as file:
            for block in self.transport.blocks(name):
                size += len(block)
                if size > most:
                    raise too_large(self.transport.url, name, most, size)
                hasher.update(block)
                file.write(block)
        if (got := Digest(hasher.digest())) != digest:
            cause = f"expected {digest}, got {got} ({size} bytes)"
            raise DamagedError(f"{self._where(name)} is damaged", cause=cause)
        return size

    def put_signature(self, digest: Digest, content: bytes) -> None:
        """Store a signature; nothing if it is there."""
        self.transport.create(names.of_signature(digest), content)

    def signature(self, digest: Digest) -> bytes:
        """Bytes of a signature. Raises NotFoundError, DamagedError, RemoteError."""
        name = names.of_signature(digest)
        content = self.transport.get(name, forms.MOST_SIGNATURE)
        if Digest.of(content) != digest:
            raise DamagedError(
                f"{self._where(name)} is damaged", cause=f"expected {digest}, got {Digest.of(content)}"
            )
        return content

    def _where(self, name: str) -> str:
        return f"{self.transport.url.rstrip('/')}/{name}"


def opened(transport: Transport) -> Remote:
    """The remote behind a transport.

    Raises
    ------
    NotFoundError
        If nothing was pushed there yet.
    DamagedError
        If it is no ledger's.
    NewerFormatError
        If a later release made it.
    RemoteError
        If it cannot be reached.
    """
    try:
        content = transport.get(names.FORMAT, forms.MOST_MARKER)
    except NotFoundError as error:
        raise NotFoundError(
            f"no ledger at {transport.url}",
            cause="it has no blob format",
            hint="share one there first: ledger remote add NAME URL",
        ) from error
    return Remote(transport, forms.decode_marker(content, transport.url))


def made(transport: Transport) -> Remote:
    """The remote behind a transport, made where there is none. Raises as `opened`."""
    try:
        return opened(transport)
    except NotFoundError:
        transport.create(names.FORMAT, forms.encode_marker(os.urandom(16)))
        return opened(transport)  # whoever was first


class Task(Protocol[Given]):
    """Something to be done in a thread."""

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes until it is done."""
        ...

    def __call__(self) -> Given:
        """Do it."""
        ...


def at_once(tasks: Iterable[Task[T]], workers: int, done: Callable[[T], Any]) -> None:
    """Do tasks in threads; each result is passed on, here, as it comes.

    Tasks are made one by one, a few ahead of what the workers have in hand, as memory allows. The first one
    that fails ends all: what had begun is waited for, and its error raised.
    """
    with ThreadPoolExecutor(workers) as pool:
        pending: dict[Future[T], int] = {}
        try:
            for task in tasks:
                weight = task.weight
                while pending and (
                    len(pending) >= workers * _AHEAD or sum(pending.values()) + weight > _MOST_HELD
                ):
                    finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for each in finished:
                        del pending[each]
                        done(each.result())
                pending[pool.submit(task)] = weight
            for each in pending:
                done(each.result())
        except BaseException:
            for each in pending:
                each.cancel()
            raise


def in_order(tasks: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """Do tasks in threads, a few ahead; their results, in the tasks' order."""
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[T]] = deque()
        try:
            for task in tasks:
                pending.append(pool.submit(task))
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for each in pending:
                each.cancel()
