"""What keeps objects that no entry refers to yet from being removed.

A writer puts objects, and only then appends the entry that refers to them. In between nothing says that they
are wanted, so it says so itself:

1. Before it relies on any object it takes a *lease*: a file in a directory of its own, locked until it has
   appended, or has died.
2. Then it looks at the list of *condemned* objects. One that is on it may vanish at any moment, so it is
   taken off the list, durably and under a lock, before it is put or relied on.

Whoever removes objects (`ledger.store.gc`) does the opposite: it writes the list, and then waits for all
leases that are there. So of two that meet, at least one sees the other. How old anything is does not matter.
"""

import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from ledger import fs
from ledger.model import Digest, layout
from ledger.model.frozen import frozen

_HEADER = struct.Struct("<4sIQ")
_MAGIC = b"LDGC"
_NAME = 16
"""Letters of a lease's name."""
_DIGEST = 32


@frozen
class Condemned:
    """The list of objects that are about to be removed."""

    digests: frozenset[Digest] = frozenset()
    leases: tuple[str, ...] | None = None
    """Names of those that were held when the list was written; None where nobody has looked yet."""


def read_condemned(ledger: Path) -> Condemned | None:
    """Read the list; None if there is none, or it is damaged: nothing is removed by one that is.

    Raises
    ------
    StorageError
        If it cannot be read.
    """
    path = layout.condemned(ledger)
    with fs.explained(path, "read"):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
    body, check = content[:-_DIGEST], content[-_DIGEST:]
    if len(body) < _HEADER.size or blake3(body).digest() != check:
        return None
    magic, leases, count = _HEADER.unpack_from(body)
    looked = leases > 0
    names = max(leases - 1, 0)  # 0: nobody has looked
    start = _HEADER.size + names * _NAME
    if magic != _MAGIC or len(body) != start + count * _DIGEST:
        return None
    return Condemned(
        digests=frozenset(
            Digest(body[at : at + _DIGEST]) for at in range(start, start + count * _DIGEST, _DIGEST)
        ),
        leases=tuple(body[at : at + _NAME].decode("ascii") for at in range(_HEADER.size, start, _NAME))
        if looked
        else None,
    )


def write_condemned(ledger: Path, condemned: Condemned) -> None:
    """Put the list in the place of an earlier one, durably.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    leases = 0 if condemned.leases is None else len(condemned.leases) + 1
    body = b"".join(
        (
            _HEADER.pack(_MAGIC, leases, len(condemned.digests)),
            *(name.encode("ascii") for name in condemned.leases or ()),
            *sorted(condemned.digests),
        )
    )
    path = layout.condemned(ledger)
    with fs.explained(path):
        fs.replace(path, body + blake3(body).digest())


def held_leases(ledger: Path, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Those leases whose writers live; what dead ones left is removed.

    Parameters
    ----------
    ledger
        The ``.ledger`` directory.
    names
        Which to look at; None for all.

    Raises
    ------
    StorageError
        If that cannot be said.
    """
    directory = layout.leases(ledger)
    held = []
    with fs.explained(directory, "read"):
        if names is None:
            try:
                names = sorted(name for name in os.listdir(directory) if len(name) == _NAME)
            except FileNotFoundError:
                return ()
        for name in names:
            try:
                lock = fs.try_lock(directory / name, make=False)
            except FileNotFoundError:
                continue
            if lock is None:
                held.append(name)
                continue
            try:
                (directory / name).unlink(missing_ok=True)
            finally:
                fs.release(lock)
    return tuple(held)


class Pins:
    """One writer's lease on what it has put and found; it is taken when it is needed first.

    Parameters
    ----------
    ledger
        The ``.ledger`` directory.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = -1
        self._path: Path | None = None
        self._condemned: frozenset[Digest] = frozenset()

    @property
    def held(self) -> bool:
        """Whether this process has a lease."""
        return self._lock >= 0 and self._process == os.getpid()

    def hold(self) -> bool:
        """Take a lease, unless there is one; whether it is new.

        Raises
        ------
        OSError
            If that cannot be written.
        """
        if self.held:
            return False
        self.release()  # a forked process has its parent's, which is the parent's to let go of
        directory = layout.leases(self._ledger)
        fs.make_directory(directory)
        while self._lock < 0:
            path = directory / os.urandom(_NAME // 2).hex()
            lock = fs.try_lock(path)
            if lock is None:
                continue  # taken for that of a dead one in the moment before it was locked
            if os.fstat(lock).st_nlink == 0:
                os.close(lock)
                continue
            self._lock, self._path = lock, path
        try:
            found = read_condemned(self._ledger)
        except BaseException:
            self.release()
            raise
        self._condemned = found.digests if found is not None else frozenset()
        return True

    def release(self) -> None:
        """Let go: an entry refers to all that was put and found, or nothing ever will."""
        lock, path, process = self._lock, self._path, self._process
        self._forget()
        if lock < 0:
            return
        if process != os.getpid():
            os.close(lock)
            return
        if path is not None:
            with suppress(OSError):  # what is not locked is nobody's: who looks at the leases removes it
                path.unlink()
        fs.release(lock)

    @property
    def condemned(self) -> frozenset[Digest]:
        """What may vanish."""
        return self._condemned

    def rescue(self, digests: frozenset[Digest]) -> None:
        """Take objects off the list; those that are gone already have to be put again.

        Raises
        ------
        StorageError
            If the disk refuses.
        """
        with fs.explained(layout.condemned(self._ledger)), fs.locked(layout.condemned_lock(self._ledger)):
            now = read_condemned(self._ledger)
            if now is not None and now.digests & digests:
                write_condemned(self._ledger, Condemned(digests=now.digests - digests, leases=now.leases))
        self._condemned -= digests
