"""Trials are read: what the entries of a journal tell of them, put together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from ledger.model import (
    Allowance,
    ContentDropped,
    Digest,
    ExperimentCreated,
    Note,
    Recorded,
    Status,
    Tag,
    Tombstone,
    Trial,
    TrialDecided,
    TrialFinished,
    TrialLost,
    TrialProposed,
    TrialReplayed,
    TrialReported,
    TrialStarted,
)
from ledger.ops.remarks import NoteFold, Remark, remark_of
from ledger.ops.trials import Dropped, Receipt, Trials

Key = TypeVar("Key")


class Entries(Protocol):
    """The part of a journal that a reader of trials needs."""

    def entries(self) -> Iterator[Recorded]:
        """All whole entries in merged order."""
        ...


def load(journal: Entries) -> Trials:
    """Read all trials in one pass over the journal.

    A fact about a trial whose ``trial.started`` is not there (damaged, or not pulled) is passed over:
    `verify` names the damage.
    """
    return fold(journal.entries())


def fold(entries: Iterable[Recorded]) -> Trials:
    """The trials that some entries tell of, each entry behind those that its journal has in front of it."""
    state = _Fold()
    for recorded in entries:
        state.add(recorded)
    return state.trials()


@dataclass(slots=True)
class _Fold:
    """What the entries up to here say."""

    started: dict[Digest, tuple[int, TrialStarted]] = field(default_factory=dict)
    ended: dict[Digest, TrialFinished | TrialLost] = field(default_factory=dict)
    ends: dict[Digest, Digest] = field(default_factory=dict)
    """The entry of each end."""
    dropped: dict[Digest, list[Dropped]] = field(default_factory=dict)
    receipts: dict[Digest, list[Receipt]] = field(default_factory=dict)
    allowances: dict[Digest, Allowance] = field(default_factory=dict)
    remarks: NoteFold = field(default_factory=NoteFold)
    tags: dict[tuple[str, Digest], None] = field(default_factory=dict)
    """(name, trial) of each tag that stands, in the order of tagging."""
    tombstones: dict[Digest, Tombstone] = field(default_factory=dict)
    proposals: dict[Digest, TrialProposed] = field(default_factory=dict)
    experiments: dict[Digest, ExperimentCreated] = field(default_factory=dict)
    reports: dict[Digest, list[TrialReported]] = field(default_factory=dict)
    decisions: dict[Digest, list[TrialDecided]] = field(default_factory=dict)

    def add(self, recorded: Recorded) -> None:
        payload = recorded.entry.payload
        match payload:
            case TrialStarted():
                self.started[recorded.id] = (recorded.entry.time, payload)
                for name in payload.tags:
                    self._tag(name, recorded.id)
            case TrialFinished():
                # An end that was seen beats a recorder that was only thought dead; else the first one counts.
                if not isinstance(self.ended.get(payload.trial), TrialFinished):
                    self.ended[payload.trial] = payload
                    self.ends[payload.trial] = recorded.id
            case TrialLost():
                self.ended.setdefault(payload.trial, payload)
                self.ends.setdefault(payload.trial, recorded.id)
            case TrialReplayed():
                receipt = Receipt(id=recorded.id, time=recorded.entry.time, replay=payload)
                self.receipts.setdefault(payload.trial, []).append(receipt)
            case TrialProposed():
                self.proposals[recorded.id] = payload
            case ExperimentCreated():
                self.experiments[recorded.id] = payload
            case TrialReported():
                self.reports.setdefault(payload.trial, []).append(payload)
            case TrialDecided():
                self.decisions.setdefault(payload.trial, []).append(payload)
            case Allowance():
                self.allowances[recorded.id] = payload
            case Note():
                self.remarks.add(remark_of(recorded))
            case Tag():
                if payload.removed:
                    self.tags.pop((payload.name, payload.trial), None)
                else:
                    self._tag(payload.name, payload.trial)
            case Tombstone():
                self.tombstones[payload.target] = payload
            case ContentDropped():
                for each in payload.contents:
                    dropped = Dropped(
                        digests=frozenset(each.digests), time=recorded.entry.time, reason=payload.reason
                    )
                    self.dropped.setdefault(each.entry, []).append(dropped)
            case _:
                pass  # of a later release, or nothing that a trial consists of

    def _tag(self, name: str, trial: Digest) -> None:
        self.tags.pop((name, trial), None)
        self.tags[name, trial] = None

    def trials(self) -> Trials:
        tags: dict[Digest, list[str]] = {}
        for name, id in self.tags:
            tags.setdefault(id, []).append(name)
        everything = {
            id: _trial(id, time, started, self.ended.get(id), tuple(sorted(tags.get(id, ()))))
            for id, (time, started) in self.started.items()
        }
        present = {id: trial for id, trial in everything.items() if id not in self.tombstones}
        tagged: dict[str, list[Digest]] = {}
        for name, id in self.tags:
            if id in present:
                tagged.setdefault(name, []).append(id)
        remarks = self.remarks.standing()
        return Trials(
            ordered=tuple(present.values()),
            by_id=present,
            removed={id: (everything[id], why) for id, why in self.tombstones.items() if id in everything},
            receipts={id: tuple(each) for id, each in self.receipts.items()},
            notes=_grouped((key, each) for each in remarks for key in each.trials),
            experiment_notes=_grouped((key, each) for each in remarks for key in each.experiments),
            allowances={id: each for id, each in self.allowances.items() if id not in self.tombstones},
            tagged={name: tuple(ids) for name, ids in tagged.items()},
            ends=self.ends,
            dropped={id: tuple(each) for id, each in self.dropped.items()},
            proposals=self.proposals,
            experiments=self.experiments,
            reports={id: tuple(each) for id, each in self.reports.items()},
            decisions={id: tuple(each) for id, each in self.decisions.items()},
            standing_notes=tuple(remarks),
            replaced_notes=self.remarks.replaced(),
            notes_taken_back=tuple(self.remarks.taken_back()),
        )


def _trial(
    id: Digest,
    time: int,
    started: TrialStarted,
    ended: TrialFinished | TrialLost | None,
    tags: tuple[str, ...],
) -> Trial:
    running = Trial(
        id=id,
        name=started.name,
        experiment=started.experiment,
        message=started.message,
        tags=tags,
        parent=started.parent,
        proposal=started.proposal,
        continues=started.continues,
        started=time,
        root=started.root,
        intent=started.intent,
        recipe=None,
        recipe_complete=False,
        code=started.code,
        environment=started.environment,
        interpreter=started.interpreter,
        host=started.host,
        observed=None,
        hyperparameters=started.hyperparameters,
        locks=started.locks,
        inputs=started.inputs,
        outcome=None,
        health=started.health,
    )
    if ended is None:
        return running
    if isinstance(ended, TrialLost):
        return replace(
            running,
            observed=ended.observed,
            hyperparameters=ended.hyperparameters or started.hyperparameters,
            inputs=ended.inputs or started.inputs,
            outcome=replace(ended.outcome, status=Status.LOST),
            health=ended.health,
        )
    return replace(
        running,
        recipe=ended.recipe,
        recipe_complete=ended.recipe_complete,
        observed=ended.observed,
        hyperparameters=ended.hyperparameters,
        inputs=ended.inputs,
        wheels=ended.wheels,
        outcome=ended.outcome,
        health=ended.health,
    )


def _grouped(pairs: Iterable[tuple[Key, Remark]]) -> dict[Key, tuple[Remark, ...]]:
    groups: dict[Key, list[Remark]] = {}
    for key, remark in pairs:
        groups.setdefault(key, []).append(remark)
    return {key: tuple(each) for key, each in groups.items()}
