"""Which process has started which: those that descend from one of ours."""

import os
import signal
from contextlib import suppress


def kill(process: int) -> None:
    """Kill a child of ours, which is still to be waited for, and all that descends from it.

    Each is stopped before it is asked for its children, so that it neither starts another one nor ends: its
    children stay its own, and the ids theirs.
    """
    stopped: list[int] = []
    found = [process]
    while found:
        for each in found:
            with suppress(OSError):  # gone, or another user's
                os.kill(each, signal.SIGSTOP)
        stopped += found
        found = [each for each, parent in _parents() if parent in stopped and each not in stopped]
    for each in reversed(stopped):
        with suppress(OSError):
            os.kill(each, signal.SIGKILL)


def parent(process: int) -> int | None:
    """What has started a process, or has taken it on; None if it is gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _parents() -> list[tuple[int, int]]:
    """(process, parent) of all processes."""
    found = ((int(name), parent(int(name))) for name in os.listdir("/proc") if name.isdigit())
    return [(each, above) for each, above in found if above is not None]
