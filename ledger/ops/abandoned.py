"""Scratch directories of replays: what one that was killed leaves behind, the next one clears."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import Final

from ledger import fs
from ledger.ops import scratch

PREFIX: Final = "ledger-replay-"
_LOCK: Final = "lock"
_YOUNG_S: Final = 86_400.0
"""A directory without a lock may be one that is just being made, or that an older release works in."""


@contextmanager
def directory(at: Path | None = None) -> Iterator[Path]:
    """Make a scratch directory that is known to be in use for as long as this process lives.

    Before, what killed replays of this user left is cleared: their directories, and what still runs of them.

    Parameters
    ----------
    at
        Where it is to lie, and nothing yet does; None for a new place each time.
    """
    sweep(Path(tempfile.gettempdir()))
    with scratch.temporary(PREFIX, at=at) as place:
        lock = fs.try_lock(place / _LOCK)
        try:
            yield place
        except KeyboardInterrupt:
            _end_what_runs(os.fsencode(place))  # in a session of its own, where nobody could see it
            raise
        finally:
            if lock is not None:
                os.close(lock)


def sweep(temporary: Path) -> list[Path]:
    """Clear the scratch directories in `temporary` whose replays are dead.

    Returns
    -------
    list of Path
        Those that were cleared.
    """
    cleared: list[Path] = []
    with suppress(OSError):
        for each in temporary.resolve().glob(f"{PREFIX}*"):
            with suppress(OSError):  # gone meanwhile: another replay clears too
                if _clear(each):
                    cleared.append(each)
    return cleared


def _clear(place: Path) -> bool:
    status = place.lstat()
    if status.st_uid != os.geteuid() or not S_ISDIR(status.st_mode):
        return False
    try:
        lock = fs.try_lock(place / _LOCK, make=False)
    except FileNotFoundError:
        if time.time() - status.st_mtime < _YOUNG_S:
            return False
    else:
        if lock is None:
            return False
        os.close(lock)
    _end_what_runs(os.fsencode(place))
    fs.remove_tree(place)
    return True


def _end_what_runs(place: bytes) -> None:
    """Kill the processes of a dead replay, or of one that ends: they carry names of its own.

    What becomes a trial has its spool in the ledger; where that is not mounted, its nested ledger tells.
    """
    marks = tuple(name + place + b"/" for name in (b"LEDGER_SPOOL=", b"LEDGER_DIR="))
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with suppress(OSError):  # another user's, or gone
            handle = os.pidfd_open(int(name))  # the id may be given to another process meanwhile
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    variables = file.read().split(b"\0")
                if any(each.startswith(marks) for each in variables):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
