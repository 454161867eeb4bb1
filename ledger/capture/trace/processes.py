"""What is known of the processes that are traced: where their paths start, and whose children they are."""

import os
from typing import Final

from ledger.capture.trace.state import State

_TRIAL: Final = b"LEDGER_TRIAL="


class Process:
    """A thread that asked, and the process that it belongs to."""

    __slots__ = ("abroad", "number", "parent", "root", "states", "told")

    def __init__(self, number: int, parent: int, root: bytes) -> None:
        self.number = number
        self.parent = parent
        self.root = root
        """What its absolute paths start with: empty unless it changed its root."""
        self.states: tuple[State, ...] = ()
        """Of the trials that it belongs to."""
        self.abroad: tuple[State, ...] = ()
        """Those of them whose first program sees other mounts."""
        self.told: tuple[State, ...] = ()
        """Those to which the path of the present call means the same."""


class Inner:
    """A trial within this one: the processes beneath `process`."""

    def __init__(self, process: int, trial: bytes, state: State) -> None:
        self.process = process
        self.trial = trial
        self.state = state


class Processes:
    """Looks processes up, and forgets them when that may have changed."""

    def __init__(self, main: State) -> None:
        self._main = main
        self._known: dict[int, Process] = {}
        self._mounts: dict[State, bytes] = {}
        self._held: dict[State, tuple[int, int]] = {}
        self.inner: list[Inner] = []

    def forget(self) -> None:
        """Look all of them up anew."""
        self._known.clear()

    def leave(self, state: State) -> None:
        """A trial has ended: let go of its first program's mounts."""
        self._mounts.pop(state, None)
        for descriptor in self._held.pop(state, ()):
            os.close(descriptor)

    def close(self) -> None:
        """Let go of all mounts."""
        for state in list(self._held):
            self.leave(state)

    def get(self, thread: int) -> Process:
        """Look a thread up.

        Raises
        ------
        OSError
            It is gone, or may not be looked at.
        """
        found = self._known.get(thread)
        if found is None:
            found = self._known[thread] = self._look(thread)
        return found

    def _look(self, thread: int) -> Process:
        number, parent = status(thread)
        root = os.readlink(b"/proc/%d/root" % thread)
        mounts = os.readlink(b"/proc/%d/ns/mnt" % thread)
        if self._main not in self._mounts:
            self.set_view(self._main, thread)
        process = Process(number, parent, b"" if root == b"/" else root)
        process.states = (self._main, *(each.state for each in self.inner if self._beneath(process, each)))
        process.told = process.states
        process.abroad = tuple(each for each in process.states if mounts != self._mounts[each])
        return process

    def set_view(self, state: State, thread: int) -> None:
        """Let a trial's files be those that its first program sees."""
        mounts = self._mounts[state] = os.readlink(b"/proc/%d/ns/mnt" % thread)
        if mounts != os.readlink(b"/proc/self/ns/mnt"):
            # It was started with mounts of its own; the descriptors hold them beyond its end.
            start = os.open(b"/proc/%d/root" % thread, os.O_PATH | os.O_CLOEXEC)
            held = os.open(b"/proc/%d/ns/mnt" % thread, os.O_RDONLY | os.O_CLOEXEC)
            self._held[state] = (start, held)
            state.view = b"/proc/self/fd/%d" % start

    def _beneath(self, process: Process, inner: Inner) -> bool:
        """Whether a process descends from the program of an inner trial."""
        number, parent = process.number, process.parent
        for _ in range(64):
            if number == inner.process:
                return True
            if parent <= 1:
                break
            try:
                number, parent = status(parent)
            except OSError:
                break
        # Its parent may have ended; its environment tells then.
        return bool(inner.trial) and inner.trial in _variables(process.number)


def status(thread: int) -> tuple[int, int]:
    """Ids of the process that a thread belongs to and of the parent of that."""
    with open(f"/proc/{thread}/status", "rb", 0) as file:
        text = file.read(2048)
    place = text.index(b"\nTgid:") + 6
    number = int(text[place : text.index(b"\n", place)])
    place = text.index(b"\nPPid:") + 6
    return number, int(text[place : text.index(b"\n", place)])


def _variables(process: int) -> list[bytes]:
    try:
        with open(f"/proc/{process}/environ", "rb", 0) as file:
            found = file.read(1 << 20).split(b"\0")
    except OSError:
        return []
    return [each[len(_TRIAL) :] for each in found if each.startswith(_TRIAL)]
