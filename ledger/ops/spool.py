"""A trial's spool: the directory into which everything goes while it runs."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger import fs
from ledger.model import Digest, layout

_LOCK = "lock"
_TRIAL = "trial"
_UNBORN = "new-"
_UNBORN_AGE_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """A directory and the lock that says that its trial is alive."""

    path: Path
    lock: int
    """Descriptor that holds the lock; whoever inherits it keeps the trial alive."""

    def name_trial(self, trial: Digest) -> None:
        """Note the trial's id, for whoever finds this directory after a crash."""
        (self.path / _TRIAL).write_text(str(trial))

    def close(self) -> None:
        """Let go of the lock; the directory stays for a later command to recover."""
        os.close(self.lock)

    def remove(self) -> None:
        """Remove the directory and let go of its lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()


def create(ledger: Path) -> Spool:
    """Make a spool directory, locked before anybody else can see it under its name.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    name = secrets.token_hex(8)
    parent = layout.spool(ledger)
    unborn = parent / f"{_UNBORN}{name}"
    with fs.explained(parent):
        unborn.mkdir(parents=True)
        lock = fs.try_lock(unborn / _LOCK)
        if lock is None:
            raise BlockingIOError(f"{unborn} is locked though its name is random")
        path = unborn.rename(parent / name)
    return Spool(path=path, lock=lock)


def trial_of(path: Path) -> Digest | None:
    """Id that a spool directory names; None where its recorder died before it wrote one."""
    try:
        return Digest.parse((path / _TRIAL).read_text())
    except FileNotFoundError:
        return None


def abandoned(ledger: Path) -> Iterator[Spool]:
    """Spool directories whose recorders are dead, each locked for the caller."""
    parent = layout.spool(ledger)
    try:
        names = sorted(os.listdir(parent))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for name in names:
        path = parent / name
        if name.startswith(_UNBORN):
            if time.time() - path.stat().st_mtime > _UNBORN_AGE_S:
                shutil.rmtree(path, ignore_errors=True)
            continue
        try:
            lock = fs.try_lock(path / _LOCK)
        except OSError:
            continue  # removed meanwhile, or not ours to write: whoever may, recovers it
        if lock is not None:
            yield Spool(path=path, lock=lock)
