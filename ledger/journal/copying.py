"""Logs as they are copied from ledger to ledger: read verbatim, and grown by what another ledger has."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from ledger import fs
from ledger.errors import DamagedError
from ledger.journal import log as logs
from ledger.journal import state
from ledger.journal.log import Standing
from ledger.journal.merkle import EMPTY, Frontier
from ledger.journal.rows import Facts, Row
from ledger.journal.state import HeadRecord, SealedRecord, SegmentRecord
from ledger.journal.tree import StoredLeaves, lost
from ledger.journal.view import opened, part_rows
from ledger.model import Digest, layout


class Part(NamedTuple):
    """Entries that follow one another, as one segment will hold them."""

    rows: Sequence[Row]
    facts: Sequence[Facts]
    """What the columns need of each."""
    frontier: Frontier
    """Of the log up to the last of them."""


def durable(log: Path) -> Standing:
    """How the log stands, all of it durable: what another ledger is told of is not lost here any more.

    Raises
    ------
    DamagedError
        If it has lost something.
    NewerFormatError
        If a later release wrote it.
    OSError
        If it cannot be read or synced.
    """
    now = logs.look(log)
    if now.unsound:
        raise DamagedError(
            f"journal/{log.name} has lost entries", cause=now.unsound, hint="see all of it: ledger verify"
        )
    if now.offset:
        try:
            fs.sync_file(layout.tail(log, now.first))
        except FileNotFoundError:
            pass  # it was sealed meanwhile, which has synced it
    return now


def leaves(log: Path, size: int) -> list[bytes]:
    """The first `size` leaves.

    Raises
    ------
    DamagedError
        If one of them is not to be had, or may not be what it was.
    """
    with opened(log) as now:
        stored = StoredLeaves(now)
        found = stored(0, size)
        if not stored.is_sound(size):
            raise lost(log.name, 0, size, 0)
        return found


def rows(log: Path, first: int, size: int) -> Iterator[Row]:
    """The entries of positions `first` to `size` - 1, as they are stored.

    Raises
    ------
    DamagedError
        If one of them is damaged or missing; those in front of it were told.
    """
    expected = first
    with opened(log) as now:
        for part in now.parts:
            if part.end <= first:
                continue
            for row in part_rows(part):
                if row.seq >= first:
                    yield _next(log, row, expected)
                    expected += 1
                if expected == size:
                    return
        for row in now.tail_rows():
            if row.seq >= first:
                yield _next(log, row, expected)
                expected += 1
            if expected == size:
                return
    if expected < size:
        raise _lost(log, expected)


class Adoption:
    """Lets a log go on with entries that another ledger has of it: all of them, durably, or none.

    Whoever uses one as a context leaves nothing half-made behind.

    Parameters
    ----------
    ledger
        The ledger directory.
    origin
        The log's; it is made where there is none.
    admit
        Called before a segment gets its name, to raise the version of the directory's format.
    """

    def __init__(self, ledger: Path, origin: bytes, admit: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._admit = admit
        self._log = layout.log(ledger, origin)
        self._segments: list[tuple[Path, SegmentRecord]] = []
        self._frontier = EMPTY

    def __enter__(self) -> "Adoption":
        return self

    def __exit__(self, *_: object) -> None:
        for temporary, _segment in self._segments:
            temporary.unlink(missing_ok=True)

    def add(self, part: Part) -> None:
        """Take entries, each part behind the one before; the log does not have them yet.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        from ledger.journal import arrow  # with pyarrow, of which a push of fresh entries has no need

        end = part.frontier.size
        first = end - len(part.rows)
        described = arrow.metadata(bytes.fromhex(self._log.name), first, end, part.frontier.root())
        fs.make_directory(layout.temporary(self._ledger))
        temporary = layout.temporary(self._ledger) / f"segment.{os.urandom(8).hex()}"
        self._segments.append((temporary, SegmentRecord(first=first, end=end, digest=None)))
        arrow.write(temporary, arrow.batches(part.rows, iter(part.facts)), described)
        fs.sync_file(temporary)
        digest = Digest(blake3().update_mmap(temporary).digest())
        self._segments[-1] = temporary, SegmentRecord(first=first, end=end, digest=digest)
        self._frontier = part.frontier

    def commit(self, base: int) -> bool:
        """Give the log what was taken.

        Parameters
        ----------
        base
            Entries in front of the first one that was taken.

        Returns
        -------
        bool
            False, and nothing was done, where the log is not as long as that any more.

        Raises
        ------
        DamagedError
            If the log is damaged: it stays as it is.
        OSError
            If the disk refuses; the log is then as it was.
        """
        from ledger.journal.seal import seal

        log = self._log
        fs.make_directory(layout.journal(self._ledger))
        fs.make_directory(layout.origins(self._ledger))
        with fs.locked(layout.origins_lock(self._ledger)):
            if not log.is_dir():
                fs.remove_tree(log.with_name(f".{log.name}"))  # of one who died making it
                logs.create(log)
        seal(log, lambda: None, self._admit)
        with fs.locked(layout.log_lock(log)):
            now = logs.standing(log)
            if now.unsound or (now.size == base and now.first != base):  # what is damaged is never sealed
                raise DamagedError(
                    f"journal/{log.name} is damaged",
                    cause=now.unsound or "its tail cannot be sealed",
                    hint="see all of it: ledger verify",
                )
            if now.size != base:
                return False
            self._admit()
            _take(log, now, self._segments, self._frontier)
        seal(log, lambda: None, self._admit)  # merges small segments
        return True


def _take(log: Path, now: Standing, segments: list[tuple[Path, SegmentRecord]], frontier: Frontier) -> None:
    for temporary, each in segments:
        temporary.replace(layout.segment(log, each.first, each.end))
    fs.sync_directory(log)
    before = now.sealed.segments if now.sealed else ()
    sealed = SealedRecord(frontier=frontier, segments=(*before, *(each for _, each in segments)))
    fs.replace(layout.log_sealed(log), state.encode_sealed(sealed))
    state.write_head(log, HeadRecord(frontier=frontier, first=frontier.size, offset=0), sync=True)


def _next(log: Path, row: Row, expected: int) -> Row:
    if row.seq != expected:
        raise _lost(log, expected)
    return row


def _lost(log: Path, seq: int) -> DamagedError:
    return DamagedError(
        f"entry {seq} of journal/{log.name} is damaged or missing",
        cause="expected bytes that hash to its id, got others or none",
        hint="see all that is: ledger verify",
    )
