"""Signals while a wrapped program runs: they belong to it, so they are held here and passed on."""

import _thread
import contextlib
import os
import select
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, NamedTuple, Protocol

from ledger import threads
from ledger.ops import descendants, interrupt

FORWARDED: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTERM,
    signal.SIGCONT,
    signal.SIGWINCH,
)
ENDING: Final = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
_FROM_TERMINAL: Final = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH})
_STOPPING: Final = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_TICK_S: Final = 0.1
_one_at_a_time = _thread.allocate_lock()


class Received(NamedTuple):
    """A signal that reached this process."""

    number: int
    """Its number."""
    from_kernel: bool
    """True if a terminal sent it, and so to the whole foreground group at once."""
    sender: int
    """Process id of the sender, 0 if unknown."""


class Served(Protocol):
    """What must be answered while a program runs, or the program waits."""

    @property
    def ended(self) -> bool:
        """Whether nothing will be asked any more."""
        ...

    def fileno(self) -> int:
        """Descriptor that is readable while something is asked."""
        ...

    def serve(self) -> None:
        """Answer what is asked now."""
        ...


class Gate:
    """Holds signals back from this process, as a context manager.

    In the main thread the signals of `FORWARDED` that are not ignored, and SIGCHLD, are blocked and taken one
    at a time with `next`; their origin is known that way. Other threads of the process, where there are any,
    may catch one all the same: it then comes through a Python handler, at the latest after 0.1 s, its origin
    guessed. Outside the main thread the gate does nothing, and `next` only waits for the child.
    """

    def __init__(self) -> None:
        self.active = False
        self.dropped: list[int] = []
        """Signals that came for a child that was gone."""
        self._mask: set[int] = set()
        self._held: set[int] = set()
        self._former: dict[int, Any] = {}
        self._caught: deque[int] = deque()
        self._pending = -1

    def __enter__(self) -> "Gate":
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        wanted = [s for s in FORWARDED if signal.getsignal(s) not in (signal.SIG_IGN, None) and s not in mask]
        self._mask = {int(s) for s in mask}
        signal.pthread_sigmask(signal.SIG_BLOCK, {*wanted, signal.SIGCHLD})
        try:
            for number in wanted:
                self._former[number] = signal.signal(number, self._catch)
            # An inherited "ignore" of SIGCHLD would reap children. The default is left as it is: putting it
            # back could meet one that another thread has just caught, of which Python complains.
            if signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL:
                self._former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._catch)
        except ValueError:  # not in the main thread: its signals are not ours to take
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            return self
        self._held = {*wanted, signal.SIGCHLD}
        self.active = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.active:
            return
        self.discard()
        self._restore(self._former)
        self.active = False
        if self._pending >= 0:
            os.close(self._pending)
            self._pending = -1

    def in_child(self) -> None:
        """Give a forked child the dispositions and the mask that it would have had without us."""
        former = {s: h if h == signal.SIG_IGN else signal.SIG_DFL for s, h in self._former.items()}
        # Python ignores these two in every process; a program started from a shell does not.
        self._restore({**former, signal.SIGPIPE: signal.SIG_DFL, signal.SIGXFSZ: signal.SIG_DFL})

    def prepare_to_serve(self) -> None:
        """Make sure that a signal is noticed while something is answered in `next`.

        Raises
        ------
        OSError
            If there is no descriptor left for that.
        """
        if self.active and self._pending < 0:
            from ledger.capture.trace.native import signal_descriptor  # loaded by then

            self._pending = signal_descriptor(self._held)

    def discard(self) -> None:
        """Drop what came for a child that is gone; it must not strike us while its record is written."""
        while self.active and (got := signal.sigtimedwait(self._held, 0)) is not None:
            self.dropped.append(got.si_signo)
        self.dropped += self._caught
        self._caught.clear()

    def pending(self) -> frozenset[int]:
        """Return the signals that wait already, such as a Ctrl-C before the child exists."""
        held = self._held if self.active else set()
        return frozenset(int(s) for s in signal.sigpending() & held)

    def next(self, seconds: float | None, child: int | None, served: Served | None = None) -> Received | None:
        """Wait until a signal comes, the child may have changed its state, or `seconds` have passed.

        Parameters
        ----------
        seconds
            The longest wait; None for no limit.
        child
            Process id to wait for outside the main thread.
        served
            What to answer meanwhile.
        """
        if served is not None and served.ended:
            served = None
        if not self.active:
            _wait_for_end(child, seconds, served)
            return None
        if threads.others():
            seconds = _TICK_S if seconds is None else min(seconds, _TICK_S)
        info = None
        if not self._caught:
            if served is not None:
                answer(served, self._pending, seconds)
                info = signal.sigtimedwait(self._held, 0)
            elif seconds is None:
                info = signal.sigwaitinfo(self._held)
            else:
                info = signal.sigtimedwait(self._held, max(seconds, 0))
        if info is None and self._caught:
            number = self._caught.popleft()
            return Received(number=number, from_kernel=number in _FROM_TERMINAL, sender=0)
        if info is None or info.si_signo == signal.SIGCHLD:
            return None
        return Received(number=info.si_signo, from_kernel=info.si_code > 0, sender=info.si_pid)

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._caught.append(number)

    def _restore(self, handlers: dict[int, Any]) -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


class Patience:
    """Holds back a Ctrl-C that comes while something is finished, as a context manager.

    The first is told, and a second one interrupts. Outside the main thread, and where SIGINT does not
    interrupt anyway, it does nothing.

    Parameters
    ----------
    tell
        Called at the first.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._former: Any = None

    def __enter__(self) -> None:
        if interrupt.is_usual(signal.getsignal(signal.SIGINT)):
            with contextlib.suppress(ValueError):  # not in the main thread
                self._former = signal.signal(signal.SIGINT, self._first)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)

    def _first(self, _number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, self._former)
        with contextlib.suppress(RuntimeError):  # in the middle of another line to the same stream
            self._tell()


def fork() -> int:
    """Fork; the child has these signals, and those that stop, held back until it lets them in."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (*FORWARDED, *_STOPPING))
    process = -1
    try:
        if sys.version_info < (3, 12):
            process = os.fork()
        else:
            # It warns where there are threads; what runs here in a child takes no lock of theirs.
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                process = os.fork()
    finally:
        if process != 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return process


def sent_by(received: Received, child: int) -> bool:
    """Return whether the sender is the child or something that it started.

    If so, the signal went to the whole process group, and the child has had it. A sender that is gone already
    might have been anybody: then no, for a signal too many harms less than one that never arrives.
    """
    sender = received.sender
    for _ in range(64):
        if sender == child:
            return True
        if sender <= 1 or sender == os.getpid():
            return False
        above = descendants.parent(sender)
        if above is None:
            return False
        sender = above
    return False


def _wait_for_end(child: int | None, seconds: float | None, served: Served | None) -> None:
    try:
        descriptor = os.pidfd_open(child) if child is not None else -1
    except OSError:
        descriptor = -1
    if descriptor < 0:
        seconds = 0.02 if seconds is None else max(0, min(0.02, seconds))
    try:
        answer(served, descriptor, seconds)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def answer(served: Served | None, descriptor: int, seconds: float | None) -> None:
    """Answer what is asked until `descriptor` is readable, the time has passed, or nothing is left to ask."""
    poll = select.poll()
    if descriptor >= 0:
        poll.register(descriptor, select.POLLIN)
    asking = -1
    if served is not None:
        asking = served.fileno()
        poll.register(asking, select.POLLIN)
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000)
        ready = poll.poll(left)
        for which, _ in ready:
            if which == asking and served is not None:
                served.serve()
                if served.ended:
                    return
        if not ready or any(which == descriptor for which, _ in ready):
            return
