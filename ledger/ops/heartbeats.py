"""Signs of life: whether a trial that runs on another machine still does.

While a trial runs, its machine counts up in a blob of the remote. Whoever looks notes the count, and when by
a clock of its own it was first seen: what does not change for long enough shows no sign of life. No clocks of
two machines are compared, and to look records nothing: a trial is lost when its own machine says so, or a
search that goes on without it, and an end that comes late counts.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ledger import fs
from ledger.errors import LedgerError, RemoteError
from ledger.journal import origins
from ledger.model import Digest, layout
from ledger.model.frozen import frozen
from ledger.remotes import forms, names
from ledger.remotes.remote import Remote
from ledger.workspace import Workspace

MISSED = 5
"""So many heartbeats have to be missing before that is told."""
_MOST = 1000
"""Heartbeats that are looked at."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@frozen
class Seen:
    """What was seen of one heartbeat."""

    trial: Digest
    count: int
    every_s: float
    """Seconds after which its machine said that it would count on."""
    boot: str
    """The run of this machine's clock that the times are of."""
    first: float
    """Seconds: when this count was seen first."""
    last: float
    """Seconds: when it was seen last."""

    @property
    def silent(self) -> bool:
        """Whether it was still for so long that the trial is in doubt."""
        return self.last - self.first >= MISSED * self.every_s


def look(workspace: Workspace, remote: Remote) -> None:
    """See which heartbeats a remote has, and keep them in mind; remove one's own where nothing runs here.

    Parameters
    ----------
    workspace
        A copy of the remote.
    remote
        Where they are.

    Raises
    ------
    RemoteError
        If the remote cannot be read.
    OSError
        If the disk here refuses.
    """
    own = {origin for origin in origins.named(workspace.directory).values() if origin is not None}
    before = {each.trial: each for each in _noted(workspace, remote.id)}
    boot, now = _clock()
    idle = not _runs_here(workspace)
    found: list[Seen] = []
    for blob in remote.transport.listed(names.BEATS):
        named = names.beat_of(blob.name)
        if named is None or len(found) == _MOST:
            continue
        origin, trial = named
        if origin in own:
            if idle:
                with suppress(RemoteError):  # who may only read leaves it
                    remote.transport.delete(blob.name)
            continue
        try:
            content = remote.transport.get(blob.name, forms.MOST_BEAT)
            count, every = forms.decode_beat(content, blob.name)
        except RemoteError:
            raise
        except LedgerError:
            continue  # it has ended meanwhile, or is none that can be read: nothing is known then
        seen = before.get(trial)
        same = seen is not None and (seen.count, seen.boot) == (count, boot)
        first = seen.first if seen and same else now
        found.append(Seen(trial=trial, count=count, every_s=every, boot=boot, first=first, last=now))
    if found or before:
        path = layout.remote_beats(workspace.directory, remote.id)
        fs.make_directory(path.parent)
        fs.replace(path, "".join(map(_line, found)).encode(), sync=False)


def remove(remote: Remote, beats: Iterable[str]) -> None:
    """Take away heartbeats of trials that have ended. Raises RemoteError."""
    for name in beats:
        remote.transport.delete(name)


def silent(workspace: Workspace, remote: bytes) -> dict[Digest, float]:
    """Trials that show no sign of life, and for how many seconds, as far as this machine has looked."""
    return {each.trial: each.last - each.first for each in _noted(workspace, remote) if each.silent}


def seen(workspace: Workspace, remote: bytes) -> dict[Digest, Seen]:
    """What this machine saw of each heartbeat when it last looked.

    A trial that is not among them has ended, or its machine gives no signs of life.
    """
    return {each.trial: each for each in _noted(workspace, remote)}


def _runs_here(workspace: Workspace) -> bool:
    with suppress(FileNotFoundError):
        return any(layout.spool(workspace.directory).iterdir())
    return False


def _noted(workspace: Workspace, remote: bytes) -> list[Seen]:
    try:
        lines = layout.remote_beats(workspace.directory, remote).read_text("ascii").splitlines()
        return [_parsed(line) for line in lines]
    except (FileNotFoundError, ValueError, LedgerError):
        return []  # derived: what is damaged begins anew


def _parsed(line: str) -> Seen:
    trial, count, every, boot, first, last = line.split(" ")
    return Seen(
        trial=Digest.parse(trial),
        count=int(count),
        every_s=float(every),
        boot=boot,
        first=float(first),
        last=float(last),
    )


def _line(seen: Seen) -> str:
    return f"{seen.trial} {seen.count} {seen.every_s} {seen.boot} {seen.first} {seen.last}\n"


def _clock() -> tuple[str, float]:
    """Which run of this machine, and seconds that count on while it sleeps."""
    try:
        boot = _BOOT.read_text("ascii").strip() or "-"
    except OSError:
        boot = "-"
    return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
