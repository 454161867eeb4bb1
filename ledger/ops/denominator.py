"""The honest denominator: how many trials of an experiment a head holds, the taken back ones among them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.errors import NotFoundError
from ledger.journal.base import Journal
from ledger.model import Digest, Head, Recorded, Status, Tombstone, TrialFinished, TrialLost, TrialStarted
from ledger.model.frozen import frozen
from ledger.ops.indexed import asked
from ledger.ops.text import count as counted
from ledger.ops.text import line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ledger.journal.held import Held
    from ledger.journal.positions import Logs


@frozen
class Denominator:
    """Trials of an experiment in a head."""

    experiment: str
    trials: int
    """All that were started: whatever came of them, and whether they were taken back."""
    statuses: Mapping[Status, int]
    """How many of them stand so in the head, of those that occur; `running`: without an end in it."""
    removed: int
    """Of all, those that were taken back."""


def count(journal: Journal, head: Head, experiment: str) -> Denominator:
    """Count the trials of an experiment in a head.

    Whoever has the entries can do the same: the head says which ones count. Who has the head alone cannot.
    """
    return counts(journal, (head,), experiment)[0]


def counts(journal: Journal, heads: Sequence[Head], experiment: str) -> list[Denominator]:
    """Count the trials of an experiment in each of some heads."""
    found = asked(journal, lambda held, logs: _counted(held, logs, heads, experiment))
    return _tallied(journal.entries(), heads, experiment) if found is None else found


def total(journal: Journal, head: Head, experiment: str) -> int:
    """How many trials of an experiment a head holds: as `count`, which also says how they stand."""
    found = asked(journal, lambda held, logs: _total(held, logs, head, experiment))
    return count(journal, head, experiment).trials if found is None else found


def counted_words(found: Denominator) -> str:
    """How many trials an experiment has, and how they stand."""
    states = ", ".join(f"{number:,} {status}" for status, number in found.statuses.items())
    removed = f", {found.removed:,} of them taken back" if found.removed else ""
    return f"{counted(found.trials, 'trial')} of {line(found.experiment)}: {states}{removed}"


def _tallied(entries: Iterable[Recorded], heads: Sequence[Head], experiment: str) -> list[Denominator]:
    tallies = [_Tally(head, experiment) for head in heads]
    for recorded in entries:
        for tally in tallies:
            tally.add(recorded)
    return [tally.result() for tally in tallies]


class _Tally:
    """What the entries of a head, told one by one in merged order, say of an experiment."""

    def __init__(self, head: Head, experiment: str) -> None:
        self._experiment = experiment
        self._sizes = {each.origin: each.size for each in head.origins}
        self._started: set[Digest] = set()
        self._ended: dict[Digest, Status] = {}
        self._removed: set[Digest] = set()

    def add(self, recorded: Recorded) -> None:
        """Take in an entry, if the head has it."""
        if recorded.seq >= self._sizes.get(recorded.entry.origin, 0):
            return
        payload = recorded.entry.payload
        if isinstance(payload, TrialStarted):
            if payload.experiment == self._experiment:
                self._started.add(recorded.id)
        elif isinstance(payload, TrialFinished):
            # An end that was seen outweighs a recorder that was only thought dead; else the first one counts.
            if self._ended.get(payload.trial, Status.LOST) is Status.LOST:
                self._ended[payload.trial] = payload.outcome.status
        elif isinstance(payload, TrialLost):
            self._ended.setdefault(payload.trial, Status.LOST)
        elif isinstance(payload, Tombstone):
            self._removed.add(payload.target)

    def result(self) -> Denominator:
        """The sum."""
        counted = Counter(self._ended.get(id, Status.RUNNING) for id in self._started)
        return Denominator(
            experiment=self._experiment,
            trials=len(self._started),
            statuses={status: counted[status] for status in Status if counted[status]},
            removed=len(self._removed & self._started),
        )


def _counted(held: "Held", logs: "Logs", heads: Sequence[Head], experiment: str) -> list[Denominator]:
    """By the index: of a head that holds all there is, the columns tell; of an earlier one the entries."""
    sizes = {origin: log.size for origin, log in logs.by_origin.items() if log.size}
    past = [head for head in heads if {each.origin: each.size for each in head.origins} != sizes]
    told = iter(_tallied(_entries(held, logs, experiment), past, experiment) if past else ())
    return [next(told) if head in past else _now(held, logs, head, experiment) for head in heads]


def _now(held: "Held", logs: "Logs", head: Head, experiment: str) -> Denominator:
    """Of a head that holds all that the index knows; of what was taken back the entries are read."""
    import numpy as np

    from ledger.journal.pieces import place_of
    from ledger.ops.columns import FIELD
    from ledger.ops.scope import Scope, as_recorded

    present = _present(held, logs, experiment)
    (gone,) = _tallied(_of(held, logs, _removed(held)), [head], experiment)
    statuses = Counter(gone.statuses)
    for piece in Scope(held, logs, None).column((FIELD, "status")):
        codes, counts = np.unique(piece.values[present[place_of(piece.numbers)]], return_counts=True)
        for code, number in zip(codes.tolist(), counts.tolist(), strict=True):
            statuses[Status(str(as_recorded(piece, code)))] += number
    return Denominator(
        experiment=experiment,
        trials=int(np.count_nonzero(present)) + gone.trials,
        statuses={status: statuses[status] for status in Status if statuses[status]},
        removed=gone.removed,
    )


def _entries(held: "Held", logs: "Logs", experiment: str) -> Iterator[Recorded]:
    """The entries about trials that may be of the experiment; of each trial in merged order."""
    import numpy as np

    present = np.flatnonzero(_present(held, logs, experiment)).tolist()
    return _of(held, logs, (*present, *_removed(held)))


def _of(held: "Held", logs: "Logs", numbers: Iterable[int]) -> Iterator[Recorded]:
    """The entries about some trials; of each in merged order."""
    for number in numbers:
        for log, seq in held.events(number):
            yield logs.by_origin[held.origins[log]].entry(seq)


def _total(held: "Held", logs: "Logs", head: Head, experiment: str) -> int:
    import numpy as np

    sizes = {each.origin: each.size for each in head.origins}
    ends = np.array([sizes.get(origin, 0) for origin in held.origins], np.int64)
    if not len(ends):
        return 0
    places, seqs, several = held.firsts()
    present = _present(held, logs, experiment)
    found = int(np.count_nonzero(present & ~several & (seqs < ends[places])))
    # Where another log has something to say of a trial, and of those that were taken back, the start is read.
    for number in (*np.flatnonzero(present & several).tolist(), *_removed(held)):
        for log, seq in held.events(number):
            payload = logs.by_origin[held.origins[log]].entry(seq).entry.payload
            if isinstance(payload, TrialStarted):
                found += payload.experiment == experiment and seq < int(ends[log])
    return found


def _present(held: "Held", logs: "Logs", experiment: str) -> "NDArray[np.bool_]":
    """Which trials are of the experiment and were not taken back."""
    import numpy as np

    from ledger.ops.scope import Scope

    try:
        return Scope(held, logs, experiment).present
    except NotFoundError:
        return np.zeros(held.total, np.bool_)  # all that there were may have been taken back


def _removed(held: "Held") -> list[int]:
    """Numbers of the trials that were taken back, of whatever experiment: the index does not tell."""
    from ledger.journal.held import REMOVED
    from ledger.journal.pieces import array_of

    return [number for piece in held.pieces(REMOVED) for number in array_of(piece.numbers).tolist()]
