"""Follow a trial's reports while it runs, and decide at each rung whether it goes on."""

import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ledger import fs
from ledger import workspace as workspaces
from ledger.model import Digest, TrialDecided, TrialReported, layout
from ledger.ops.run_options import Scheduled
from ledger.ops.tune import rules
from ledger.ops.tune.history import History
from ledger.ops.tune.reading import Reading
from ledger.workspace import Workspace

PIPE = "rungs"
"""In the spool: a line ``RUNG STEP VALUE`` of each report that has reached a rung."""
STOP, GO = "stop", "go"
_LONGEST = 4096
"""Bytes of a line."""


class Following:
    """Decides, in a thread of its own, while a trial runs; as a context manager.

    What goes wrong is told, and lets the trial go on.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        Which one.
    spool
        Its directory.
    scheduled
        What decides.
    notify
        Takes warnings.
    """

    def __init__(
        self,
        workspace: Workspace,
        trial: Digest,
        spool: Path,
        scheduled: Scheduled,
        notify: Callable[[str], None],
    ) -> None:
        self.workspace, self.trial, self.spool = workspace, trial, spool
        self.scheduled, self.notify = scheduled, notify
        scheduler = rules.scheduler(scheduled.search)
        if scheduler is None:
            raise ValueError(f"search {scheduled.id} has no scheduler")
        self._scheduler = scheduler
        rungs = scheduler.rungs(scheduled.number)
        self._rungs = rungs if scheduled.after is None else rungs.beyond(scheduled.after)
        self._decided: set[int] = set()
        self._thread: threading.Thread | None = None
        self._opened: list[int] = []
        self._pipe = self._over = self._end = -1

    def __enter__(self) -> Callable[[int], None]:
        """Open the pipe, and return what begins to follow: no thread is there when one forks."""
        path = self.spool / PIPE
        try:
            os.mkfifo(path, 0o600)
            # Also for writing, so that it has no end when a writer closes it.
            self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
            self._opened.append(self._pipe)
            self._over, self._end = os.pipe()
            self._opened += (self._over, self._end)
        except OSError as error:  # such as a file system that has no pipes
            self._unfollowed(error)
            return lambda _: None
        return self._begin

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            os.close(self._opened.pop())
            self._thread.join()
        for descriptor in self._opened:
            os.close(descriptor)

    def _begin(self, _process: int) -> None:
        thread = threading.Thread(target=self._follow, name="ledger-rungs", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._unfollowed(error)
        else:
            self._thread = thread

    def _unfollowed(self, error: Exception) -> None:
        self.notify(f"nobody stops trial {self.trial.short}, whose reports cannot be followed: {error}")

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.register(self._over, select.POLLIN)
        rest = b""
        while self._over not in (ready := {which for which, _ in poll.poll()}):
            if self._pipe in ready:
                *lines, rest = (rest + os.read(self._pipe, 1 << 16)).split(b"\n")
                rest = rest[-_LONGEST:]
                for line in lines:
                    self._take(line)

    def _take(self, line: bytes) -> None:
        """Decide on a report; what a program wrote there is not believed."""
        try:
            first, second, third = line.decode("ascii").split(" ")
            rung, step, value = int(first), int(second), float(third)
        except ValueError:
            return
        if rung in self._decided or self._rungs.at(step) != rung or abs(step) >= 1 << 62:
            return
        self._decided.add(rung)
        stop = False
        try:
            stop = self._decide(rung, step, value)
        except Exception as error:  # noqa: BLE001 - whatever is wrong here, the trial goes on
            told = str(error).partition("\n")[0] or type(error).__name__
            self.notify(f"trial {self.trial.short} goes on at step {step}, as nothing was decided: {told}")
        answer = self.spool / "deciding"
        try:
            answer.write_text(STOP if stop else GO, "ascii")
            os.replace(answer, self.spool / f"decision-{rung}")
        except OSError as error:
            self.notify(f"trial {self.trial.short} was not told what was decided at step {step}: {error}")

    def _decide(self, rung: int, step: int, value: float) -> bool:
        scheduled = self.scheduled
        workspace, reading = _reading(self.workspace.root, str(self.workspace.directory), scheduled)
        with fs.locked(layout.search_lock(workspace.directory, scheduled.id)):
            workspace.journal.append(TrialReported(trial=self.trial, rung=rung, step=step, value=value))
            history, head = reading.up_to_now()
            own = history.rungs.by(self.trial, rung)
            if own is None:
                raise ValueError(f"trial {self.trial} has no report at {rung}, which was just written")
            stop = not self._scheduler.goes_on(own, history.rungs.reported())
            workspace.journal.append(TrialDecided(trial=self.trial, rung=rung, stop=stop, head=head))
        return stop


_KNOWN: dict[tuple[str, Digest], tuple[Workspace, Reading]] = {}
"""By ledger and search: a process runs many trials of one."""


def _reading(root: Path, ledger: str, scheduled: Scheduled) -> tuple[Workspace, Reading]:
    """A ledger of our own, since the thread that records the trial uses the other one."""
    key = (ledger, scheduled.id)
    if key not in _KNOWN:
        workspace = workspaces.find(root, ledger)
        reading = Reading(
            workspace.journal, workspace.directory, lambda: History(scheduled.id, scheduled.search)
        )
        _KNOWN[key] = workspace, reading
    return _KNOWN[key]
