"""What a search tries next: under its lock, from all that is there, written down before it starts."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ledger import fs
from ledger.model import (
    Digest,
    Head,
    ProposalSource,
    TrialDecided,
    TrialFinished,
    TrialProposed,
    Value,
    layout,
)
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.ops import lost
from ledger.ops.prepare import Pinned
from ledger.ops.replay_inputs import unchanged
from ledger.ops.run_options import Continued, Scheduled
from ledger.ops.tune import facts, promotions, rules
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune.facts import identity_in, key_of
from ledger.ops.tune.history import History, Part, Tried
from ledger.ops.tune.points import completed, hyperparameters, point_of
from ledger.ops.tune.reading import Reading, collecting_later
from ledger.ops.tune.rungs import is_compared
from ledger.ops.tune.words import FILE, Words, is_file
from ledger.ops.tune.workers import Order
from ledger.tune.base import State
from ledger.tune.space.unit import Point, UnitSpace
from ledger.workspace import Workspace

_FEW = 16
"""Entries that are read again by whoever goes on, rather than written down at the end."""
STARTS = 2
"""How often one call starts a trial that was interrupted or lost."""
Enough = Callable[[tuple[Tried, ...], bool], bool]
"""Whether so many proposals are enough, if a new one is asked for, or if one that had stopped is to go on."""


@frozen
class Setting:
    """Where a search's trials run."""

    root: Path
    """From where the ledger is found."""
    directory: Path
    """Working directory, absolute."""
    command: tuple[str, ...] | None = None
    """Of the search, secrets filled in; None where there are none."""
    variables: Mapping[str, str] | None
    """Their environment; None for that of the machine where each runs."""
    trace: bool = True
    remote: str | None = None
    """Where workers of other machines find the ledger."""


class Proposing:
    """Proposes trials of one search.

    Parameters
    ----------
    workspace
        The ledger.
    name, id, search
        The experiment.
    setting
        Where its trials run.
    queue
        Values to try first.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        id: Digest,
        search: Search,
        setting: Setting,
        queue: Sequence[Mapping[str, Value]] = (),
    ) -> None:
        self.workspace, self.name, self.id, self.search, self.setting = workspace, name, id, search, setting
        self.unit = UnitSpace(search.space)
        self.reading = Reading(workspace.journal, workspace.directory, lambda: History(id, search))
        self._words, self._recorded = Words(search, setting.command), Words(search)
        self._sampler = rules.sampler(search, self.unit)
        self._scheduler = rules.scheduler(search)
        self._queue = [(self.unit.point(each), dict(each)) for each in queue]
        self._starts: dict[Digest, int] = {}
        self._busy: set[Digest] = set()
        """Proposals whose trials we run."""
        self._lock = layout.search_lock(workspace.directory, id)
        self._runners: int | None = None
        self._alone = False
        """Whether nobody else ran trials of this search when this one began."""
        self._left: frozenset[Digest] = frozenset()
        """Proposals that were pending then, or taken over: nobody is at work on those that do not run."""

    def __enter__(self) -> "Proposing":
        place = layout.search_runners(self.workspace.directory, self.id)
        with fs.explained(place):
            fs.make_directory(place.parent)
        with fs.locked(self._lock), fs.explained(place):  # or two that begin at once are both alone
            self._runners = fs.try_lock(place)
            self._alone = self._runners is not None
            if self._runners is None:
                self._runners = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fs.share(self._runners)
        lost.recover(self.workspace)
        if self._alone:
            with collecting_later():
                history, _ = self.reading.up_to_now()
                pending = (each for each in history.at() if each.state is State.PENDING)
                self._left = frozenset(each.id for each in pending)
        return self

    def __exit__(self, *_: object) -> None:
        self.reading.keep(least=_FEW)
        if self._runners is not None:
            fs.release(self._runners)

    def standing(self) -> tuple[Tried, ...]:
        """All proposals so far, by number."""
        return self.reading.up_to_now()[0].at()

    def left(self) -> tuple[Tried, ...]:
        """Proposals whose trials run, but not with us; none where an earlier call here looks after them."""
        if not self._alone:
            return ()
        return tuple(each for each in self.standing() if each.running and each.id not in self._busy)

    def take_over(self, id: Digest) -> None:
        """Start the trial of a proposal again, though somebody else began it."""
        self._left |= {id}

    def next(self, enough: Enough) -> tuple[Tried, Order | None] | None:
        """What to try next, written down; None where there is enough, or nothing can be said yet.

        One that was stopped and may go on goes on before anything new is tried.

        Parameters
        ----------
        enough
            Whether so many proposals are enough; and whether a new one is asked for, or one goes on.

        Returns
        -------
        tuple of Tried and Order, or None
            What to run; no order where a trial is there already that stands for it.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        with fs.locked(self._lock), collecting_later():
            lost.recover(self.workspace)
            history, head = self.reading.up_to_now()
            tried = history.at()
            again = next((each for each in tried if self._may_start(each)), None)
            if again is not None:
                return again, self._begun(again)
            part = None if self._scheduler is None else promotions.due(history, self._scheduler, tried)
            if enough(tried, part is None):
                return None
            if part is not None:
                return self._promoted(part, head)
            number = tried[-1].number + 1 if tried else 0
            point, source, asked = self._point(number, tried)
            values = self.unit.values(point) if asked is None else asked
            seed = tune_seeds.seed_of(self.search, tried, point)
            adopted = self._same(history, values, seed)
            proposed = TrialProposed(
                experiment=self.name,
                search=self.id,
                number=number,
                values=tuple(values.items()),
                point=point,
                head=head,
                source=source,
                adopted=adopted,
                seed=seed,
            )
            new = history.foreseen(facts.proposal(self.workspace.journal.append(proposed), proposed))
            if adopted is not None:
                return new, None
            return new, self._begun(new)

    def _promoted(self, part: Part, head: Head) -> tuple[Tried, Order]:
        """Write down that a trial goes on."""
        decided = TrialDecided(trial=part.trial, rung=part.rung, stop=False, head=head)
        self.workspace.journal.append(decided)
        tried = next(each for each in self.standing() if part in each.parts)
        self._starts.pop(tried.id, None)
        return tried, self._begun(tried)

    def ended(self, id: Digest) -> None:
        """Know that the trial of a proposal does not run any more."""
        self._busy.discard(id)

    def _begun(self, tried: Tried) -> Order:
        self._starts[tried.id] = self._starts.get(tried.id, 0) + 1
        self._busy.add(tried.id)
        return self.order(tried)

    def order(self, tried: Tried) -> Order:
        """What to run for a proposal."""
        search, setting, proposed = self.search, self.setting, tried.proposed
        values = dict(proposed.values)
        content = self._words.file(values)
        return Order(
            ledger=str(self.workspace.directory),
            root=str(setting.root),
            directory=str(setting.directory),
            argv=self._words.of(values, proposed.seed),
            experiment=self.name,
            pinned=Pinned(
                code=search.code,
                proposal=tried.id,
                hyperparameters=hyperparameters(search.space, values),
                timeout=search.trial_timeout,
                files=() if content is None else ((FILE, content),),
                scheduled=self._scheduled(tried),
                checkpoints=promotions.patterns(search),
                continued=self._continued(tried),
            ),
            seed=search.trial_seed if proposed.seed is None else proposed.seed,
            inputs=search.inputs,
            outputs=search.outputs,
            trace=setting.trace,
            variables=setting.variables,
            remote=setting.remote,
        )

    def _scheduled(self, tried: Tried) -> Scheduled | None:
        if self._scheduler is None or not is_compared(self.search, tried.proposed.seed):
            return None
        rungs, after = self._scheduler.rungs(tried.number), None
        if tried.parts:
            after = tried.parts[-1].rung
            rungs = rungs.beyond(after)
        if not rungs.text:
            return None
        return Scheduled(
            id=self.id,
            search=self.search,
            number=tried.number,
            proposal=tried.id,
            rungs=rungs.text,
            after=after,
        )

    def _continued(self, tried: Tried) -> Continued | None:
        """What the next trial of a proposal goes on from; None where it begins anew. Raises LedgerError."""
        if not tried.parts:
            return None
        part = tried.parts[-1]
        end = self.reading.entry(self.reading.history.ends[part.trial])
        payload = None if end is None else end.entry.payload
        outputs = payload.outcome.outputs if isinstance(payload, TrialFinished) else ()
        files = promotions.checkpoint(self.search, outputs, self.workspace.store.get)
        return Continued(trial=part.trial, rung=part.rung, files=files)

    def _may_start(self, each: Tried) -> bool:
        """Whether a proposal waits for somebody to start it, and that is us."""
        if each.state is not State.PENDING or each.running or each.id in self._busy:
            return False
        starts = self._starts.get(each.id, 0)
        return starts < STARTS and (starts > 0 or each.id in self._left)

    def _point(
        self, number: int, tried: Sequence[Tried]
    ) -> tuple[Point, ProposalSource, dict[str, Value] | None]:
        """Where to try next, why there, and the values that are meant where they are not just the point's."""
        before = {each.proposed.point for each in tried if each.proposed.source is ProposalSource.ENQUEUED}
        while self._queue:
            point, values = self._queue.pop(0)
            if point not in before:
                return point, ProposalSource.ENQUEUED, values
        point, source = point_of(self.unit, self._sampler, self.search, number, tried)
        if source is ProposalSource.REPEAT:
            first = next(each for each in tried if each.proposed.point == point)
            return point, source, dict(first.proposed.values)
        return point, source, completed(self.unit, {}) if source is ProposalSource.DEFAULT else None

    def _same(self, history: History, values: Mapping[str, Value], seed: int | None) -> Digest | None:
        """A trial that was what this one would be, and whose inputs are as they were."""
        key = key_of(identity_in(self.search, self._recorded, values, seed))
        for trial in reversed(history.good.get(key, ())):
            if history.is_removed(trial):
                continue
            end = self.reading.entry(history.ends[trial])
            payload = None if end is None else end.entry.payload
            if not isinstance(payload, TrialFinished):
                continue
            read = tuple(each for each in payload.inputs if not is_file(each.path))  # it is in a copy alone
            if unchanged(self.workspace, read):
                return trial
        return None
