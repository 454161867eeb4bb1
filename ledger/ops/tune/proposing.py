"""What a search tries next: under its lock, from all that is there, written down before it starts."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ledger import fs
from ledger.model import (
    Digest,
    ProposalSource,
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
from ledger.ops.run_options import Scheduled
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune.history import History, Identity, Tried
from ledger.ops.tune.points import completed, hyperparameters, point_of
from ledger.ops.tune.reading import Reading
from ledger.ops.tune.words import FILE, Words
from ledger.ops.tune.workers import Order
from ledger.tune.base import State
from ledger.tune.samplers import registry
from ledger.tune.schedulers import registry as schedulers
from ledger.tune.space.unit import Point, UnitSpace
from ledger.workspace import Workspace

STARTS = 2
"""How often one call starts a trial that was interrupted or lost."""


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
        self._sampler = registry.make(search.sampler, self.unit, len(search.objectives), search.seed)
        self._scheduler = None if search.scheduler is None else schedulers.make(search.scheduler)
        self._queue = [(self.unit.point(each), dict(each)) for each in queue]
        self._starts: dict[Digest, int] = {}
        self._busy: set[Digest] = set()
        """Proposals whose trials we run."""
        self._lock = layout.search_lock(workspace.directory, id)
        self._runners: int | None = None
        self._alone = False
        """Whether nobody else ran trials of this search when this one began."""
        self._left: frozenset[Digest] = frozenset()
        """Proposals that were pending then: nobody is at work on those that have not started."""

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
            history, _ = self.reading.up_to_now()
            pending = (each for each in history.at() if each.state is State.PENDING)
            self._left = frozenset(each.id for each in pending)
        return self

    def __exit__(self, *_: object) -> None:
        if self._runners is not None:
            fs.release(self._runners)

    def standing(self) -> tuple[Tried, ...]:
        """All proposals so far, by number."""
        return self.reading.up_to_now()[0].at()

    def next(self, enough: Callable[[tuple[Tried, ...]], bool]) -> tuple[Tried, Order | None] | None:
        """What to try next, written down; None where there is enough, or nothing can be said yet.

        Parameters
        ----------
        enough
            Whether so many proposals are enough.

        Returns
        -------
        tuple of Tried and Order, or None
            What to run; no order where a trial is there already that stands for it.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        with fs.locked(self._lock):
            lost.recover(self.workspace)
            history, head = self.reading.up_to_now()
            tried = history.at()
            again = next((each for each in tried if self._may_start(each)), None)
            if again is not None:
                return again, self._begun(again.id, again.proposed)
            if enough(tried):
                return None
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
            recorded = self.workspace.journal.append(proposed)
            history, _ = self.reading.up_to_now()
            new = next(each for each in history.at() if each.id == recorded.id)
            if adopted is not None:
                return new, None
            return new, self._begun(new.id, proposed)

    def ended(self, id: Digest) -> None:
        """Know that the trial of a proposal does not run any more."""
        self._busy.discard(id)

    def _begun(self, id: Digest, proposed: TrialProposed) -> Order:
        self._starts[id] = self._starts.get(id, 0) + 1
        self._busy.add(id)
        return self.order(id, proposed)

    def order(self, id: Digest, proposed: TrialProposed) -> Order:
        """What to run for a proposal."""
        search, setting = self.search, self.setting
        content = self._words.file(dict(proposed.values))
        return Order(
            ledger=str(self.workspace.directory),
            root=str(setting.root),
            directory=str(setting.directory),
            argv=self._words.of(dict(proposed.values), proposed.seed),
            experiment=self.name,
            pinned=Pinned(
                code=search.code,
                proposal=id,
                hyperparameters=hyperparameters(search.space, dict(proposed.values)),
                timeout=search.trial_timeout,
                files=() if content is None else ((FILE, content),),
                scheduled=self._scheduled(id, proposed.number),
            ),
            seed=search.trial_seed if proposed.seed is None else proposed.seed,
            inputs=search.inputs,
            outputs=search.outputs,
            trace=setting.trace,
            variables=setting.variables,
            remote=setting.remote,
        )

    def _scheduled(self, id: Digest, number: int) -> Scheduled | None:
        rungs = None if self._scheduler is None else self._scheduler.rungs(number).text
        if not rungs:
            return None
        return Scheduled(id=self.id, search=self.search, number=number, proposal=id, rungs=rungs)

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
        if self._recorded.file(values) is not None:
            return None  # the command is the same for all of them
        for trial in reversed(history.good.get(self._identity(values, seed), ())):
            if history.is_removed(trial):
                continue
            end = history.ends[trial][1]
            if isinstance(end, TrialFinished) and unchanged(self.workspace, end.inputs):
                return trial
        return None

    def _identity(self, values: Mapping[str, Value], seed: int | None) -> Identity:
        search = self.search
        return (
            self._recorded.of(values, seed),
            search.directory,
            None,
            tuple(sorted((each.name, each.tree) for each in search.code)),
            search.environment,
            search.trial_seed if seed is None else seed,
            search.inputs,
        )
