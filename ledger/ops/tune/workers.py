"""One trial of a search, as a process of its own runs it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ledger import workspace as workspaces
from ledger.capture.secrets import refill
from ledger.errors import LedgerError
from ledger.model import Digest
from ledger.model.frozen import frozen
from ledger.ops.accompany import accompanied
from ledger.ops.prepare import Pinned
from ledger.ops.run import RunOptions, RunResult, run
from ledger.ops.slots import between_programs, stopping
from ledger.workspace import Workspace


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
    signal: int | None = None
    """What ended it, if a signal did."""


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
        if stopping():
            return Done(trial=None, warnings=tuple(warnings))
        return Done(trial=None, warnings=tuple(warnings), error=error)
    partial = (each.reason for each in result.health if each.part == "command")
    return Done(
        trial=result.trial,
        warnings=tuple(warnings),
        unable=next(partial, None),
        signal=result.outcome.signal if result.outcome else None,
    )


def _record(workspace: Workspace, directory: Path, order: Order, notify: Callable[[str], None]) -> RunResult:
    argv = order.argv if order.variables is not None else refill(order.argv, os.environ)
    with accompanied(workspace, notify, idle=between_programs) as on_started:
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
            stopping=stopping,
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
