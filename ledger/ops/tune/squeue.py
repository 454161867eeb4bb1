"""What Slurm's queue says of jobs; unlike its accounting, every Slurm has one."""

import subprocess
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

_GONE: Final = "FORGOTTEN"
_OVER: Final = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
        _GONE,
    }
)
"""States of jobs that have ended, and of whose processes none is left: before that they are COMPLETING."""
_SHORTEST_S: Final = 2.0
_LONGEST_S: Final = 30.0
_PART: Final = 0.1
"""Of the age of the youngest job: how late its end may be noticed where it leaves no result."""
_PATIENCE_S: Final = 60.0


class Queue:
    """Asks for all jobs at once, and seldom: many searches share one controller.

    Threads may share it.

    Parameters
    ----------
    clock
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._since: dict[str, float] = {}
        """Jobs that have not ended, and when they were first asked for."""
        self._states: dict[str, str] = {}
        """Of those that have, until they were asked for."""
        self._next = 0.0

    def ended(self, job: str) -> str | None:
        """In which state a job has ended, ``FORGOTTEN`` where Slurm does not know it any more.

        Parameters
        ----------
        job
            Its id.

        Returns
        -------
        str or None
            None as long as it has not, or is not known to.
        """
        with self._lock:
            now = self._clock()
            if job not in self._states:
                self._since.setdefault(job, now)
                if now >= self._next:
                    self._ask()
                    youngest = now - max(self._since.values(), default=now)
                    self._next = self._clock() + min(max(_PART * youngest, _SHORTEST_S), _LONGEST_S)
            return self._states.pop(job, None)

    def hurry(self) -> None:
        """Ask at the next occasion: something has been done about a job."""
        with self._lock:
            self._next = 0.0

    def _ask(self) -> None:
        words = ["squeue", "--noheader", "--states=all", f"--jobs={','.join(self._since)}", "--format=%i %T"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return  # as if it did not answer
        if done.returncode != 0 and "Invalid job id" not in done.stderr:
            return  # the controller is away for a while: what it does not say has not happened
        found = dict(line.split()[:2] for line in done.stdout.splitlines() if len(line.split()) > 1)
        for job in list(self._since):
            state = found.get(job, _GONE)
            if state in _OVER:
                self._states[job] = state
                del self._since[job]
