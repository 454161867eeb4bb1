"""A trial's spool: the directory into which everything goes while it runs."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ledger import fs
from ledger.model import layout
from ledger.model.frozen import frozen

_LOCK = "lock"
_UNBORN = "new-"
_APART = "apart-"
_UNBORN_AGE_S = 3600.0


@frozen
class Spool:
    """A directory and the lock that says that its trial is alive."""

    path: Path
    lock: int
    """Descriptor that holds the lock; whoever inherits it keeps the trial alive."""

    def close(self) -> None:
        """Let go of the lock; the directory stays for a later command to recover."""
        os.close(self.lock)

    def let_go(self) -> None:
        """Close it unless that was done: what was interrupted does not know how far it came."""
        with suppress(OSError):
            if os.path.samestat(os.fstat(self.lock), (self.path / _LOCK).stat()):
                self.close()

    def remove(self) -> None:
        """Remove the directory and let go of its lock."""
        fs.remove_tree(self.path)
        self.close()


def create(ledger: Path, *, apart: bool = False) -> Spool:
    """Make a spool directory, locked before anybody else can see it under its name.

    Parameters
    ----------
    ledger
        The ``.ledger`` directory.
    apart
        Whether the trial runs in a tree of its own, so that it overlaps with no other.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    name = f"{_APART if apart else ''}{os.urandom(8).hex()}"
    parent = layout.spool(ledger)
    unborn = parent / f"{_UNBORN}{name}"
    with fs.explained(parent):
        unborn.mkdir(parents=True)
        lock = fs.try_lock(unborn / _LOCK)
        if lock is None:
            raise BlockingIOError(f"{unborn} is locked though its name is random")
        path = unborn.rename(parent / name)
    return Spool(path=path, lock=lock)


def around(spool: Spool) -> tuple[int, frozenset[str]]:
    """Which other trials run in place now, and a mark that moves whenever one comes or goes."""
    parent = spool.path.parent
    mark = parent.stat().st_mtime_ns
    others = (name for name in os.listdir(parent) if name != spool.path.name)
    return mark, frozenset(name for name in others if _alive(parent, name))


def _alive(parent: Path, name: str) -> bool:
    return not name.startswith((_UNBORN, _APART)) and is_held(parent / name)


def is_held(path: Path) -> bool:
    """Whether the trial of a spool directory is alive."""
    try:
        lock = fs.try_lock(path / _LOCK, make=False)
    except OSError:
        return False  # gone meanwhile
    if lock is not None:
        os.close(lock)
    return lock is None


def in_place(name: str) -> bool:
    """Whether the trial of that spool directory ran in the user's own tree."""
    return not name.startswith(_APART)


def abandoned(ledger: Path) -> Iterator[Spool]:
    """Spool directories whose recorders are dead, each locked for the caller."""
    parent = layout.spool(ledger)
    try:
        names = sorted(os.listdir(parent))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for name in names:
        path = parent / name
        try:
            if name.startswith(_UNBORN):
                if time.time() - path.stat().st_mtime > _UNBORN_AGE_S:
                    fs.remove_tree(path)
                continue
            lock = fs.try_lock(path / _LOCK)
        except OSError:
            continue  # renamed or removed meanwhile, or not ours to write: whoever may, recovers it
        if lock is not None:
            yield Spool(path=path, lock=lock)
