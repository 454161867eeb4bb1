"""How the trials of a ledger ended, and what that comes to in a search, up to any Head of it."""

from collections.abc import Sequence

from ledger.model import Digest
from ledger.model.search import Search
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.facts import Ended, Reported
from ledger.ops.tune.outcomes import Measured
from ledger.ops.tune.rungs import Sizes, within


class Endings:
    """The ends of trials, of which some go on from others that were stopped.

    Parameters
    ----------
    search
        What they are measured by.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self.counting: dict[Digest, Ended] = {}
        """How each trial of the ledger ended: the end that counts now."""
        self._thought_lost: dict[Digest, Ended] = {}
        """What counted until an end that was seen came."""
        self._measured: dict[Digest, Measured] = {}
        self._last: dict[Digest, Reported] = {}
        """What a trial reported last, in front of its end."""
        self._continues: dict[Digest, Digest] = {}
        """Trials that go on, each from another one."""
        self._continued: dict[Digest, list[Digest]] = {}
        """The same the other way round."""

    def take(self, fact: Ended) -> None:
        """Take an end that counts from now on."""
        trial = fact.trial
        known = self.counting.get(trial)
        if known is not None:
            self._thought_lost[trial] = known
            self._measured.pop(trial, None)
        self.counting[trial] = fact

    def report(self, fact: Reported) -> None:
        """Take what a trial reported; behind its end that is not what it was stopped at."""
        end = self.counting.get(fact.trial)
        if end is None or end.lost:
            self._last[fact.trial] = fact

    def go_on(self, trial: Digest, former: Digest) -> None:
        """Take that a trial goes on from another one."""
        self._continues[trial] = former
        self._continued.setdefault(former, []).append(trial)

    def after(self, trial: Digest) -> Sequence[Digest]:
        """Trials that go on from one."""
        return self._continued.get(trial, ())

    def measure(self, trial: Digest, known: Sizes | None) -> Measured | None:
        """What a trial came to; None where it had not ended."""
        end = self._of(trial, known)
        if end is None:
            return None
        last = self._last.get(trial)
        if trial in self._continues:
            return tune_outcomes.measured(self._search, end, last, self._before(trial, known))
        if end is not self.counting[trial]:
            return tune_outcomes.measured(self._search, end, last)
        found = self._measured.get(trial)
        if found is None:
            found = self._measured[trial] = tune_outcomes.measured(self._search, end, last)
        return found

    def is_lost(self, trial: Digest, known: Sizes | None) -> bool:
        """Whether the recorder of a trial that had ended was only thought dead."""
        end = self.counting[trial]
        return end.lost or not within(end, known)

    def _of(self, trial: Digest, known: Sizes | None) -> Ended | None:
        end = self.counting.get(trial)
        if end is None or known is None or within(end, known):
            return end
        lost = self._thought_lost.get(trial)
        return None if lost is None or not within(lost, known) else lost

    def _before(self, trial: Digest, known: Sizes | None) -> list[Ended]:
        """How the trials had ended from which one went on, oldest first."""
        found: list[Ended] = []
        former = self._continues.get(trial)
        while former is not None and (end := self._of(former, known)) is not None:
            found.insert(0, end)
            former = self._continues.get(former)
        return found
