"""What the trials of a search reported at rungs, and what was decided there, up to any Head of it."""

from collections.abc import Iterable, Mapping

from ledger.model import Digest, Head
from ledger.model.search import Search
from ledger.ops.tune.facts import Decided, Fact, Reported
from ledger.tune import racing
from ledger.tune.schedulers.base import Report

Sizes = Mapping[bytes, int]
"""Entries of each origin that a prefix has."""


class AtRungs:
    """Reports and decisions in merged order."""

    def __init__(self) -> None:
        self.reports: list[tuple[Reported, Report]] = []
        """Each report, and what a scheduler is told of it."""
        self.stops: dict[Digest, Decided] = {}
        """Where it was first decided that a trial stops."""
        self.promotions: dict[Digest, Decided] = {}
        """Where it was first decided that a trial that had stopped goes on."""
        self._of: dict[Digest, list[tuple[Reported, Report]]] = {}
        """The reports of each trial."""

    def report(self, fact: Reported, report: Report) -> None:
        """Take a report."""
        self.reports.append((fact, report))
        self._of.setdefault(fact.trial, []).append((fact, report))

    def decide(self, fact: Decided) -> bool:
        """Take a decision, and tell whether it lets a trial go on that had stopped."""
        if fact.stop:
            self.stops.setdefault(fact.trial, fact)
            return False
        if fact.trial not in self.stops or not self.is_promotion(fact.trial, fact.rung, fact.known):
            return False
        return self.promotions.setdefault(fact.trial, fact) is fact

    def is_promotion(self, trial: Digest, rung: int, known: Sizes) -> bool:
        """Whether to go on from a rung means for a trial, by what was known, that it had stopped there."""
        stop = self.stops.get(trial)
        return stop is not None and stop.rung == rung and within(stop, known)

    def promoted(self, trial: Digest, known: Sizes | None) -> int | None:
        """The rung from which a trial goes on that had stopped; None where that was not decided.

        Parameters
        ----------
        trial
            Which one.
        known
            How many entries of each origin are looked at; None for all.
        """
        found = self.promotions.get(trial)
        return self.stops[trial].rung if found is not None and within(found, known) else None

    def reported(self, head: Head | None = None) -> list[Report]:
        """What the trials of a prefix reported, in order; all that was taken where it is None."""
        known = sizes(head)
        return [report for fact, report in self.reports if within(fact, known)]

    def by(self, trial: Digest, rung: int, head: Head | None = None) -> Report | None:
        """What a trial reported at a rung, if it did within the prefix."""
        known = sizes(head)
        found = (
            report
            for fact, report in reversed(self._of.get(trial, ()))
            if fact.rung == rung and within(fact, known)
        )
        return next(found, None)

    def where_stopped(self, trials: Iterable[Digest], head: Head | None = None) -> dict[Digest, Report]:
        """What trials of a prefix reported where they were stopped; of those that were, in their order."""
        stops = ((each, self.stops[each]) for each in trials if each in self.stops)
        found = ((trial, self.by(trial, stop.rung, head)) for trial, stop in stops)
        return {trial: report for trial, report in found if report is not None}


def is_compared(search: Search, seed: int | None) -> bool:
    """Whether a scheduler looks at the trials of a proposal of some seed, and may stop them.

    Of a search that tries configurations with several seeds these are each one's first: they share a seed, so
    that what it does to all makes no difference where they are compared. The others run to their end, since
    one that was stopped tells nothing of its configuration's mean.
    """
    return search.seeds == 1 or seed == racing.seed(search.seed, 0)


def sizes(head: Head | None) -> Sizes | None:
    """How many entries of each origin a Head has; None for no limit."""
    return None if head is None else {each.origin: each.size for each in head.origins}


def within(fact: Fact, known: Sizes | None) -> bool:
    """Whether an entry is among so many of each origin."""
    return known is None or fact.seq < known.get(fact.origin, 0)
