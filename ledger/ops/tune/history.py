"""A search as the entries of a ledger tell it, up to any Head of it.

All that a proposal depends on is a pure function of the entries of that prefix.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.model import Digest, Head, Recorded, Status
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.endings import Endings
from ledger.ops.tune.facts import Decided, Ended, Fact, Proposed, Removed, Reported, Started, fact_of
from ledger.ops.tune.outcomes import Measured
from ledger.ops.tune.rungs import AtRungs, Sizes, is_compared, sizes, within
from ledger.tune.base import Observation, State
from ledger.tune.schedulers.base import Report

ATTEMPTS = 2
"""A trial whose recorder died is tried again once."""
_NOTHING = Measured()
_LOST = Measured(reason="its recorder died, twice")
_REMOVED = Measured(reason="it was taken back")
_NOT_HERE = Measured(reason="it is not in the ledger")

Place = tuple[bytes, int]
"""Origin and position of an entry."""


@frozen
class Part:
    """A trial that was stopped, and whose proposal went on from there in another one."""

    trial: Digest
    rung: int
    """At which it was stopped."""


Parts = tuple[Part, ...]


@frozen
class Tried:
    """A proposal, and what came of it."""

    id: Digest
    """Of the proposal's entry."""
    proposed: Proposed
    state: State
    trial: Digest | None
    """The trial that counts, or the last one; None where none has started."""
    running: bool
    """Whether that one has begun and not ended."""
    measured: Measured
    origin: bytes
    """Whose proposal it is."""
    parts: Parts = ()
    """Trials that were stopped and are to go on, oldest first: another one goes on from the last of them."""

    @property
    def number(self) -> int:
        """In its search."""
        return self.proposed.number


_Came = tuple[State, Digest | None, bool, Measured, Parts]
"""State, trial that counts, whether it runs, what it came to, and those from which it goes on."""


@dataclass(slots=True)
class _Events:
    """What is known of one proposal."""

    proposed: Proposed
    starts: list[Started] = field(default_factory=list)
    tried: Tried | None = None
    """What came of it, as far as nothing has come since."""


class History:
    """What a search depends on, taken in merged order.

    Parameters
    ----------
    id
        Of the search.
    search
        What it is.
    """

    def __init__(self, id: Digest, search: Search) -> None:
        self.id, self.search = id, search
        self.own: dict[Digest, Digest] = {}
        """Trials of the search, and the proposals that they try."""
        self._endings = Endings(search)
        self.ends = self._endings.counting
        """How each trial of the ledger ended: the end that counts now."""
        self.good: dict[bytes, list[Digest]] = {}
        """Trials that ended well and whose inputs are all known, by what makes them the same."""
        self._keys: dict[Digest, bytes] = {}
        """What makes a trial the same as others."""
        self._proposals: dict[Digest, _Events] = {}
        self._ordered: list[_Events] = []
        """The same by number."""
        self._adopting: dict[Digest, list[_Events]] = {}
        """Proposals that a trial stands for."""
        self._removed: dict[Digest, Removed] = {}
        self.rungs = AtRungs()
        """What its trials reported, and what was decided on them."""
        self._now: tuple[Tried, ...] | None = None
        """All proposals, as far as nothing has come since."""

    def add(self, recorded: Recorded) -> None:
        """Take one more entry, behind those that were taken."""
        fact = fact_of(recorded)
        if fact is not None:
            self.take((fact,))

    def take(self, facts: Sequence[Fact]) -> None:
        """Take what is to be known of more entries, behind those that were taken."""
        proposals, own, ends, keys = self._proposals, self.own, self.ends, self._keys
        if facts:
            self._now = None
        for fact in facts:
            if isinstance(fact, Started):
                keys[fact.id] = fact.key
                events = None if fact.proposal is None else proposals.get(fact.proposal)
                if events is not None:
                    own[fact.id] = events.proposed.id
                    events.starts.append(fact)
                    events.tried = None
                    if fact.continues is not None:
                        self._endings.go_on(fact.id, fact.continues)
                        self._forget(fact.id)
            elif isinstance(fact, Ended):
                known = ends.get(fact.trial)
                # An end that was seen beats a recorder that was only thought dead; else the first one counts.
                if known is None or (known.lost and not fact.lost):
                    self._end(fact)
            elif isinstance(fact, Proposed):
                if fact.search == self.id:
                    self._propose(fact)
            elif isinstance(fact, Reported):
                if fact.trial in own:
                    self._report(fact)
            elif isinstance(fact, Decided):
                if fact.trial in own and self.rungs.decide(fact):
                    self._forget(fact.trial)
            else:
                self._removed[fact.target] = fact
                self._forget(fact.target)

    def _propose(self, fact: Proposed) -> None:
        events = _Events(fact)
        self._proposals[fact.id] = events
        if not self._ordered or _order(self._ordered[-1]) < _order(events):
            self._ordered.append(events)
        else:
            insort(self._ordered, events, key=_order)
        if fact.adopted is not None:
            self._adopting.setdefault(fact.adopted, []).append(events)

    def _end(self, fact: Ended) -> None:
        trial = fact.trial
        self._endings.take(fact)
        self._forget(trial)
        if fact.status is Status.OK and fact.complete and trial in self._keys:
            self.good.setdefault(self._keys[trial], []).append(trial)

    def _report(self, fact: Reported) -> None:
        proposal = self.own[fact.trial]
        proposed = self._proposals[proposal].proposed
        if len(self.search.objectives) != 1 or not is_compared(self.search, proposed.seed):
            return
        report = Report(
            proposal=proposal,
            number=proposed.number,
            rung=fact.rung,
            loss=tune_outcomes.losses(self.search, (fact.value,))[0],
        )
        self.rungs.report(fact, report)
        self._endings.report(fact)

    def stopped(self, tried: Iterable[Tried], head: Head | None = None) -> list[tuple[Part, Report]]:
        """Trials that count by now and were stopped, each with its report there, in the order of `tried`.

        Parameters
        ----------
        tried
            All proposals of a prefix.
        head
            The prefix; None for all that was taken.
        """
        pruned = (each.trial for each in tried if each.trial is not None and each.state is State.PRUNED)
        found = self.rungs.where_stopped(pruned, head)
        return [(Part(trial=trial, rung=report.rung), report) for trial, report in found.items()]

    def _forget(self, trial: Digest) -> None:
        """Something has come that may change what a trial comes to, and those that go on from it."""
        trials = [trial]
        for each in trials:
            proposal = self.own.get(each)
            if proposal is not None:
                self._proposals[proposal].tried = None
            for events in self._adopting.get(each, ()):
                events.tried = None
            trials += self._endings.after(each)

    def at(self, head: Head | None = None) -> tuple[Tried, ...]:
        """All proposals of a prefix, by number; of all that was taken where it is None."""
        if head is not None:
            known = sizes(head)
            return tuple(self._tried(each, known) for each in self._ordered if within(each.proposed, known))
        if self._now is None:
            for each in self._ordered:
                if each.tried is None:
                    each.tried = self._tried(each, None)
            self._now = tuple([each.tried for each in self._ordered if each.tried is not None])
        return self._now

    def foreseen(self, fact: Proposed) -> Tried:
        """What would come of one more proposal."""
        return self._tried(_Events(fact), None)

    def parts(self, proposal: Digest, known: Sizes) -> Parts:
        """Trials of a proposal that were stopped and are to go on, by so many entries of each origin."""
        return self._tried(self._proposals[proposal], known).parts

    def _tried(self, events: _Events, known: Sizes | None) -> Tried:
        proposed = events.proposed
        state, trial, running, measured, parts = self._came_of(proposed.adopted, events.starts, known)
        return Tried(
            id=proposed.id,
            proposed=proposed,
            state=state,
            trial=trial,
            running=running,
            measured=measured,
            origin=proposed.origin,
            parts=parts,
        )

    def _came_of(self, adopted: Digest | None, starts: Sequence[Started], known: Sizes | None) -> _Came:
        if adopted is not None:
            if self.is_removed(adopted, known):
                return State.FAILED, adopted, False, _REMOVED, ()
            return _over(adopted, self._endings.measure(adopted, known) or _NOT_HERE, ())
        lost = 0
        parts: Parts = ()
        last: _Came = (State.PENDING, None, False, _NOTHING, parts)
        for start in starts:
            trial = start.id
            if known is not None and not within(start, known):
                continue
            if start.continues != (parts[-1].trial if parts else None):
                continue  # of two machines that let it go on one was faster, and that one's counts
            rung = self.rungs.promoted(trial, known)
            longer = parts if rung is None else (*parts, Part(trial=trial, rung=rung))
            if self._removed and self.is_removed(trial, known):
                last, parts = (State.FAILED, trial, False, _REMOVED, parts), longer
                continue
            found = self._endings.measure(trial, known)
            if found is None:
                last = State.PENDING, trial, True, _NOTHING, parts
            elif found.values:
                return State.DONE, trial, False, found, parts
            elif found.again:
                last = State.PENDING, trial, False, _NOTHING, parts
            elif self._endings.is_lost(trial, known):
                lost += 1
                last = State.PENDING, trial, False, _NOTHING, parts
                if lost >= ATTEMPTS:
                    last = State.FAILED, trial, False, _LOST, parts
            elif found.pruned and rung is not None:
                lost, parts = 0, longer
                last = State.PENDING, trial, False, _NOTHING, parts
            else:
                return _over(trial, found, parts)
        return last

    def is_removed(self, trial: Digest, known: Sizes | None = None) -> bool:
        """Whether a trial was taken back, within a prefix of so many entries of each origin."""
        return trial in self._removed and within(self._removed[trial], known)

    def was_good(self, trial: Digest, head: Head) -> bool:
        """Whether a trial had ended well within a prefix."""
        end = self.ends.get(trial)
        return end is not None and within(end, sizes(head)) and end.status is Status.OK


def observations(search: Search, tried: tuple[Tried, ...]) -> list[Observation]:
    """What a sampler is told of a search: canonical, in the order of the numbers."""
    return [
        Observation(
            number=each.proposed.number,
            point=each.proposed.point,
            state=each.state,
            losses=tune_outcomes.losses(search, each.measured.seen) if each.measured.seen else (),
            violation=each.measured.violation,
            resource=None if each.measured.step is None else float(each.measured.step),
        )
        for each in tried
    ]


def _over(trial: Digest, measured: Measured, parts: Parts) -> _Came:
    state = State.DONE if measured.values else State.PRUNED if measured.pruned else State.FAILED
    return state, trial, False, measured, parts


def _order(events: _Events) -> tuple[int, Digest]:
    return events.proposed.number, events.proposed.id
