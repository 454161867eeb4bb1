"""The process that accompanies trials whose ledger is a remote; see `ledger.ops.accompany`.

It is told by lines on standard input: ``start BEAT`` when a trial has started, and ``finish`` when all that
were have ended. It answers by lines on standard output: ``warn TEXT``, and ``end`` when all is done that can
be. It may be killed at any time: nothing that it does is worse for ending anywhere.
"""

import ctypes
import os
import select
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread

from ledger import workspace as workspaces
from ledger.errors import LedgerError
from ledger.ops.copies import PATIENCE_S, said
from ledger.ops.upstream import Upstream
from ledger.remotes import forms
from ledger.workspace import Workspace

_PR_SET_PDEATHSIG = 1
_AGAIN_S = 30.0
"""Seconds between two tries to share, and between looks where there are no signs of life."""
_BLOCK = 1 << 16
_DESCRIPTORS = 1024


def main(words: Sequence[str]) -> None:
    """Be that process: ``PARENT DIRECTORY SECONDS``."""
    parent, directory, every = words
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        return  # it went before that was said
    os.closerange(3, _DESCRIPTORS)  # what the recorder was given is not for us to keep open
    os.chdir("/")
    workspace = workspaces.find(Path("/"), directory)
    _Companion(workspace, _Beating(workspace, float(every)), float(every) or _AGAIN_S).run()


class _Companion:
    """Shares what is recorded, as often as it takes."""

    def __init__(self, workspace: Workspace, beating: "_Beating", look_s: float) -> None:
        self._workspace = workspace
        self._beating = beating
        self._look_s = look_s
        self._line = b""
        self._due: float | None = None

    def run(self) -> None:
        """Do what is said on standard input, until that ends or all has."""
        while True:
            wait = None if self._due is None else max(0.0, self._due - time.monotonic())
            if select.select([0], [], [], wait)[0]:
                block = os.read(0, _BLOCK)
                if not block:
                    return
                *lines, self._line = (self._line + block).split(b"\n")
                for line in lines:
                    word, _, name = line.decode().partition(" ")
                    if word == "finish":
                        self._finish()
                        return
                    self._due = time.monotonic()
                    if name:
                        self._beating.add(name)
                continue
            try:
                Upstream(self._workspace, lambda _: None).share()
                self._due = time.monotonic() + self._look_s  # trials inside these end, too
            except Exception:  # noqa: BLE001 - what fails at the end, too, is told then
                self._due = time.monotonic() + _AGAIN_S

    def _finish(self) -> None:
        try:
            upstream = Upstream(self._workspace, _warn)
            upstream.share_quietly()
            upstream.forget_beats(self._beating.stop())
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits is told
            _warn(f"not shared: {said(error)}; the next command shares it")
        _say("end")


class _Beating:
    """Counts up in heartbeats, at once and then every so many seconds, in a thread of its own."""

    def __init__(self, workspace: Workspace, every: float) -> None:
        self._workspace = workspace
        self._every = every
        self._counts: dict[str, int] = {}
        self._turn = Condition()
        self._stopped = False

    def add(self, name: str) -> None:
        """Begin with one more."""
        with self._turn:
            self._counts[name] = 0
            if len(self._counts) == 1:
                Thread(target=self._run, daemon=True).start()
            self._turn.notify()

    def stop(self) -> list[str]:
        """Stop all of them; the last beat is over then, unless it takes very long."""
        self._stopped = True
        if self._turn.acquire(timeout=PATIENCE_S):
            self._turn.release()
        return list(self._counts)

    def _run(self) -> None:
        upstream = Upstream(self._workspace, lambda _: None)
        while True:
            with self._turn:  # so that `stop` does not return in the middle of a beat
                if self._stopped:
                    return
                with suppress(LedgerError, OSError):
                    self._beat(upstream, self._counts)
                self._turn.wait(self._every)

    def _beat(self, upstream: Upstream, names: Iterable[str]) -> None:
        transport = upstream.remote().transport
        try:
            for name in names:
                self._counts[name] += 1
                transport.put(name, forms.encode_beat(self._counts[name], self._every))
            transport.flush()
        except (LedgerError, OSError) as error:
            upstream.let_go(error)  # it is reached anew at a later beat
            raise


def _warn(text: str) -> None:
    _say(f"warn {' '.join(text.split())}")


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(1, f"{line}\n".encode())
