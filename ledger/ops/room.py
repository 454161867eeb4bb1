"""What the disk refuses a replay, told from what its program does by itself."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.errors import CannotRecordError, IncomparableError, StorageError

_NUMBERS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS: Final = tuple(os.strerror(number).encode() for number in _NUMBERS)
_LEAST: Final = 64 << 10
"""Bytes: with less left, some write has most likely been refused."""
_TAIL: Final = 64 << 10


@contextmanager
def explained() -> Iterator[None]:
    """What the scratch directory's disk refuses is why it cannot be made again; the ledger is as it was."""
    try:
        yield
    except (StorageError, CannotRecordError) as error:
        raise IncomparableError(
            "the disk does not let it be made again",
            cause=": ".join(filter(None, [error.message, error.cause])),
            hint=f"{error.hint or 'free some room'}; TMPDIR names another place for scratch directories",
        ) from error
    except OSError as error:
        raise IncomparableError(
            "the disk does not let it be made again",
            cause=str(error),
            hint="free some room, or let TMPDIR name another place for scratch directories",
        ) from error


def lacking(place: Path, streams: Iterable[Path]) -> str | None:
    """Why a program that worked in `place` may have lacked room; None where nothing says so.

    Parameters
    ----------
    place
        A directory on the file system to which it wrote.
    streams
        Files with what it printed, as far as they are there; their ends are looked at.
    """
    for path in streams:
        line = _complaint(path)
        if line is not None:
            return f"it said: {line}"
    status = os.statvfs(place)
    # Some file systems count no inodes.
    if status.f_bavail * status.f_frsize < _LEAST or (status.f_files and not status.f_favail):
        return f"{place.parent} has no room left"
    return None


def _complaint(path: Path) -> str | None:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            text = file.read()
    except OSError:
        return None
    for line in reversed(text.splitlines()):
        if any(word in line for word in _WORDS):
            return line.decode("utf-8", "replace").strip()[:200]
    return None
