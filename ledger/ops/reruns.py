"""Run composed trials, several at once, each recorded; what the ledger has already is not run again."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ledger import workspace as workspaces
from ledger.errors import IncomparableError, LedgerError, UsageError
from ledger.model import Environment, Status, Trial
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.ops import hybrids, lost, query, replay_launch, scratch
from ledger.ops.attempt import Attempt, Conditions
from ledger.ops.objects import one_line
from ledger.ops.slots import Slots, stopping
from ledger.ops.trials import Trials
from ledger.ops.tune.interrupts import Interrupts
from ledger.ops.why_hybrids import How, failure
from ledger.workspace import Workspace

AUTO: Final = "auto"
"""Of the environment: today's where it is the recorded one, else the recorded one made again."""
_TICK_S: Final = 0.2
_PATIENCE_S: Final = 10.0


@frozen
class Wanted:
    """A trial that is needed."""

    composed: Trial
    """What to run."""
    message: str
    tag: str
    experiment: str


@frozen
class Had:
    """How a trial was had."""

    wanted: Wanted
    how: How
    trial: Trial | None = None
    """None where it was not run, or not begun."""
    reason: str | None = None
    """Why it failed."""

    @property
    def good(self) -> Trial | None:
        """The trial, if it ended well."""
        return self.trial if self.trial is not None and self.trial.status is Status.OK else None


@frozen
class _Order:
    place: int
    ledger: str
    root: str
    wanted: Wanted
    conditions: Conditions
    variables: Mapping[str, str]


@frozen
class _Done:
    trial: Trial | None = None
    error: str | None = None
    """Why it could not be run."""


Tell = Callable[[Had, int, int], None]
"""Told of each that was had, how many are there, and of how many."""


def environment(workspace: Workspace, trial: Trial, mode: str, today: Mapping[str, str]) -> str:
    """``current`` or ``recreate``: what ``auto`` amounts to for a trial."""
    if mode != AUTO:
        return mode
    try:
        recorded = decode(Environment, workspace.store.get(trial.environment))
        with scratch.temporary("ledger-environment-") as place:
            found = replay_launch.environment(
                trial, recorded, place, workspace, "current", today, lambda _: None
            )
    except LedgerError:
        return "recreate"
    return (
        "recreate" if any(not each.path.startswith("variable ") for each in found.differences) else "current"
    )


def have(
    workspace: Workspace,
    original: Trial,
    wanted: Sequence[Wanted],
    conditions: Conditions,
    *,
    jobs: int = 1,
    dry_run: bool = False,
    variables: Mapping[str, str] | None = None,
    tell: Tell = lambda _had, _done, _of: None,
    notify: Callable[[str], None] = lambda _: None,
) -> tuple[tuple[Had, ...], bool]:
    """Have trials: from the ledger, else by running them in scratch directories.

    Parameters
    ----------
    workspace
        The ledger.
    original
        What they are made of: that it can be made again is seen first.
    wanted
        The trials.
    conditions
        Under which they run.
    jobs
        How many at once.
    dry_run
        Whether nothing is run.
    variables
        Today's variables; the current ones by default.
    tell
        Told how it goes.
    notify
        Takes warnings, a line each.

    Returns
    -------
    tuple of tuple of Had, and bool
        One for each that is wanted, in their order; and whether somebody interrupted.

    Raises
    ------
    UsageError
        If `jobs` is less than 1.
    IncomparableError
        If something is to be run, and the original cannot be made again here.
    StorageError
        If the ledger cannot be written.
    """
    if jobs < 1:
        raise UsageError("a bad number of jobs", cause=f"-j: expected 1 or more, got {jobs}")
    today = dict(os.environ if variables is None else variables)
    known = query.load(workspace.journal)
    found = _recorded(known, wanted, workspace)
    missing = [place for place in range(len(wanted)) if place not in found]
    if dry_run:
        return tuple(
            found.get(place, Had(wanted=each, how=How.PLANNED)) for place, each in enumerate(wanted)
        ), False
    for done, place in enumerate(found, 1):
        tell(found[place], done, len(wanted))
    if not missing:
        return tuple(found[place] for place in range(len(wanted))), False
    Attempt(workspace, original, conditions, today, lambda _: None).check()
    workspace.store.flush()  # other processes look for what was put
    running = _Running(workspace, wanted, conditions, today, found, tell, notify)
    with workspace.store.pinned(), Interrupts() as interrupts:
        running.run(missing, jobs, interrupts)
    left = [Had(wanted=each, how=How.PLANNED) for each in wanted]
    return tuple(found.get(place, each) for place, each in enumerate(left)), interrupts.count > 0


def _recorded(known: Trials, wanted: Sequence[Wanted], workspace: Workspace) -> dict[int, Had]:
    """What the ledger has, by its place; one recorded trial stands for one that is wanted."""
    found: dict[int, Had] = {}
    used = set()
    for place, each in enumerate(wanted):
        for trial in hybrids.found(known, each.composed, workspace.store):
            if trial.id not in used:
                used.add(trial.id)
                found[place] = Had(wanted=each, how=How.REUSED, trial=trial)
                break
    return found


class _Running:
    """Those that are missing, as they are run."""

    def __init__(
        self,
        workspace: Workspace,
        wanted: Sequence[Wanted],
        conditions: Conditions,
        today: Mapping[str, str],
        found: dict[int, Had],
        tell: Tell,
        notify: Callable[[str], None],
    ) -> None:
        self.workspace, self.wanted, self.conditions, self.today = workspace, wanted, conditions, today
        self.found, self.tell, self.notify = found, tell, notify

    def run(self, missing: list[int], jobs: int, interrupts: Interrupts) -> None:
        """Run them, in their order."""
        slots = Slots(_work, jobs)
        sent = 0
        try:
            while missing or slots.running:
                while slots.free and missing and not interrupts.count:
                    order = self._order(missing.pop(0))
                    slots.submit(order)
                if interrupts.count and not slots.running:
                    return
                for order, done in slots.wait(_TICK_S):
                    self._ended(order, done, interrupted=interrupts.count > 0)
                for _ in range(sent, min(interrupts.count, 2)):
                    sent += 1
                    if sent == 1:
                        self.notify("stopping: the trials that run are ended; the same command goes on")
                    slots.stop(signal.SIGINT if sent == 1 else signal.SIGTERM)
        finally:
            slots.close()

    def _order(self, place: int) -> _Order:
        return _Order(
            place=place,
            ledger=str(self.workspace.directory),
            root=str(self.workspace.root),
            wanted=self.wanted[place],
            conditions=self.conditions,
            variables=self.today,
        )

    def _ended(self, order: _Order, done: _Done | None, *, interrupted: bool) -> None:
        place = order.place
        if done is None:
            self._recover()
            self.notify("a process that ran a trial died; its trial is recorded as lost")
            done = _Done(error="its recorder died")
        trial = done.trial
        if trial is None and interrupted:
            return
        reason = done.error
        if trial is not None and trial.status is not Status.OK:
            if interrupted and trial.status is Status.KILLED:
                return
            reason = failure(trial, self.workspace.store)
        how = How.RUN if reason is None else How.FAILED
        self.found[place] = Had(wanted=order.wanted, how=how, trial=trial, reason=reason)
        self.tell(self.found[place], len(self.found), len(self.wanted))

    def _recover(self) -> None:
        """Have a trial recorded as lost, whose processes may take a moment to be gone."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            lost.recover(self.workspace)
            if all(each.outcome is not None for each in query.load(self.workspace.journal)):
                return
            time.sleep(_TICK_S)


def _work(order: _Order) -> _Done:
    """Run one, in a process of its own."""
    if stopping():
        return _Done()
    wanted = order.wanted
    try:
        trial = hybrids.run(
            workspaces.find(Path(order.root), order.ledger),
            wanted.composed,
            order.conditions,
            order.variables,
            message=wanted.message,
            tag=wanted.tag,
            experiment=wanted.experiment,
        )
    except IncomparableError as error:
        return _Done(error=one_line(error))
    return _Done(trial=trial)
