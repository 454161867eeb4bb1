"""One log as it was at one moment: what a reader opens, without waiting for writers."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ledger import fs
from ledger.errors import DamagedError
from ledger.journal import state
from ledger.journal.rows import Row
from ledger.journal.state import HeadRecord, SealedRecord, SegmentRecord
from ledger.journal.tail import Chain, follow, scan
from ledger.model import Digest, layout

if TYPE_CHECKING:
    import pyarrow

_LOOKS = 100

T = TypeVar("T")


class Part(NamedTuple):
    """A sealed segment."""

    path: Path
    first: int
    end: int
    """Position behind its last entry."""
    digest: Digest | None
    """What ``sealed`` says of the file; None where it does not say."""
    content: bytes | mmap | None
    """None where the file is missing."""

    @property
    def whole(self) -> bool:
        """Whether the file is as it was sealed."""
        return self.content is not None and self.digest == Digest.of(memoryview(self.content))


class View(NamedTuple):
    """An open log; what it holds stays readable whatever a seal removes."""

    log: Path
    head: HeadRecord | None
    """None where it is missing or damaged."""
    sealed: SealedRecord | None
    """None where it is missing or damaged."""
    parts: tuple[Part, ...]
    """In order."""
    first: int
    """Position at which the tail begins."""
    tail: int | None
    """Descriptor of the tail; None where there is none."""
    length: int
    """Bytes of the tail."""

    def chain(self) -> Chain:
        """What the tail holds."""
        items = scan(self.tail, 0, self.length) if self.tail is not None else ()
        return follow(items, expected=self.first, start=0)

    def rows(self) -> Iterator[Row]:
        """Every whole entry, in order."""
        for part in self.parts:
            yield from part_rows(part)
        yield from self.tail_rows()

    def tail_rows(self) -> Iterator[Row]:
        """The tail's whole entries, in order; not those that a segment has."""
        end = self.parts[-1].end if self.parts else 0
        for frame in self.chain().frames:
            if frame.body is not None and frame.seq >= end:
                yield Row(frame.seq, frame.leaf, frame.body)


@contextmanager
def opened(log: Path, *, still: bool = False) -> Iterator[View]:
    """Open the log as it is now.

    Parameters
    ----------
    log
        The log's directory.
    still
        Keep writers out while it is opened (not while it is read), where the lock can be had.

    Raises
    ------
    NewerFormatError
        If a later release wrote it.
    OSError
        If it cannot be read.
    """
    lock = _still(log) if still else None
    try:
        view = _open(log)
    finally:
        if lock is not None:
            fs.release(lock)
    try:
        yield view
    finally:
        if view.tail is not None:
            os.close(view.tail)


def part_rows(part: Part) -> Iterator[Row]:
    """The whole entries of a segment; of a damaged one, those that can be saved."""
    from ledger.journal import arrow
    from ledger.journal.ipc import DAMAGE, Reader

    last = part.first - 1
    if part.content is not None and part.whole:
        try:
            for batch in Reader(part.content, arrow.STORED):
                for row in arrow.rows(batch):
                    if row.whole:
                        last = row.seq
                        yield row
            return
        except DAMAGE:
            pass  # sealed as it is, but no segment: as a damaged one
    if part.content is not None:
        from ledger.journal.salvage import salvage

        yield from (row for row in salvage(part.content, part.first, part.end) if row.seq > last)


def part_batches(part: Part) -> "Iterator[pyarrow.RecordBatch]":
    """The same entries as columns."""
    from ledger.journal import arrow, ipc

    last = part.first - 1
    if part.content is not None and part.whole:
        try:
            for batch in arrow.checked(part.content):
                yield batch
                last += batch.num_rows
            return
        except ipc.DAMAGE:
            pass  # sealed as it is, but no segment: as a damaged one
    yield from arrow.batches(row for row in part_rows(part) if row.seq > last)


def _open(log: Path) -> View:
    view = _attempt(log)
    for _ in range(_LOOKS):
        # A seal or merge that ran meanwhile has rewritten `sealed` before it removed a file.
        if _sheet(state.read_sealed, log) == view.sealed:
            break
        if view.tail is not None:
            os.close(view.tail)
        view = _attempt(log)
    return view


def _attempt(log: Path) -> View:
    head, sealed = _sheet(state.read_head, log), _sheet(state.read_sealed, log)
    if sealed and not (head and head.first > sealed.frontier.size):
        spans, first = sealed.segments, sealed.frontier.size
    else:
        spans, first = _listed(log, head)
    parts = tuple(_part(log, span) for span in spans)
    tail, length = _tail(log, first)
    return View(log=log, head=head, sealed=sealed, parts=parts, first=first, tail=tail, length=length)


def _listed(log: Path, head: HeadRecord | None) -> tuple[tuple[SegmentRecord, ...], int]:
    """Segments and the tail's first position by their names, where ``sealed`` does not tell."""
    names = os.listdir(log)
    limit = head.first if head else sys.maxsize  # what a seal that died has left is still in the tail
    spans = sorted(span for name in names if (span := layout.segment_span(name)) and span[1] <= limit)
    chosen: list[SegmentRecord] = []
    position = 0
    while following := [span for span in spans if span[0] >= position and span[1] > span[0]]:
        first = following[0][0]
        position = max(end for start, end in following if start == first)
        chosen.append(SegmentRecord(first=first, end=position, digest=None))
    tails = [number for name in names if (number := layout.tail_first(name)) is not None]
    return tuple(chosen), head.first if head else max(tails, default=position)


def _part(log: Path, span: SegmentRecord) -> Part:
    path = layout.segment(log, span.first, span.end)
    return Part(path=path, first=span.first, end=span.end, digest=span.digest, content=_mapped(path))


def _mapped(path: Path) -> bytes | mmap | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        size = os.fstat(descriptor).st_size
        return mmap(descriptor, size, access=ACCESS_READ) if size else b""
    finally:
        os.close(descriptor)


def _tail(log: Path, first: int) -> tuple[int | None, int]:
    try:
        descriptor = os.open(layout.tail(log, first), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, 0
    return descriptor, os.fstat(descriptor).st_size


def _sheet(read: Callable[[Path], T | None], log: Path) -> T | None:
    try:
        return read(log)
    except DamagedError:
        return None  # verify names it; readers go by what else there is


def _still(log: Path) -> int | None:
    """A descriptor that keeps writers out; None where the lock cannot be had."""
    try:
        descriptor = os.open(layout.log_lock(log), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # nobody has written here yet, or it cannot be read: the look without it is checked, too
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor
