"""Processes that run trials: one trial at a time each, behind `concurrent.futures.Executor`."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
from typing import Final, Generic, TypeVar

Order = TypeVar("Order")
Done = TypeVar("Done")

_PR_SET_PDEATHSIG: Final = 1


def begin() -> None:
    """Make a process fit for work: it dies with the search, and only the search tells it to stop."""
    _die_with_parent()
    os.setpgid(0, 0)  # a terminal's Ctrl-C is the search's, which passes it on to those that run
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, between_programs)
    source = os.open(os.devnull, os.O_RDONLY)
    os.dup2(source, 0)
    os.close(source)


_told: list[int] = []
"""Signals that came while no program ran to pass them on to: the search begins no trial after one."""


def between_programs(number: int, _frame: object) -> None:
    """Remember a signal that came while no program ran."""
    _told.append(number)


def stopping() -> bool:
    """Whether no more programs are to be started in this process."""
    return bool(_told)


def _die_with_parent() -> None:
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # where there is no such call, a trial goes on to its end though the search has died


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """Let a new process not import the script that this one runs, which may well begin a search."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class Slots(Generic[Order, Done]):
    """Executors of one trial at a time, so that one whose process dies takes no other with it.

    Parameters
    ----------
    work
        What an executor does with an order; both can be sent to another process.
    count
        How many trials run at once.
    make
        Makes an executor; by default one with a process of its own.
    tell
        Told what an executor has to say of what it ran, if it has a method ``remarks``: lines for people.
    """

    def __init__(
        self,
        work: Callable[[Order], Done],
        count: int,
        make: Callable[[], Executor] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._work, self._count, self._make, self._tell = work, count, make or own_process, tell
        self._all: list[Executor] = []
        self._running: dict[Future[Done], tuple[Executor, Order]] = {}

    @property
    def free(self) -> int:
        """How many more can run."""
        return self._count - len(self._running)

    @property
    def running(self) -> tuple[Order, ...]:
        """What runs."""
        return tuple(order for _, order in self._running.values())

    def submit(self, order: Order) -> None:
        """Start a trial."""
        busy = {id(executor) for executor, _ in self._running.values()}
        executor = next((each for each in self._all if id(each) not in busy), None)
        if executor is None:
            executor = self._make()
            self._all.append(executor)
        with _main_left_alone():
            self._running[executor.submit(self._work, order)] = (executor, order)

    def wait(self, seconds: float | None) -> Iterator[tuple[Order, Done | None]]:
        """Trials that have ended, once one has or the time is over; None for one whose process died."""
        done, _ = wait(self._running, seconds, FIRST_COMPLETED)
        for future in done:
            executor, order = self._running.pop(future)
            for line in getattr(executor, "remarks", tuple)():
                self._tell(line)
            try:
                yield order, future.result()
            except BrokenExecutor:
                self._all.remove(executor)
                executor.shutdown(wait=False)
                yield order, None

    def stop(self, number: int) -> None:
        """Send the processes of ours that are busy a signal, which they pass on."""
        for executor, _ in self._running.values():
            stop = getattr(executor, "stop", None)
            if stop is not None:
                stop(number)
            for process in _processes(executor):
                _kill(process, number)

    def close(self) -> None:
        """End all processes, those that are busy too."""
        self.stop(signal.SIGKILL)
        for executor in self._all:
            executor.shutdown(wait=True, cancel_futures=True)


def own_process() -> Executor:
    """An executor with a process of its own, which dies with us."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin)


def _processes(executor: Executor) -> list[int]:
    found: dict[int, object] | None = getattr(executor, "_processes", None)
    return list(found or ())


def _kill(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return  # it has gone already
