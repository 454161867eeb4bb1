"""What goes on beside trials whose ledger is a remote: their start is shared, and they show signs of life.

Two small processes of low priority do that. Neither can hold up the trial, and both die with who records it.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ledger.errors import LedgerError
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
    if not is_copy(workspace.directory) or copies.is_outer(workspace):
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
        self._beating: _Process | None = None
        self._sharing: _Process | None = None

    def __enter__(self) -> "Accompanied":
        return self

    def started(self, trial: Digest) -> None:
        """Tell the remote of a trial whose start is durable here, without waiting for it."""
        try:
            if self._sharing is None or self._sharing.has_ended():
                self._sharing = _Process("share", str(self._workspace.directory))
            origin = origins.current(self._workspace.directory)
            if self._every > 0 and origin is not None:
                self._beats.append(names.of_beat(origin, trial))
                if self._beating is None:
                    known = copies.upstream_of(self._workspace)
                    self._beating = _Process("beat", known.url, known.id, str(self._every))
                self._beating.tell(f"{self._beats[-1]}\n")
        except (LedgerError, OSError) as error:
            self._notify(f"others do not see yet that the trial runs: {copies.said(error)}")

    def __exit__(self, *_: object) -> None:
        try:
            if self._sharing is not None:
                self._sharing.end()  # what it has sent is there, and the rest goes now
            self._share()
        except KeyboardInterrupt:
            self._notify("not shared: interrupted; the next command shares it")
        except (LedgerError, OSError) as error:
            self._notify(f"not shared: {copies.said(error)}")
        finally:
            if self._beating is not None:
                self._beating.end()

    def _share(self) -> None:
        from ledger.ops.upstream import Upstream  # the program need not wait for that

        upstream = Upstream(self._workspace, self._notify)
        upstream.share_quietly()
        if self._beating is not None:  # up to here, for that may have taken long
            self._beating.end()
        if self._beats:
            upstream.forget_beats(self._beats)


class _Process:
    """One of the processes; it has no stream but what it is told."""

    def __init__(self, *words: str) -> None:
        reader, self._writer = os.pipe()
        try:
            self._id = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path), str(os.getpid()), *words],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reader, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                setsid=True,  # Ctrl-C is the trial's
                setsigmask=[],
            )
        except BaseException:
            os.close(self._writer)
            raise
        finally:
            os.close(reader)

    def tell(self, text: str) -> None:
        """Write to its standard input. Raises OSError."""
        os.write(self._writer, text.encode())

    def has_ended(self) -> bool:
        """Whether it is gone."""
        if self._id and self._reaped(os.WNOHANG):
            self._id = 0
        return not self._id

    def end(self) -> None:
        """Kill it, and see it gone."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1
        if self._id:
            with suppress(ProcessLookupError):
                os.kill(self._id, signal.SIGKILL)
            self._reaped(0)
            self._id = 0

    def _reaped(self, how: int) -> bool:
        try:
            return os.waitpid(self._id, how)[0] != 0
        except ChildProcessError:
            return True  # somebody else in this process was quicker
