"""Search for the best hyperparameters of a command; every trial goes through the same ledger."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from ledger.errors import SpaceExhaustedError, UsageError
from ledger.model import Digest
from ledger.model.search import Search
from ledger.ops import copies, lost
from ledger.ops.names import check_name
from ledger.ops.slots import Slots
from ledger.ops.tune import advice, checking
from ledger.ops.tune import beginning as tune_beginning
from ledger.ops.tune import earlier as tune_earlier
from ledger.ops.tune import space as tune_space
from ledger.ops.tune.beginning import Begun, Wanted
from ledger.ops.tune.elsewhere import Elsewhere
from ledger.ops.tune.history import History, Tried
from ledger.ops.tune.interrupts import Interrupts
from ledger.ops.tune.others import Others
from ledger.ops.tune.points import enqueued
from ledger.ops.tune.proposing import Proposing, Setting
from ledger.ops.tune.reading import Reading
from ledger.ops.tune.secrets import refilled
from ledger.ops.tune.standing import Standing, Tell, Tuned, TuneOptions, reason, standing
from ledger.ops.tune.workers import Done, Order, work
from ledger.tune.base import State
from ledger.tune.space.unit import UnitSpace
from ledger.workspace import Workspace, is_copy

__all__ = ["Standing", "Tell", "TuneOptions", "Tuned", "tune"]

_TICK_S: Final = 0.2
_PATIENCE_S: Final = 10.0
"""How long the trial of a process that died may take to be gone, too."""


def tune(
    workspace: Workspace,
    wanted: Wanted,
    options: TuneOptions,
    *,
    directory: Path,
    variables: Mapping[str, str] | None = None,
    tell: Tell = lambda _tried, _standing: None,
    notify: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Search, or go on with a search.

    Parameters
    ----------
    workspace
        The ledger.
    wanted
        The search.
    options
        When it stops, and how its trials run.
    directory
        Where they run.
    variables
        Their environment; the current one by default, or with an executor that of each of its workers.
    tell
        Told how it goes.
    notify
        Takes warnings, a line each.

    Raises
    ------
    MismatchError
        If a search of that name has begun that is another one; or the objective is a metric that the first
        trial does not have.
    UsageError
        If what is needed is not said, or does not fit together.
    CannotRecordError
        If a trial could not be started.
    """
    check_name(wanted.name, "experiment")
    checking.check(workspace, wanted, options)
    if is_copy(workspace.directory):
        copies.refuse(workspace)
    users = dict(os.environ if variables is None else variables)
    begun = tune_beginning.begin(
        workspace,
        wanted,
        directory=directory,
        variables=users,
        fork=options.fork,
        counts=lambda id, search: _counts(workspace, id, search),
    )
    search = begun.search
    for notice in begun.notices:
        notify(notice)
    if options.target is not None and len(search.objectives) > 1:
        raise UsageError("a target of several objectives", cause="--target is a value of one objective")
    unit = UnitSpace(search.space)
    there = options.executor is not None and variables is None
    elsewhere = Elsewhere(workspace, apart=options.executor is not None, notify=notify)
    setting = Setting(
        root=workspace.root,
        directory=directory,
        command=None if there else wanted.command or refilled(search.command, users),
        variables=None if there else users,
        trace=options.trace,
        remote=elsewhere.url,
    )
    queue = [enqueued(unit, tune_space.meant(search.space, each)) for each in options.queue]
    with ExitStack() as stack:
        proposing = stack.enter_context(Proposing(workspace, wanted.name, begun.id, search, setting, queue))
        slots = Slots(work, options.jobs, options.executor, advice.once(notify))
        stack.callback(slots.close)
        interrupts = stack.enter_context(Interrupts())
        if begun.before is not None or options.earlier:
            for line in tune_earlier.take(proposing, begun.before, options.earlier):
                notify(line)
        loop = _Loop(begun, wanted.name, options, proposing, slots, elsewhere, interrupts, tell, notify)
        return loop.run()


def _counts(workspace: Workspace, id: Digest, search: Search) -> bool:
    reading = Reading(workspace.journal, workspace.directory, lambda: History(id, search))
    history, _ = reading.up_to_now()
    return any(each.state is State.DONE for each in history.at())


def _any_done(now: Standing) -> bool:
    return any(each.state is State.DONE for each in now.own)


class _Loop:
    """One call of a search, from its first trial to its last."""

    def __init__(
        self,
        begun: Begun,
        name: str,
        options: TuneOptions,
        proposing: Proposing,
        slots: Slots[Order, Done],
        elsewhere: Elsewhere,
        interrupts: Interrupts,
        tell: Tell,
        notify: Callable[[str], None],
    ) -> None:
        self.begun, self.name, self.options = begun, name, options
        self.proposing, self.slots, self.interrupts = proposing, slots, interrupts
        self.elsewhere = elsewhere
        self.others = Others(proposing, notify)
        self.tell, self.notify = tell, notify
        self.notify_once = advice.once(notify)
        self.deadline = None if options.timeout is None else time.monotonic() + options.timeout
        self.stopped: str | None = None
        self.stops_sent = 0

    def run(self) -> Tuned:
        """Run trials until there is enough."""
        try:
            while True:
                self._look()
                self._fill()
                if not self._may_go_on():
                    break
                if not self.slots.running:
                    self.others.tell_doubts()
                    time.sleep(_TICK_S)
                for order, done in self.slots.wait(_TICK_S):
                    self._ended(order, done)
                self._pass_interrupts_on()
        except BaseException:
            self._drain()
            raise
        return Tuned(
            standing=self._now(),
            stopped="it was interrupted" if self.interrupts.count else self.stopped or "there is enough",
            interrupted=self.interrupts.count > 0,
            begun=self.begun.new,
        )

    def _look(self) -> None:
        """Take over what other machines began, and died over."""
        lost = self.others.look()
        if not lost:
            return
        now = self._now()
        for each in now.tried:
            if each.id in lost and each.state is not State.PENDING:
                self.tell(each, now)

    def _may_go_on(self) -> bool:
        """Whether one runs, here or maybe elsewhere, that may have to run again."""
        over = self.deadline is not None and time.monotonic() >= self.deadline
        waits = bool(self.others.doubtful) and not over and not self.interrupts.count
        return bool(self.slots.running) or waits

    def _fill(self) -> None:
        """Start what can be started."""
        while self.slots.free and not self.interrupts.count and self.stopped is None:
            try:
                found = self.proposing.next(self._enough)
            except SpaceExhaustedError as error:
                self.stopped = None if self._may_go_on() else error.message
                return
            if found is None:
                if self._may_go_on():
                    self.stopped = None
                return
            tried, order = found
            if order is not None:
                self.elsewhere.before()
                self.slots.submit(order)
            now = self._now()
            self.tell(tried, now)
            if order is None and not _any_done(now):  # a trial that was there already counts as a first one
                advice.refuse_missing(self.proposing.reading, tried)

    def _enough(self, tried: tuple[Tried, ...], new: bool) -> bool:
        now = standing(self.name, self.begun.id, self.begun.search, tried)
        self.stopped = reason(self.options, now, self.deadline, new)
        return self.stopped is not None

    def _now(self) -> Standing:
        return standing(self.name, self.begun.id, self.begun.search, self.proposing.standing())

    def _ended(self, order: Order, done: Done | None) -> None:
        id = order.pinned.proposal
        self.elsewhere.after()
        self.proposing.ended(id)
        if done is None:
            self._recover(id)
            self._tell_death(id)
        else:
            for line in done.warnings:  # what is true of all trials is said once
                self.notify_once(line)
            if done.error is not None:
                raise done.error
        now = self._now()
        tried = next(each for each in now.tried if each.id == id)
        if done is not None and done.trial is not None:
            self.elsewhere.check(done.trial, self.proposing.reading.history)
        self.tell(tried, now)
        if not _any_done(now):
            advice.refuse_missing(self.proposing.reading, tried)
        told = advice.unlooked(self.proposing.reading, self.begun.search, tried)
        if told is not None:
            self.notify_once(told)
        if done is not None and done.unable is not None and not _any_done(now):
            raise UsageError(
                "no trial of this search can be run",
                cause=done.unable,
                hint="name a program that is there, such as python train.py --lr {lr}",
            )

    def _recover(self, id: Digest) -> None:
        """Have a trial recorded as lost, whose processes may take a moment to be gone."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            lost.recover(self.proposing.workspace)
            tried = next(each for each in self.proposing.standing() if each.id == id)
            if not tried.running:
                return
            self.elsewhere.lose(tried, self.proposing.reading.history)
            time.sleep(_TICK_S)

    def _tell_death(self, id: Digest) -> None:
        """Say what became of a trial whose process died, unless it is known how it ended."""
        tried = next(each for each in self.proposing.standing() if each.id == id)
        end = None if tried.trial is None else self.proposing.reading.history.ends.get(tried.trial)
        if tried.trial is not None and (end is None or end.lost):
            known = "recorded as lost" if end is not None else "not known to have ended"
            self.notify(f"a process that ran a trial died; its trial is {known}")
        elif tried.trial is None and not self.interrupts.count:
            self.notify("a process ended before its trial began")

    def _pass_interrupts_on(self) -> None:
        """The first interrupt goes to the trials; the second kills them."""
        count = min(self.interrupts.count, 2)
        while self.stops_sent < count:
            self.stops_sent += 1
            if self.stops_sent == 1:
                self.notify("stopping: the trials that run are ended; once more kills them")
            self.slots.stop(signal.SIGINT if self.stops_sent == 1 else signal.SIGTERM)

    def _drain(self) -> None:
        """End what still runs, and let it be recorded."""
        self.slots.stop(signal.SIGINT)
        until = time.monotonic() + _PATIENCE_S
        while self.slots.running and time.monotonic() < until:
            for _ in self.slots.wait(_TICK_S):
                pass
