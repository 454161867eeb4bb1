"""Trials that run on this machine now: where each one's spool is, and how far it has come."""

import os
from pathlib import Path
from struct import Struct

from ledger.journal.base import Journal
from ledger.journal.series_format import RECORD
from ledger.model import Digest, TrialFinished, TrialLost, TrialStarted, layout
from ledger.ops import spool as spools
from ledger.ops.indexed import asked

_GROWING = ("stdout", "stderr", "events-")
_SERIES = "series-"
_TIME = Struct("<16xq8x")
"""The time of a record of a series."""


def spool_name(journal: Journal, trial: Digest) -> str | None:
    """Name of the spool directory of a trial that has begun and not ended; None of any other."""
    found = asked(
        journal,
        lambda held, logs: (
            []
            if (number := held.find(bytes(trial), logs)) is None
            else [
                logs.by_origin[held.origins[log]].entry(seq).entry.payload for log, seq in held.events(number)
            ]
        ),
    )
    if found is None:
        found = [
            each.entry.payload
            for each in journal.entries()
            if each.id == trial or getattr(each.entry.payload, "trial", None) == trial
        ]
    if any(isinstance(each, TrialFinished | TrialLost) for each in found):
        return None
    return next((each.spool for each in found if isinstance(each, TrialStarted)), None)


def directory(ledger: Path, name: str) -> Path | None:
    """The spool directory of that name, where one is here; a name of a path is none."""
    parent = layout.spool(ledger)
    try:
        return parent / name if name in os.listdir(parent) else None
    except OSError:
        return None  # nothing has run here yet


def marks(ledger: Path) -> dict[str, int]:
    """Of each spool whose trial is alive, by name, a number that grows whenever the trial writes to it."""
    parent = layout.spool(ledger)
    try:
        names = sorted(os.listdir(parent))
    except OSError:
        return {}
    return {name: mark(parent / name) for name in names if spools.is_held(parent / name)}


def mark(spool: Path) -> int:
    """Bytes of the streams and events in a spool, and number of its points: files there only grow.

    The time of a file would not do: what is written to a mapped one moves it only now and then.
    """
    total = 0
    try:
        with os.scandir(spool) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False):
                    continue  # the program may have put anything there
                if entry.name.startswith(_GROWING):
                    total += entry.stat(follow_symlinks=False).st_size
                elif entry.name.startswith(_SERIES):
                    total += written(Path(entry.path))
    except OSError:
        return total  # it has ended meanwhile
    return total


def written(path: Path) -> int:
    """How many records at the beginning of a spooled series are whole; the file grows ahead of them.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        low, high = 0, os.fstat(descriptor).st_size // RECORD.size
        while low < high:
            middle = (low + high) // 2
            record = os.pread(descriptor, RECORD.size, middle * RECORD.size)
            if len(record) == RECORD.size and _TIME.unpack(record)[0] > 0:
                low = middle + 1
            else:
                high = middle
        return low
    finally:
        os.close(descriptor)
