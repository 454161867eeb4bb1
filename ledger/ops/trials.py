"""All trials of a journal, and what was said about them, as whoever asks has them in hand."""

from collections.abc import Iterator, Mapping

from ledger.model import (
    NOT_BUNDLED,
    Allowance,
    Digest,
    ExperimentCreated,
    Tombstone,
    Trial,
    TrialDecided,
    TrialProposed,
    TrialReplayed,
    TrialReported,
)
from ledger.model.frozen import field, frozen
from ledger.ops.remarks import Remark


@frozen
class Receipt:
    """A replay, as its entry tells it."""

    id: Digest
    """Of the ``trial.replayed`` entry."""
    time: int
    """UTC, nanoseconds since 1970."""
    replay: TrialReplayed

    @property
    def plain(self) -> bool:
        """Whether it was made under the trial's own conditions, so that its verdict is about the record."""
        return not self.replay.varied


@frozen
class Dropped:
    """What a trial or a replay does not hold any more, as an entry tells it."""

    digests: frozenset[Digest]
    """Contents, and Manifests of contents, that were let go of."""
    time: int
    """UTC, nanoseconds since 1970."""
    reason: str


@frozen
class Trials:
    """All trials of a journal, and what was said about them."""

    ordered: tuple[Trial, ...]
    """In the journal's order, oldest first; removed ones are left out."""
    by_id: Mapping[Digest, Trial]
    """The same ones by their ids."""
    removed: Mapping[Digest, tuple[Trial, Tombstone]]
    """Trials that a tombstone hides, and the tombstone."""
    receipts: Mapping[Digest, tuple[Receipt, ...]]
    """Replays of each trial that has some, oldest first."""
    notes: Mapping[Digest, tuple[Remark, ...]]
    """Notes on each trial that has some, and on its diffs, oldest first; corrected ones are left out."""
    experiment_notes: Mapping[str, tuple[Remark, ...]]
    """Notes on each experiment that has some, and on its diffs, oldest first; corrected ones are left out."""
    allowances: Mapping[Digest, Allowance]
    """What may differ from run to run, by the entry's id, oldest first; what was taken back is left out."""
    tagged: Mapping[str, tuple[Digest, ...]]
    """Trials that bear each tag, in the order in which they got it; removed trials are left out."""
    ends: Mapping[Digest, Digest] = field(default_factory=dict)
    """The entry that tells the end of each trial that has ended."""
    dropped: Mapping[Digest, tuple[Dropped, ...]] = field(default_factory=dict)
    """What was let go of, by the entry that held it, oldest first."""
    proposals: Mapping[Digest, TrialProposed] = field(default_factory=dict)
    """What searches proposed, by the entry's id, oldest first."""
    experiments: Mapping[Digest, ExperimentCreated] = field(default_factory=dict)
    """Tuned experiments, by the entry's id, oldest first."""
    reports: Mapping[Digest, tuple[TrialReported, ...]] = field(default_factory=dict)
    """What each trial reported where its search's scheduler looked at it, oldest first."""
    decisions: Mapping[Digest, tuple[TrialDecided, ...]] = field(default_factory=dict)
    """What the scheduler decided then."""
    standing_notes: tuple[Remark, ...] = ()
    """All notes, oldest first; corrected ones, and those that were taken back, are left out."""
    replaced_notes: Mapping[Digest, Digest] = field(default_factory=dict)
    """Notes that were corrected or taken back, and by which note."""
    notes_taken_back: tuple[Remark, ...] = ()
    """What takes notes back, oldest first, each with what it takes back before it."""

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.ordered)

    def __len__(self) -> int:
        return len(self.ordered)

    def of_experiment(self, name: str) -> tuple[Trial, ...]:
        """The experiment's trials, oldest first; empty where there is none of that name."""
        return tuple(trial for trial in self.ordered if trial.experiment == name)

    def dropped_from(self, entry: Digest | None, digest: Digest) -> Dropped | None:
        """By what an entry lost its hold on an object; None where it still has it."""
        found = () if entry is None else self.dropped.get(entry, ())
        return next((each for each in reversed(found) if digest in each.digests), None)

    def let_go(self, entry: Digest, digest: Digest) -> bool:
        """Whether somebody chose that an entry holds an object no more; a bundle without it chose nothing."""
        found = self.dropped.get(entry, ())
        return any(digest in each.digests and each.reason != NOT_BUNDLED for each in found)

    def continuations(self, id: Digest) -> tuple[Trial, ...]:
        """Trials that went on from where the trial `id` was stopped, oldest first."""
        return tuple(trial for trial in self.ordered if trial.continues == id)

    def children(self, id: Digest) -> tuple[Trial, ...]:
        """Trials that were started inside the trial `id`, oldest first."""
        return tuple(trial for trial in self.ordered if trial.parent == id)
