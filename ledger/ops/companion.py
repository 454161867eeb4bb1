"""The processes that accompany trials whose ledger is a remote; see `ledger.ops.accompany`.

They are killed when they are not needed any more: nothing that they do is worse for ending anywhere.
"""

import ctypes
import os
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ledger.errors import LedgerError, RemoteError
from ledger.ops.copies import PATIENCE_S
from ledger.remotes import forms, locate
from ledger.remotes import remote as remotes
from ledger.remotes.base import Transport

_PR_SET_PDEATHSIG = 1
_NICE = 10
_AGAIN_S = 30.0
"""Seconds between two tries to share."""
_BLOCK = 1 << 16
_DESCRIPTORS = 1024


def main(words: Sequence[str]) -> None:
    """Be one of them: ``PARENT beat URL ID SECONDS``, or ``PARENT share DIRECTORY``."""
    parent, what, *rest = words
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        return  # it went before that was said
    os.closerange(3, _DESCRIPTORS)  # what the recorder was given is not for us to keep open
    os.chdir("/")
    os.nice(_NICE)
    if what == "beat":
        url, id, every = rest
        _Beating(url, id, float(every)).run()
    else:
        _share(Path(rest[0]))


def _share(directory: Path) -> None:
    """Share what is here, as often as it takes."""
    from ledger import workspace as workspaces
    from ledger.ops.upstream import Upstream

    workspace = workspaces.find(Path("/"), str(directory))
    while True:
        try:
            Upstream(workspace, lambda _: None).share()
        except (LedgerError, OSError):
            time.sleep(_AGAIN_S)  # at the end of the trial its recorder tries, too, and says so
            continue
        return


class _Beating:
    """Counts up in the heartbeats whose names come on standard input, until that ends."""

    def __init__(self, url: str, id: str, every: float) -> None:
        self._url, self._id, self._every = url, id, every
        self._transport: Transport | None = None
        self._counts: dict[str, int] = {}
        self._line = b""

    def run(self) -> None:
        """Beat for all that is named, at once and then every so many seconds."""
        due = time.monotonic()
        while True:
            wait = max(0.0, due - time.monotonic()) if self._counts else None
            if select.select([0], [], [], wait)[0]:
                block = os.read(0, _BLOCK)
                if not block:
                    return
                *lines, self._line = (self._line + block).split(b"\n")
                new = [each.decode() for each in lines]
                self._counts.update(dict.fromkeys(new, 0))
                self._beat(new)
                due = time.monotonic() + self._every
                continue
            self._beat(self._counts)
            due = time.monotonic() + self._every

    def _beat(self, beats: "Sequence[str] | dict[str, int]") -> None:
        try:
            transport = self._transport or self._reach()
            for name in beats:
                self._counts[name] += 1
                transport.put(name, forms.encode_beat(self._counts[name], self._every))
            transport.flush()
            self._transport = transport
        except (LedgerError, OSError):
            if self._transport is not None:
                with suppress(LedgerError, OSError):
                    self._transport.close()
            self._transport = None  # it is reached anew at the next beat

    def _reach(self) -> Transport:
        transport = locate.reach(self._url, patience=PATIENCE_S)
        if remotes.opened(transport).id.hex() != self._id:
            transport.close()
            raise RemoteError(f"{self._url} is not the remote that it was")
        return transport
