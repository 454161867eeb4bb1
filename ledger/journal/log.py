"""One origin's log on disk: where it stands."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger import fs
from ledger.errors import DamagedError
from ledger.journal import state
from ledger.journal.merkle import Frontier
from ledger.journal.state import HeadRecord, SealedRecord
from ledger.journal.tail import Chain, follow, scan
from ledger.model import layout

_LOOKS = 5

T = TypeVar("T")


class UnsoundError(DamagedError):
    """A log that has lost something: nothing may be appended to it any more."""


class Standing(NamedTuple):
    """How a log stands."""

    frontier: Frontier
    """Of all entries that are there."""
    first: int
    """Position at which the tail begins."""
    offset: int
    """Bytes of the tail up to the end of the last whole frame."""
    length: int
    """Bytes of the tail; what lies beyond `offset` is a torn end."""
    sealed: SealedRecord | None
    """What the file says; None where there is none or it is damaged."""
    head: HeadRecord | None
    """What the file says; None where there is none or it is damaged."""
    unsound: str | None = None
    """Why nothing may be appended."""

    @property
    def size(self) -> int:
        """Entries."""
        return self.frontier.size

    def record(self) -> HeadRecord:
        """What ``head`` may say once all of this is durable."""
        return HeadRecord(frontier=self.frontier, first=self.first, offset=self.offset)


def create(log: Path) -> None:
    """Make an empty log, durably and in one step: nobody sees one without its ``head``."""
    fs.make_directory(log.parent)
    unnamed = log.with_name(f".{log.name}")
    unnamed.mkdir()
    empty = HeadRecord(frontier=Frontier(), first=0, offset=0)
    fs.create(layout.log_head(unnamed), state.encode_head(empty))
    unnamed.rename(log)
    fs.sync_directory(log.parent)


def standing(log: Path) -> Standing:
    """How the log stands: exactly, where its lock is held.

    Raises
    ------
    NewerFormatError
        If a later release wrote it.
    OSError
        If it cannot be read.
    """
    # 1. `sealed` is durable before `head` tells of it; so the later of the two says where the tail begins.
    head, _ = _or_damaged(state.read_head, log)
    sealed, sealed_is_whole = _or_damaged(state.read_sealed, log)
    sealed_base = sealed.frontier if sealed else Frontier()
    doubt = None
    if head and head.first >= sealed_base.size:
        base, first, offset = head.frontier, head.first, head.offset
    else:
        base, first, offset = sealed_base, sealed_base.size, 0
        if not sealed and (not sealed_is_whole or _was_sealed(log)):
            doubt = "neither head nor sealed can be read"
        elif head and head.frontier.size > sealed_base.size:
            doubt = f"head tells of {head.frontier.size} entries, sealed of {sealed_base.size}"
    # 2. The rest is in frames.
    length, chain = _beyond(log, first, base.size, offset)
    if length < offset:
        doubt = f"the tail should hold {offset} bytes, it holds {length}"
        base = sealed_base if sealed_base.size == first else Frontier()
        _, chain = _beyond(log, first, first, 0)
    elif length > chain.end and offset and _beyond(log, first, first, 0)[1].end > chain.end:
        doubt = f"an entry lies across byte {chain.end} of the tail, where one should end"
    if not chain.dense:
        doubt = f"entry {chain.missing[0].start} is missing in front of later ones"
    leaves = (frame.leaf for frame in chain.frames if not chain.missing or frame.seq < chain.missing[0].start)
    return Standing(
        frontier=base.extend(leaves) if base.size >= first else base,
        first=first,
        offset=chain.end,
        length=length,
        sealed=sealed,
        head=head,
        unsound=doubt,
    )


def look(log: Path) -> Standing:
    """How the log stands, without its lock: some prefix that a writer may already have gone beyond.

    Raises as `standing`.
    """
    now = standing(log)
    for attempt in range(_LOOKS):
        if not now.unsound:
            break
        time.sleep(0.001 * attempt)  # a seal between two reads looks like a loss: look again
        now = standing(log)
    return now


def _beyond(log: Path, first: int, expected: int, offset: int) -> tuple[int, Chain]:
    """Length of the tail, and what it holds from `offset` on."""
    try:
        descriptor = os.open(layout.tail(log, first), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0, follow((), expected=expected, start=0)
    try:
        length = os.fstat(descriptor).st_size
        return length, follow(scan(descriptor, offset, length), expected=expected, start=offset)
    finally:
        os.close(descriptor)


def _or_damaged(read: Callable[[Path], T | None], log: Path) -> tuple[T | None, bool]:
    """What a sheet says, and whether it was no damaged one."""
    try:
        return read(log), True
    except DamagedError:
        return None, False


def _was_sealed(log: Path) -> bool:
    return any(layout.segment_span(name) or layout.tail_first(name) for name in os.listdir(log))
