"""What replays have shown of trials, as values that can be asked for, and what their records lack."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ledger.model import Digest, HealthState, Trial, Value, Verdict
from ledger.ops.machines import Machines
from ledger.ops.trials import Receipt

_BY_WEIGHT = (Verdict.IDENTICAL, Verdict.EQUIVALENT, Verdict.INCOMPARABLE, Verdict.DIVERGED)


class Receipts:
    """Answers what was asked about the replays of a trial.

    Only replays under a trial's own conditions count: those of ``--vary`` are about something else.

    Parameters
    ----------
    receipts
        Of each trial that has some.
    machines
        What tells machines apart.
    """

    def __init__(
        self, receipts: Mapping[Digest, Sequence[Receipt]], machines: Machines | None = None
    ) -> None:
        self._receipts = receipts
        self._machines = machines or Machines()

    def value(self, trial: Trial, name: str) -> Value:
        """What a trial has under one of `NAMES`; None where it has nothing."""
        return _READS[name](plain(self._receipts.get(trial.id, ())), self._machines)


def plain(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """Those that are about the record."""
    return tuple(each for each in receipts if each.plain)


def agreed(receipts: Iterable[Receipt]) -> tuple[Digest, ...]:
    """The hosts on which the results were the same, or equivalent, each once, sorted."""
    return tuple(sorted(set(Machines.hosts_that_agreed(receipts))))


def health(trial: Trial) -> Value:
    """``complete`` where a record has all of each part, else how much of those that lack something."""
    states = {each.state for each in trial.health}
    lacking = tuple(str(each) for each in HealthState if each in states and each is not HealthState.COMPLETE)
    return lacking or ((str(HealthState.COMPLETE),) if states else None)


def lacking(trial: Trial) -> Value:
    """The parts that a record has not all of, each once; None where there is none."""
    parts = (each.part for each in trial.health if each.state is not HealthState.COMPLETE)
    return tuple(dict.fromkeys(parts)) or None


def _verdicts(receipts: Sequence[Receipt], _: Machines) -> Value:
    found = {each.replay.verdict for each in receipts}
    return tuple(str(each) for each in _BY_WEIGHT if each in found) or None


_READS: Mapping[str, Callable[[Sequence[Receipt], Machines], Value]] = {
    "replayed": _verdicts,
    "replays": lambda receipts, _: len(receipts),
    "machines": lambda receipts, machines: machines.that_agreed(receipts),
}
NAMES = frozenset(_READS)
"""The verdicts that replays had, each once; how many there were; on how many machines the results agreed."""
