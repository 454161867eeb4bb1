"""What goes on beside trials whose ledger is a remote: their start is shared, and they show signs of life.

Two small processes of low priority do that. Neither can hold up the trial, and both die with who records it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE, Popen

from ledger.journal import origins
from ledger.model import Digest
from ledger.ops import copies
from ledger.remotes import names
from ledger.workspace import Workspace, is_copy

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from ledger.ops.companion import main; main(sys.argv[2:])"
)


@contextmanager
def accompanied(workspace: Workspace, notify: Callable[[str], None]) -> Iterator[Callable[[Digest], None]]:
    """What a run has to call when a trial has started; at the end the trials are shared.

    Nothing of it where the ledger is no copy of a remote, or within a trial, whose recorder does it.
    """
    if not is_copy(workspace.directory) or "LEDGER_TRIAL" in os.environ:
        yield lambda _: None
        return
    with Accompanied(workspace, notify) as found:
        yield found.started


class Accompanied:
    """Accompanies the trials that one command records, as a context manager; shares the rest at its end.

    Parameters
    ----------
    workspace
        The copy of a remote.
    notify
        Takes warnings: whatever fails costs no more than one.
    """

    def __init__(self, workspace: Workspace, notify: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._notify = notify
        self._every = workspace.config.remote.heartbeat_s
        self._beats: list[str] = []
        self._beating: Popen[bytes] | None = None
        self._sharing: Popen[bytes] | None = None

    def __enter__(self) -> "Accompanied":
        return self

    def started(self, trial: Digest) -> None:
        """Tell the remote of a trial whose start is durable here, without waiting for it."""
        try:
            known = copies.upstream_of(self._workspace)
            origin = origins.current(self._workspace.directory)
            if self._every > 0 and origin is not None:
                if self._beating is None:
                    self._beating = self._start("beat", known.url, known.id, str(self._every))
                self._beats.append(names.of_beat(origin, trial))
                if self._beating.stdin is not None:
                    self._beating.stdin.write(f"{self._beats[-1]}\n".encode())
                    self._beating.stdin.flush()
            if self._sharing is None or self._sharing.poll() is not None:
                self._sharing = self._start("share", str(self._workspace.directory))
        except OSError as error:
            self._notify(f"others do not see yet that the trial runs: {error}")

    def __exit__(self, *_: object) -> None:
        try:
            _stop(self._sharing)  # what it has sent is there, and the rest goes now
            from ledger.ops.upstream import Upstream  # the program need not wait for that

            upstream = Upstream(self._workspace, self._notify)
            try:
                upstream.share_quietly()
            except KeyboardInterrupt:
                self._notify("not shared: interrupted; the next command shares it")
                return
        finally:
            _stop(self._beating)
        if self._beats:
            upstream.forget_beats(self._beats)

    def _start(self, *words: str) -> Popen[bytes]:
        return Popen(
            [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path), str(os.getpid()), *words],
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            cwd="/",
            start_new_session=True,  # Ctrl-C is the trial's
        )


def _stop(process: Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
