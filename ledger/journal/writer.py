"""Appending to one log, again and again: what the last append knew is used as long as it is still true."""

import fcntl
import os
from _thread import allocate_lock  # threading and weakref take two milliseconds to import
from _weakrefset import WeakSet
from pathlib import Path
from typing import NamedTuple

from ledger import fs
from ledger.errors import DamagedError
from ledger.journal import log as logs
from ledger.journal import state
from ledger.journal.log import UnsoundError
from ledger.journal.merkle import Frontier
from ledger.journal.state import HeadRecord
from ledger.journal.tail import encode_frame, follow, scan
from ledger.model import Digest, layout

_MOST_HEAD = 1 << 12
"""Bytes; 64 peaks of 32 bytes and little else."""


class Written(NamedTuple):
    """An entry in a tail, not yet durable."""

    tail: "Descriptor"
    """To be synced."""
    seq: int
    """The entry's position."""
    record: HeadRecord
    """What ``head`` may say once it is durable."""


class Descriptor:
    """An open file that is closed when nobody needs it any more, be it a thread that still syncs it."""

    __slots__ = ("identity", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        found = os.fstat(number)
        self.identity = (found.st_dev, found.st_ino)

    def look(self) -> os.stat_result | None:
        """The file as it is; None if it has no name any more, or the number is not its own by now."""
        found = self._found()
        return found if found is not None and found.st_nlink else None

    def close(self) -> None:
        """Close it now, unless the program has done so."""
        if self._found() is not None:
            os.close(self.number)
        self.number = -1

    def __del__(self) -> None:
        self.close()

    def _found(self) -> os.stat_result | None:
        if self.number >= 0:
            try:
                found = os.fstat(self.number)
                if (found.st_dev, found.st_ino) == self.identity:
                    return found
            except OSError:
                pass  # the program has closed it
            self.number = -1
        return None


class _Known(NamedTuple):
    """A log as an append has left it."""

    tail: Descriptor
    head: Descriptor
    first: int
    """Position at which the tail begins."""
    frontier: Frontier
    """Of all entries that were there."""
    offset: int
    """Bytes of the tail that hold them."""
    told: bytes
    """Content of ``head``."""
    sealed: tuple[int, ...]
    """Tells one file ``sealed`` from another."""


class Writer:
    """Appends to a log and keeps its files open; several threads may use it.

    A forked child lets go of what it inherits: a lock that two processes share excludes neither.

    Parameters
    ----------
    log
        The log's directory.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self._sealed = os.fspath(layout.log_sealed(log))
        self._turn = allocate_lock()
        self._lock: Descriptor | None = None
        self._known: _Known | None = None
        _writers.add(self)

    def write(self, body: bytes, leaf: Digest) -> Written:
        """Write an entry at the log's end; it is not durable yet, and the lock is free again.

        Raises
        ------
        UnsoundError
            If the log has lost something.
        NewerFormatError
            If a later release wrote the log.
        StorageError
            If the entry is too large.
        OSError
            If the disk refuses; the entry is then not there.
        """
        with self._turn:
            lock = self._locked()
            try:
                return self._write(lock, body, leaf)
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)

    def publish(self, record: HeadRecord) -> None:
        """Let ``head`` tell of what is durable by now; where another writer is busy, it will do so.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        with self._turn:
            known, lock = self._known, self._lock
            if known is None or lock is None or known.first != record.first:
                return  # the tail was sealed since, which has told of it
            try:
                fcntl.flock(lock.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            try:
                self._publish(known, record)
            finally:
                fcntl.flock(lock.number, fcntl.LOCK_UN)

    def forget(self) -> None:
        """Close all files; the next append looks at everything anew."""
        if self._lock is not None:
            self._lock.close()
        if self._known is not None:
            self._known.tail.close()
            self._known.head.close()
        self._lock = self._known = None
        self._turn = allocate_lock()

    def _locked(self) -> int:
        """Take the lock that lies there now: one whose file was removed keeps nobody out."""
        while True:
            if self._lock is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._lock = Descriptor(os.open(layout.log_lock(self.log), flags, 0o644))
            lock = self._lock
            if lock.look() is not None:
                fcntl.flock(lock.number, fcntl.LOCK_EX)
                if lock.look() is not None:
                    return lock.number
                fcntl.flock(lock.number, fcntl.LOCK_UN)
            self._lock = self._known = None
            del lock  # closed before another file gets its number

    def _write(self, lock: int, body: bytes, leaf: Digest) -> Written:
        known = self._known and self._brought_up(lock, self._known)
        self._known = None
        if known is None:
            known = self._anew()
        frame = encode_frame(known.frontier.size, leaf, body)
        tail, offset = known.tail.number, known.offset
        os.lseek(tail, offset, os.SEEK_SET)
        try:
            fs.write_all(tail, frame)
        except BaseException:
            os.ftruncate(tail, offset)
            raise
        seq = known.frontier.size
        known = known._replace(frontier=known.frontier.append(leaf), offset=offset + len(frame))
        self._known = known
        record = HeadRecord(frontier=known.frontier, first=known.first, offset=known.offset)
        try:
            os.pwrite(lock, state.encode_relay(record), 0)
        except OSError:
            self._known = None  # the entry is there: the next one, too, reads it from the tail
        return Written(tail=known.tail, seq=seq, record=record)

    def _anew(self) -> _Known:
        """The log as its files tell, its torn end cut off."""
        sealed = _identity(self._sealed)
        now = logs.standing(self.log)
        if now.unsound:
            raise UnsoundError(f"journal/{self.log.name} has lost entries", cause=now.unsound)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        tail = Descriptor(os.open(layout.tail(self.log, now.first), flags, 0o644))
        if now.length > now.offset:
            os.ftruncate(tail.number, now.offset)
        if now.offset == 0:
            fs.sync_directory(self.log)  # whoever writes the first frame makes the file's name durable
        head = Descriptor(os.open(layout.log_head(self.log), flags, 0o644))
        told = os.pread(head.number, _MOST_HEAD, 0)
        return _Known(
            tail=tail,
            head=head,
            first=now.first,
            frontier=now.frontier,
            offset=now.offset,
            told=told,
            sealed=sealed,
        )

    def _brought_up(self, lock: int, known: _Known) -> _Known | None:
        """What it is after all that others have appended; None if anything else has changed."""
        tail = known.tail.look()
        if tail is None or tail.st_size < known.offset or known.head.look() is None:
            return None
        if _identity(self._sealed) != known.sealed:
            return None  # a seal that died on its way may have left the tail
        told = os.pread(known.head.number, _MOST_HEAD, 0)
        if told != known.told:
            head = _position(told)
            if head is None or head[0] != known.first:
                return None
            known = known._replace(told=told)
        if tail.st_size == known.offset:
            return known
        relay = state.decode_relay(os.pread(lock, _MOST_HEAD, 0))
        if relay and (relay.first, relay.offset) == (known.first, tail.st_size):
            return known._replace(frontier=relay.frontier, offset=relay.offset)
        # Its writer has died, or is of another release.
        items = scan(known.tail.number, known.offset, tail.st_size)
        chain = follow(items, expected=known.frontier.size, start=known.offset)
        if chain.strays or chain.missing or chain.end != tail.st_size:
            return None
        frontier = known.frontier.extend(frame.leaf for frame in chain.frames)
        return known._replace(frontier=frontier, offset=chain.end)

    def _publish(self, known: _Known, record: HeadRecord) -> None:
        told = os.pread(known.head.number, _MOST_HEAD, 0)
        if told != known.told:
            position = _position(told)
            if position and position >= (record.first, record.frontier.size):
                return
        content = state.put_head(known.head.number, record, len(told))
        self._known = known._replace(told=content)


def _position(head: bytes) -> tuple[int, int] | None:
    try:
        return state.head_position(head)
    except DamagedError:
        return None


def _identity(path: str) -> tuple[int, ...]:
    if not os.access(path, os.F_OK):  # costs a third of a stat that fails
        return ()
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


_writers: WeakSet[Writer] = WeakSet()


def _forked() -> None:
    for each in list(_writers):
        each.forget()


os.register_at_fork(after_in_child=_forked)
