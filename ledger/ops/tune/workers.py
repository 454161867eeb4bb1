"""Where the trials of a search run: processes of their own, behind `concurrent.futures.Executor`."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Final

from ledger import workspace as workspaces
from ledger.capture.secrets import refill
from ledger.errors import LedgerError
from ledger.model import Digest
from ledger.model.frozen import frozen
from ledger.ops.accompany import accompanied
from ledger.ops.prepare import Pinned
from ledger.ops.run import RunOptions, RunResult, run
from ledger.workspace import Workspace

_PR_SET_PDEATHSIG: Final = 1


@frozen
class Order:
    """One trial to run; it can be sent to another process."""

    ledger: str
    """The ledger directory."""
    root: str
    """Where the ledger is found from: absolute."""
    directory: str
    """Working directory, absolute."""
    argv: tuple[str, ...]
    experiment: str
    pinned: Pinned
    seed: int | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    trace: bool
    variables: Mapping[str, str] | None
    """The trial's environment, before what recording adds; None for that of whoever runs it, from which
    secrets of the command come, too."""
    remote: str | None = None
    """Where a worker of another machine finds the ledger; None where `ledger` is there, too."""


@frozen
class Done:
    """What a worker says when a trial has ended."""

    trial: Digest | None
    """None where it was not started."""
    warnings: tuple[str, ...] = ()
    error: LedgerError | None = None
    """Why it was not started."""
    unable: str | None = None
    """Why there is no such command, or it cannot be executed."""


def work(order: Order) -> Done:
    """Run one trial, and record it; whatever goes wrong is told, not raised.

    Raises
    ------
    BrokenExecutor
        If somebody else had begun it, who must have died: a cluster gives what is left to another worker.
    """
    warnings: list[str] = []
    try:
        with _place(order, warnings.append) as (workspace, directory):
            result = _record(workspace, directory, order, warnings.append)
    except LedgerError as error:
        if _stopping():
            return Done(trial=None, warnings=tuple(warnings))
        return Done(trial=None, warnings=tuple(warnings), error=error)
    partial = (each.reason for each in result.health if each.part == "command")
    return Done(trial=result.trial, warnings=tuple(warnings), unable=next(partial, None))


def _record(workspace: Workspace, directory: Path, order: Order, notify: Callable[[str], None]) -> RunResult:
    argv = order.argv if order.variables is not None else refill(order.argv, os.environ)
    with accompanied(workspace, notify, idle=_between_programs) as on_started:
        return run(
            workspace,
            argv,
            RunOptions(
                experiment=order.experiment,
                inputs=order.inputs,
                outputs=order.outputs,
                seed=order.seed,
                isolate=True,
                trace=order.trace,
                pinned=order.pinned,
            ),
            directory=directory,
            variables=order.variables,
            forward=False,
            notify=notify,
            on_started=on_started,
            stopping=_stopping,
        )


@contextmanager
def _place(order: Order, notify: Callable[[str], None]) -> Iterator[tuple[Workspace, Path]]:
    """The ledger, and the working directory, as they are where this runs."""
    if order.remote is None:
        yield _workspace(order.root, order.ledger), Path(order.directory)
        return
    from ledger.ops.tune.there import place  # of use to workers of other machines alone

    with place(order.remote, order.pinned, order.root, order.directory, notify) as found:
        yield found


@cache
def _workspace(root: str, ledger: str) -> Workspace:
    return workspaces.find(Path(root), ledger)


def begin() -> None:
    """Make a process fit for work: it dies with the search, and only the search tells it to stop."""
    _die_with_parent()
    os.setpgid(0, 0)  # a terminal's Ctrl-C is the search's, which passes it on to those that run
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _between_programs)
    source = os.open(os.devnull, os.O_RDONLY)
    os.dup2(source, 0)
    os.close(source)


_told: list[int] = []
"""Signals that came while no program ran to pass them on to: the search begins no trial after one."""


def _between_programs(number: int, _frame: object) -> None:
    _told.append(number)


def _stopping() -> bool:
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


class Slots:
    """Executors of one trial at a time, so that one whose process dies takes no other with it.

    Parameters
    ----------
    count
        How many trials run at once.
    make
        Makes an executor; by default one with a process of its own.
    """

    def __init__(self, count: int, make: Callable[[], Executor] | None = None) -> None:
        self._count, self._make = count, make or own_process
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
            self._running[executor.submit(work, order)] = (executor, order)

    def wait(self, seconds: float | None) -> Iterator[tuple[Order, Done | None]]:
        """Trials that have ended, once one has or the time is over; None for one whose process died."""
        done, _ = wait(self._running, seconds, FIRST_COMPLETED)
        for future in done:
            executor, order = self._running.pop(future)
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
