"""Which trial of a search goes on that its scheduler had stopped, and with what."""

from collections.abc import Callable, Iterable

from ledger.model import Artifact, Digest, Head
from ledger.model.search import Search
from ledger.ops import checkpoints
from ledger.ops.tune.history import History, Part, Tried
from ledger.tune.schedulers.base import Known, Scheduler

Get = Callable[[Digest], bytes]
"""Reads an object by its digest; raises LedgerError."""


def due(
    history: History,
    scheduler: Scheduler,
    tried: Iterable[Tried],
    head: Head | None = None,
    known: Known | None = None,
) -> Part | None:
    """The trial that is to go on now, before anything new is tried; None where all stay as they are.

    Parameters
    ----------
    history
        Of the search.
    scheduler
        The search's.
    tried
        All proposals of a prefix.
    head
        The prefix; None for all that the history has.
    known
        What the scheduler goes by where the prefix ends, if that is there already.
    """
    if not scheduler.promotes:
        return None
    stopped = history.stopped(tried, head)
    if not stopped:
        return None
    found = scheduler.knowing(history.rungs.reported(head)) if known is None else known
    chosen = scheduler.promoted([report for _, report in stopped], found)
    return next((part for part, report in stopped if report is chosen), None)


def patterns(search: Search) -> tuple[str, ...]:
    """What may be a checkpoint, from the root."""
    return checkpoints.patterns(search.checkpoints, search.directory)


def checkpoint(search: Search, outputs: Iterable[Artifact], get: Get) -> tuple[Artifact, ...]:
    """What a trial that was stopped left to another one that goes on from it.

    Parameters
    ----------
    search
        The search.
    outputs
        Of the trial.
    get
        Reads the list of a directory's files.

    Raises
    ------
    LedgerError
        If that list is not to be had.
    """
    return checkpoints.of(outputs, patterns(search), get)
