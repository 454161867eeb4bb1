"""What system calls amount to: which files were read as they had been, which were made or changed.

Files are known by path and by identity (device, inode): a path is a spelling, and what the program itself
made stays its own when it is moved, linked, or read by another spelling.
"""

import os
import stat
import time
from collections.abc import Callable
from typing import Final

from ledger.capture.trace.log import EXCLUSIVE, PROVEN, READ, WRITTEN, Log, Record, not_copied
from ledger.capture.trace.privileges import allowed
from ledger.capture.walk import FileStat, text

Identity = tuple[int, int]
_TRIES: Final = 3
_CLOCK_NS: Final = 10_000_000
"""So much the clock of a file system may lag behind."""


class State:
    """The files of one trial.

    Parameters
    ----------
    log
        Where it is written down.
    keep
        (absolute path, its stat) → whether its content has to be copied before it is changed.
    copy
        Copies a file: (what to open, size) → its name relative to the spool; raises `OSError`.
    view
        Path that stands for ``/`` as the program sees it; empty where that is ours.
    """

    def __init__(
        self,
        log: Log,
        keep: Callable[[str, os.stat_result], bool],
        copy: Callable[[bytes, int], bytes],
        view: bytes = b"",
    ) -> None:
        self.log = log
        self.view = view
        self._began = time.time_ns() - _CLOCK_NS
        self._keep = keep
        self._copy = copy
        self._records: dict[bytes, Record] = {}
        # Paths at which a further read, or a further write, adds nothing.
        self._settled: set[bytes] = set()
        self._owned: set[bytes] = set()
        # By identity: what the program made itself; what it read, by which records; where it was before.
        self._made: set[Identity] = set()
        self._read: dict[Identity, list[Record]] = {}
        self._origin: dict[Identity, bytes] = {}
        # What was copied, or decided not to be.
        self._handled: dict[Identity, bytes | None] = {}
        self._moved_directories: list[tuple[bytes, bytes]] = []
        # Created, but not yet seen: their identity is not known.
        self._unseen: dict[bytes, int] = {}
        self._created: set[bytes] = set()

    # Calls that leave everything as it is: told after they were let through.

    def read(self, path: bytes, flags: int = READ) -> None:
        """A file was, or may have been, opened for reading."""
        if path in self._settled and flags == READ:
            return
        try:
            status = os.stat(self.view + path)
        except (OSError, ValueError):
            return  # the call fails too
        if not stat.S_ISREG(status.st_mode):
            self._settled.add(path)
            self._pipe(path, status)
            return
        if not self._may(path, status, os.R_OK if flags == READ else os.X_OK):
            return
        self._look()
        identity = (status.st_dev, status.st_ino)
        if identity in self._made:
            self._settled.add(path)
            return
        former = self._former(path, identity)
        moved = former != path
        known = self._records.get(former)
        if known is not None and known.flags & READ and known not in self._read.get(identity, ()):
            # The path has become that of another file, by a link that leads elsewhere.
            former = former if self.view else os.path.realpath(former)
        self._has_read(self._record(former, FileStat.of(status), flags), identity)
        if moved:
            self._save(path, identity, status)  # its own path holds it no more
        self._settled.add(path)

    # Calls that may change something: told before they are let through.

    def opens(self, path: bytes, flags: int) -> None:
        """A file will be opened for writing, or created."""
        if path in self._owned:
            return
        try:
            status = os.stat(self.view + path)
        except FileNotFoundError:
            if flags & os.O_CREAT:
                self._creates(path, EXCLUSIVE if flags & os.O_EXCL else 0)
            return
        except (OSError, ValueError):
            return
        if flags & os.O_ACCMODE == os.O_RDWR:
            self._pipe(path, status)
        if not stat.S_ISREG(status.st_mode) or (flags & os.O_CREAT and flags & os.O_EXCL):
            return
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC) != 0
        if not writes:
            self.read(path)
            return
        if self._may(path, status, os.W_OK):
            self._changes(path, status, emptied=bool(flags & os.O_TRUNC))

    def truncates(self, path: bytes, length: int) -> None:
        """A file will be cut."""
        self.opens(path, os.O_WRONLY | (0 if length else os.O_TRUNC))

    def unlinks(self, path: bytes) -> None:
        """A name will be removed."""
        self._look()
        status = self._lstat(path)
        if status is None or not self._may_name(path):
            return
        self._replaced(path, status)
        self._forget(path)
        if stat.S_ISLNK(status.st_mode):
            self._forget_all()  # it may have led to any of them
        self._unseen.pop(path, None)
        self._created.discard(path)

    def renames(self, old: bytes, new: bytes, *, keeps_target: bool = False, exchange: bool = False) -> None:
        """A name will be moved, over another one perhaps."""
        self._look()
        status, target = self._lstat(old), self._lstat(new)
        if status is None or (keeps_target and target is not None) or not self._may_move(status, old, new):
            return
        if exchange:
            if target is not None:
                self._moves(new, old, target, status)
                self._moves(old, new, status, target)
            return
        if target is not None and (target.st_dev, target.st_ino) == (status.st_dev, status.st_ino):
            return  # two names of one file: nothing happens
        if target is not None:
            self._replaced(new, target)
        self._moves(old, new, status, target)
        self._created.discard(old)

    def links(self, old: bytes, new: bytes, look: bytes | None = None) -> None:
        """A further name will be given; `look` is a path to look at instead of the old one."""
        self._look()
        try:
            status = os.stat(look) if look is not None else os.lstat(self.view + old)
        except (OSError, ValueError):
            return
        if self._lstat(new) is not None or not self._may_name(new):
            return
        identity = (status.st_dev, status.st_ino)
        if status.st_nlink == 0 or old in self._created:
            self._makes(identity)
        self._forget(new)
        if identity in self._made:
            self._creates(new)
        elif stat.S_ISREG(status.st_mode):
            self._origin.setdefault(identity, old)
            self._record(new, None, WRITTEN)

    def finish(self) -> None:
        """See what was created and not looked at."""
        self._look()

    # What they have in common.

    def _pipe(self, path: bytes, status: os.stat_result) -> None:
        """A named pipe that was there before may bring what somebody else writes."""
        if stat.S_ISFIFO(status.st_mode) and status.st_ctime_ns < self._began:
            self._record(path, FileStat.of(status), READ)

    def _creates(self, path: bytes, flags: int = 0) -> None:
        self._record(path, None, WRITTEN | flags)
        self._created.add(path)
        self._unseen[path] = 0
        self._settled.add(path)
        self._owned.add(path)

    def _changes(self, path: bytes, status: os.stat_result, *, emptied: bool) -> None:
        self._look()
        identity = (status.st_dev, status.st_ino)
        if identity in self._made:
            self._record(path, None, WRITTEN)
        else:
            former = self._former(path, identity)
            flags = WRITTEN if emptied else WRITTEN | READ
            if not emptied:
                source = self._record(former, FileStat.of(status), READ)
                self._has_read(source, identity)
            if identity in self._read:
                self._save(path, identity, status)
            if former == path:
                self._record(path, FileStat.of(status), flags)
            else:
                self._record(path, None, WRITTEN)
            if emptied:
                self._makes(identity)
        self._settled.add(path)
        self._owned.add(path)

    def _replaced(self, path: bytes, status: os.stat_result) -> None:
        """What lies at a path will lose that name."""
        identity = (status.st_dev, status.st_ino)
        if identity in self._read and identity not in self._made and stat.S_ISREG(status.st_mode):
            self._save(path, identity, status)
        if path in self._unseen and (record := self._records.get(path)) is not None:
            self.log.flags(record, PROVEN)
        if status.st_nlink <= 1 and not stat.S_ISDIR(status.st_mode):
            # Its number may be given to another file.
            self._made.discard(identity)
            self._read.pop(identity, None)
            self._origin.pop(identity, None)
            self._handled.pop(identity, None)

    def _moves(self, old: bytes, new: bytes, status: os.stat_result, target: os.stat_result | None) -> None:
        identity = (status.st_dev, status.st_ino)
        if stat.S_ISDIR(status.st_mode):
            self._moves_directory(old, new)
            return
        own = identity in self._made or old in self._created
        before = FileStat.of(target) if target is not None and stat.S_ISREG(target.st_mode) else None
        if new in self._created:
            before = None
        if not own and identity in self._read:
            self._save(old, identity, status)
        self._forget(old)
        self._forget(new)
        if not stat.S_ISREG(status.st_mode):
            self._forget_all()
            return
        record = self._record(new, before, WRITTEN)
        self.log.flags(record, PROVEN)
        if own:
            self._makes(identity)
            self._settled.add(new)
            self._owned.add(new)
            if before is None:
                self._created.add(new)
        else:
            self._origin.setdefault(identity, self._former(old, identity))

    def _moves_directory(self, old: bytes, new: bytes) -> None:
        start, to = old + b"/", new + b"/"
        self._moved_directories.append((to, start))
        for path in [path for path in self._created if path.startswith(start)]:
            self._created.discard(path)
            moved = to + path[len(start) :]
            self.log.flags(self._record(moved, None, WRITTEN), PROVEN)
            self._created.add(moved)
        self._forget_all()

    def _former(self, path: bytes, identity: Identity) -> bytes:
        """Where a file lay before the program moved it."""
        if identity in self._origin:
            return self._origin[identity]
        for to, start in reversed(self._moved_directories):
            if path.startswith(to):
                path = start + path[len(to) :]
        return path

    def _makes(self, identity: Identity) -> None:
        self._made.add(identity)
        self._origin.pop(identity, None)
        self._read.pop(identity, None)

    def _has_read(self, record: Record, identity: Identity) -> None:
        known = self._read.setdefault(identity, [])
        if record not in known:
            known.append(record)
            if (name := self._handled.get(identity)) is not None and record.saved is None:
                self.log.saved(record, name)

    def _record(self, path: bytes, before: FileStat | None, flags: int) -> Record:
        record = self._records.get(path)
        if record is None:
            record = self._records[path] = self.log.path(path, before, flags)
        else:
            self.log.flags(record, flags)
        return record

    def _forget(self, path: bytes) -> None:
        self._settled.discard(path)
        self._owned.discard(path)

    def _forget_all(self) -> None:
        self._settled.clear()
        self._owned.clear()

    def _look(self) -> None:
        """Learn the identity of what was created since the last look."""
        if not self._unseen:
            return
        for path, tries in list(self._unseen.items()):
            status = self._lstat(path, follow=True)
            if status is not None:
                self._makes((status.st_dev, status.st_ino))
                self.log.flags(self._records[path], PROVEN)
            if status is not None or tries >= _TRIES:
                del self._unseen[path]
            else:
                self._unseen[path] = tries + 1

    def _save(self, path: bytes, identity: Identity, status: os.stat_result) -> None:
        """Copy a file that is about to change; once."""
        if identity in self._handled:
            return
        self._handled[identity] = None
        try:
            if not self._keep(text(path), status):
                return
            name = self._copy(self.view + path, status.st_size)
        except OSError as error:
            self.log.gap(not_copied(path, error.strerror or str(error)))
            return
        self._handled[identity] = name
        for record in self._read.get(identity, ()):
            self.log.saved(record, name)

    def _lstat(self, path: bytes, *, follow: bool = False) -> os.stat_result | None:
        try:
            return os.stat(self.view + path, follow_symlinks=follow)
        except (OSError, ValueError):
            return None

    def _may(self, path: bytes, status: os.stat_result, mode: int) -> bool:
        """Whether an open is allowed, which is asked only where not everybody may."""
        everybody = mode | mode << 3 | mode << 6
        return status.st_mode & everybody == everybody or allowed(self.view + path, mode)

    def _may_name(self, path: bytes) -> bool:
        """Whether names may be made and removed beside a path."""
        return allowed(self.view + (os.path.dirname(path) or b"/"), os.W_OK)

    def _may_move(self, status: os.stat_result, old: bytes, new: bytes) -> bool:
        beside = self._lstat(os.path.dirname(new) or b"/", follow=True)
        return (
            beside is not None
            and beside.st_dev == status.st_dev  # else EXDEV, after which programs copy
            and self._may_name(old)
            and self._may_name(new)
        )
