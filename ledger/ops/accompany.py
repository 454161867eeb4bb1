"""What goes on beside trials whose ledger is a remote: their start is shared, and they show signs of life.

A small process of low priority does that, and shares the rest at the end. It cannot hold up a trial, can be
given up at any time, and dies with who records.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ledger.journal import origins
from ledger.model import Digest
from ledger.ops import copies
from ledger.remotes import names
from ledger.workspace import Workspace, is_copy

_NICE = 5
_LOOK_MS = 500
_BLOCK = 1 << 16
_CODE = (
    f"import os; os.nice({_NICE}); import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from ledger.ops.companion import main; main(sys.argv[2:])"
)


@contextmanager
def accompanied(
    workspace: Workspace, notify: Callable[[str], None], *, idle: Any = signal.SIG_DFL
) -> Iterator[Callable[[Digest], None]]:
    """What a run has to call when a trial has started; at the end the trials are shared.

    Nothing of it where the ledger is no copy of a remote, or within a trial, whose recorder does it.

    Parameters
    ----------
    workspace
        The ledger.
    notify
        Takes warnings.
    idle
        The handler of signals that nothing is done about between trials: to share is given up at them.

    Raises
    ------
    UsageError
        As `copies.refuse`.
    """
    copy = is_copy(workspace.directory)
    if copy:
        copies.refuse(workspace)
    if not copy or copies.is_outer(workspace):
        yield lambda _: None
        return
    with Accompanied(workspace, notify, idle) as found:
        yield found.started


class Accompanied:
    """Accompanies the trials that one command records, as a context manager.

    Parameters
    ----------
    workspace
        The copy of a remote.
    notify
        Takes warnings: whatever fails costs no more than one.
    idle
        The handler of signals that nothing is done about between trials.
    """

    def __init__(self, workspace: Workspace, notify: Callable[[str], None], idle: Any) -> None:
        self._workspace = workspace
        self._notify = notify
        self._idle = idle
        self._companion: _Process | None = None

    def __enter__(self) -> "Accompanied":
        return self

    def started(self, trial: Digest) -> None:
        """Tell the remote of a trial whose start is durable here, without waiting for it."""
        try:
            every = self._workspace.config.remote.heartbeat_s
            origin = origins.current(self._workspace.directory)
            if self._companion is None:
                self._companion = _Process(str(self._workspace.directory), str(every))
            beat = names.of_beat(origin, trial) if every > 0 and origin is not None else ""
            self._companion.tell(f"start {beat}\n")
        except Exception as error:  # noqa: BLE001 - whatever it is, the trial runs
            self._notify(f"others do not see yet that the trial runs: {copies.said(error)}")

    def __exit__(self, *_: object) -> None:
        if self._companion is None:
            return  # nothing was recorded
        try:
            with _interrupting(self._idle):
                self._share(self._companion)
        except KeyboardInterrupt:
            self._notify("not shared: interrupted; the next command shares it")
        except OSError as error:
            self._notify(f"not shared: {error}; the next command shares it")
        finally:
            self._companion.end()

    def _share(self, companion: "_Process") -> None:
        companion.tell("finish\n")
        for line in companion.answers():
            word, _, text = line.partition(" ")
            if word == "end":
                break
            if word == "warn":  # a package of the remote's may print what it likes
                self._notify(text)
        else:
            self._notify("not shared: the process that shares was ended; the next command shares it")


@contextmanager
def _interrupting(idle: Any) -> Iterator[None]:
    """Let what would end us interrupt instead, in the main thread: the trial's exit code still counts."""
    former: dict[int, Any] = {}
    with suppress(ValueError):  # not in the main thread
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) in (signal.SIG_DFL, idle):
                former[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for taken, handler in former.items():
            signal.signal(taken, handler)


class _Process:
    """That process."""

    def __init__(self, *words: str) -> None:
        path = [each for each in sys.path if isinstance(each, str)]  # or it is none to Python either
        reader, self._writer = os.pipe()
        self._reader, writer = os.pipe()
        try:
            self._id = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-c", _CODE, json.dumps(path), str(os.getpid()), *words],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reader, 0),
                    (os.POSIX_SPAWN_DUP2, writer, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                setsid=True,  # Ctrl-C is the trial's
                setsigmask=[],
            )
        except BaseException:
            os.close(self._writer)
            os.close(self._reader)
            raise
        finally:
            os.close(reader)
            os.close(writer)

    def tell(self, line: str) -> None:
        """Write to its standard input. Raises OSError."""
        os.write(self._writer, line.encode())

    def answers(self) -> Iterator[str]:
        """Lines of its standard output, to its end. Raises OSError."""
        waiting = select.poll()
        waiting.register(self._reader, select.POLLIN)
        rest = b""
        while True:
            # A signal that comes right before a wait, behind Python's last look, is seen at the next look.
            if not waiting.poll(_LOOK_MS):
                continue
            block = os.read(self._reader, _BLOCK)
            if not block:
                break
            *lines, rest = (rest + block).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
        if rest:
            yield rest.decode("utf-8", "replace")

    def end(self) -> None:
        """Kill it, and see it gone."""
        os.close(self._writer)
        os.close(self._reader)
        with suppress(ProcessLookupError):
            os.kill(self._id, signal.SIGKILL)
        with suppress(ChildProcessError):  # somebody else in this process was quicker
            os.waitpid(self._id, 0)
