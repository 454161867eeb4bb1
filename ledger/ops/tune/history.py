"""A search as the entries of a ledger tell it, up to any Head of it.

All that a proposal depends on is a pure function of the entries of that prefix.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ledger.model import (
    Digest,
    Head,
    Intent,
    Outcome,
    Recorded,
    Status,
    Tombstone,
    TrialDecided,
    TrialFinished,
    TrialLost,
    TrialProposed,
    TrialReported,
    TrialStarted,
)
from ledger.model.frozen import frozen, replace
from ledger.model.search import Search
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.outcomes import Measured
from ledger.tune.base import Observation, State
from ledger.tune.schedulers.base import Report

ATTEMPTS = 2
"""A trial whose recorder died is tried again once."""
_LOST = Measured(reason="its recorder died, twice")
_REMOVED = Measured(reason="it was taken back")

Place = tuple[bytes, int]
"""Origin and position of an entry."""
Identity = tuple[object, ...]


def identity(intent: Intent) -> Identity:
    """What makes two trials the same attempt: all that is known before, but for what only says more of it."""
    stdin = intent.stdin if intent.stdin.startswith("b3:") else None
    inputs = tuple(path for path, _ in intent.inputs)
    return intent.argv, intent.directory, stdin, intent.code, intent.environment, intent.seed, inputs


@frozen
class Tried:
    """A proposal, and what came of it."""

    id: Digest
    """Of the proposal's entry."""
    proposed: TrialProposed
    state: State
    trial: Digest | None
    """The trial that counts, or the last one; None where none has started."""
    running: bool
    """Whether that one has begun and not ended."""
    measured: Measured
    origin: bytes
    """Whose proposal it is."""

    @property
    def number(self) -> int:
        """In its search."""
        return self.proposed.number


@dataclass(slots=True)
class _Events:
    """Entries about one proposal, each with its place."""

    id: Digest
    place: Place
    proposed: TrialProposed
    starts: list[tuple[Place, Digest]] = field(default_factory=list)


class History:
    """Entries that a search depends on, in merged order.

    Parameters
    ----------
    id
        Of the search.
    search
        What it is.
    """

    def __init__(self, id: Digest, search: Search) -> None:
        self.id, self.search = id, search
        self.starts: dict[Digest, TrialStarted] = {}
        """All trials of the ledger that can stand for another, and those of the search."""
        self.own: dict[Digest, TrialStarted] = {}
        """Trials of the search."""
        self.ends: dict[Digest, tuple[Place, TrialFinished | TrialLost]] = {}
        """How each ended: the one that counts now."""
        self._thought_lost: dict[Digest, tuple[Place, TrialLost]] = {}
        """What counted until an end that was seen came."""
        self.good: dict[Identity, list[Digest]] = {}
        """Trials that ended well with complete Recipes, by what makes them the same."""
        self._proposals: dict[Digest, _Events] = {}
        self._removed: dict[Digest, Place] = {}
        self._measured: dict[Digest, Measured] = {}
        self._reports: list[tuple[Place, Digest, Report]] = []
        """(place, trial, what it said) of each report at a rung."""
        self._last: dict[Digest, TrialReported] = {}
        self.decisions: list[tuple[Digest, Place, TrialDecided]] = []
        """Of the scheduler, each with the id and the place of its entry."""
        self._about: dict[Digest, list[Digest]] = {}
        """Proposals that a trial tries, or stands for."""
        self._now: dict[Digest, Tried] = {}
        """What came of proposals, as far as nothing has come since."""

    def add(self, recorded: Recorded) -> None:
        """Take one more entry, behind those that were taken."""
        payload = recorded.entry.payload
        place = (recorded.entry.origin, recorded.seq)
        match payload:
            case TrialProposed() if payload.search == self.id:
                self._proposals[recorded.id] = _Events(recorded.id, place, payload)
                if payload.adopted is not None:
                    self._about.setdefault(payload.adopted, []).append(recorded.id)
            case TrialStarted():
                self.starts[recorded.id] = payload
                events = self._proposals.get(payload.proposal) if payload.proposal else None
                if events is not None:
                    self.own[recorded.id] = payload
                    events.starts.append((place, recorded.id))
                    self._about.setdefault(recorded.id, []).append(events.id)
                    self._now.pop(events.id, None)
            case TrialFinished() | TrialLost():
                known = self.ends.get(payload.trial)
                # An end that was seen beats a recorder that was only thought dead; else the first one counts.
                if known is None or (isinstance(payload, TrialFinished) and isinstance(known[1], TrialLost)):
                    self._end(payload, place)
            case TrialReported() if payload.trial in self.own:
                self._report(payload, place)
            case TrialDecided() if payload.trial in self.own:
                self.decisions.append((recorded.id, place, payload))
            case Tombstone():
                self._removed[payload.target] = place
                self._forget(payload.target)
            case _:
                pass

    def _end(self, payload: TrialFinished | TrialLost, place: Place) -> None:
        former = self.ends.get(payload.trial)
        if former is not None and isinstance(former[1], TrialLost):
            self._thought_lost[payload.trial] = (former[0], former[1])
        self.ends[payload.trial] = (place, payload)
        self._measured.pop(payload.trial, None)
        self._forget(payload.trial)
        started = self.starts.get(payload.trial)
        if started is None or not isinstance(payload, TrialFinished):
            return
        if payload.outcome.status is Status.OK and payload.recipe_complete:
            self.good.setdefault(identity(started.intent), []).append(payload.trial)

    def _report(self, payload: TrialReported, place: Place) -> None:
        proposal = self.own[payload.trial].proposal
        if proposal is None or len(self.search.objectives) != 1:
            return
        report = Report(
            proposal=proposal,
            number=self._proposals[proposal].proposed.number,
            rung=payload.rung,
            loss=tune_outcomes.losses(self.search, (payload.value,))[0],
        )
        self._reports.append((place, payload.trial, report))
        self._last[payload.trial] = payload

    def reports(self, head: Head | None = None) -> list[Report]:
        """What the trials of a prefix reported at rungs, in order; all that was taken where it is None."""
        if head is None:
            return [report for _, _, report in self._reports]
        sizes = {each.origin: each.size for each in head.origins}
        return [report for (origin, seq), _, report in self._reports if seq < sizes.get(origin, 0)]

    def report(self, trial: Digest, rung: int, head: Head | None = None) -> Report | None:
        """What a trial reported at a rung, if it did within the prefix."""
        sizes = None if head is None else {each.origin: each.size for each in head.origins}
        found = (
            report
            for place, id, report in reversed(self._reports)
            if id == trial and report.rung == rung and _within(place, sizes)
        )
        return next(found, None)

    def _forget(self, trial: Digest) -> None:
        for proposal in self._about.get(trial, ()):
            self._now.pop(proposal, None)

    def at(self, head: Head | None = None) -> tuple[Tried, ...]:
        """All proposals of a prefix, by number; of all that was taken where it is None."""
        sizes = None if head is None else {each.origin: each.size for each in head.origins}
        if sizes is None:
            for id, events in self._proposals.items():
                if id not in self._now:
                    self._now[id] = self._tried(events, None)
            return tuple(sorted(self._now.values(), key=lambda each: (each.number, each.id)))
        found = [
            self._tried(events, sizes) for events in self._proposals.values() if _within(events.place, sizes)
        ]
        return tuple(sorted(found, key=lambda each: (each.number, each.id)))

    def _tried(self, events: _Events, sizes: Mapping[bytes, int] | None) -> Tried:
        pending = Tried(
            id=events.id,
            proposed=events.proposed,
            state=State.PENDING,
            trial=None,
            running=False,
            measured=Measured(),
            origin=events.place[0],
        )
        adopted = events.proposed.adopted
        if adopted is not None:
            if self.is_removed(adopted, sizes):
                return _ended(pending, adopted, _REMOVED)
            measured = self._measure(adopted, sizes) or Measured(reason="it is not in the ledger")
            return _ended(pending, adopted, measured)
        lost = 0
        last = pending
        for place, trial in events.starts:
            if not _within(place, sizes):
                continue
            if self.is_removed(trial, sizes):
                last = _ended(pending, trial, _REMOVED)
                continue
            found = self._measure(trial, sizes)
            if found is None:
                last = replace(pending, trial=trial, running=True)
            elif found.again:
                last = replace(pending, trial=trial)
            elif self._is_lost(trial, sizes):
                lost += 1
                last = replace(pending, trial=trial) if lost < ATTEMPTS else _ended(pending, trial, _LOST)
            else:
                return _ended(pending, trial, found)
        return last

    def _measure(self, trial: Digest, sizes: Mapping[bytes, int] | None) -> Measured | None:
        """What a trial came to; None where it had not ended."""
        end = self.ends.get(trial)
        if end is None:
            return None
        if not _within(end[0], sizes):
            lost = self._lost_by(trial, sizes)
            return None if lost is None else tune_outcomes.measured(self.search, lost, self._last.get(trial))
        found = self._measured.get(trial)
        if found is None:
            found = tune_outcomes.measured(self.search, self.outcome(trial), self._last.get(trial))
            self._measured[trial] = found
        return found

    def is_removed(self, trial: Digest, sizes: Mapping[bytes, int] | None = None) -> bool:
        """Whether a trial was taken back, within a prefix of so many entries of each origin."""
        return trial in self._removed and _within(self._removed[trial], sizes)

    def was_good(self, trial: Digest, head: Head) -> bool:
        """Whether a trial had ended well within a prefix."""
        end = self.ends.get(trial)
        sizes = {each.origin: each.size for each in head.origins}
        return end is not None and _within(end[0], sizes) and self.outcome(trial).status is Status.OK

    def outcome(self, trial: Digest) -> Outcome:
        """How a trial ended."""
        end = self.ends[trial][1]
        return _lost_outcome(end) if isinstance(end, TrialLost) else end.outcome

    def _lost_by(self, trial: Digest, sizes: Mapping[bytes, int] | None) -> Outcome | None:
        """How a trial ended that was only thought lost, within a prefix that does not have its end."""
        lost = self._thought_lost.get(trial)
        return None if lost is None or not _within(lost[0], sizes) else _lost_outcome(lost[1])

    def _is_lost(self, trial: Digest, sizes: Mapping[bytes, int] | None) -> bool:
        place, end = self.ends[trial]
        return isinstance(end, TrialLost) or not _within(place, sizes)

    def proposals(self) -> Iterator[tuple[Digest, Place, TrialProposed]]:
        """Each proposal with the place of its entry, in merged order."""
        for events in self._proposals.values():
            yield events.id, events.place, events.proposed


def observations(search: Search, tried: tuple[Tried, ...]) -> list[Observation]:
    """What a sampler is told of a search: canonical, in the order of the numbers."""
    return [
        Observation(
            number=each.number,
            point=each.proposed.point,
            state=each.state,
            losses=tune_outcomes.losses(search, each.measured.seen) if each.measured.seen else (),
            violation=each.measured.violation,
            resource=None if each.measured.step is None else float(each.measured.step),
        )
        for each in tried
    ]


def _ended(pending: Tried, trial: Digest, measured: Measured) -> Tried:
    state = State.DONE if measured.values else State.PRUNED if measured.pruned else State.FAILED
    return replace(pending, state=state, trial=trial, measured=measured)


def _lost_outcome(end: TrialLost) -> Outcome:
    return replace(end.outcome, status=Status.LOST)


def _within(place: Place, sizes: Mapping[bytes, int] | None) -> bool:
    return sizes is None or place[1] < sizes.get(place[0], 0)
