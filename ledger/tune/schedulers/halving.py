"""What the kinds of successive halving share: the best share of those that came to a rung goes on.

In Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys, all wait at each rung, and
the best are promoted. Here one that is among the best when it gets there goes on at once. One that was not is
stopped; with ``promote`` = 1 it goes on later, once it is among the best of all that have got there by then.
"""

from abc import abstractmethod
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import ClassVar

from ledger.tune.schedulers.base import Known, Report, Scheduler


class Halving(Scheduler):
    """Stops all but the best of those that have come equally far."""

    defaults: ClassVar[Mapping[str, int | None]] = {"factor": 3, "min": 1, "max": None, "promote": None}

    def __init__(self, options: Mapping[str, int | None], version: int | None = None) -> None:
        super().__init__(options, version)
        self.at_least(factor=2, min=1, max=1, promote=0)
        self.at_most(promote=1)
        self.is_largest("max", "min")
        self.options["promote"] = self.options["promote"] or None  # not to promote has one way to be written

    @property
    def promotes(self) -> bool:
        """Whether one that was stopped may go on later."""
        return self.options["promote"] == 1

    def promoting(self) -> "Halving":
        """The same scheduler, by which one that was stopped may go on later."""
        return type(self)({**self.options, "promote": 1}, self.version)

    @abstractmethod
    def bracket(self, number: int) -> int:
        """Which trials one is compared with: those of the same bracket."""

    def known(self) -> Known:
        """Whether one is among the best of its bracket that have reached the rung."""
        return Best(
            self.option("factor"),
            lambda report: (self.bracket(report.number), report.rung),
            self.comparable,
        )

    def promoted(self, stopped: Iterable[Report], known: Known) -> Report | None:
        """Of those that would go on by now the one that came furthest; of several of these the best.

        Of equal ones it is the one of the smaller number, and of equal numbers the first.
        """
        if not self.promotes:
            return None
        best = filter(known.goes_on, stopped)
        return min(best, key=lambda each: (-each.rung, self.comparable(each.loss), each.number), default=None)


class Best(Known):
    """Lets a trial go on that is among the best 1/`factor` of its group, and at least the best of it.

    Of equal ones the smaller number is the better.

    Parameters
    ----------
    factor
        As above.
    group
        With which others a report is compared.
    comparable
        What a loss is compared as.
    """

    def __init__(
        self, factor: int, group: Callable[[Report], Hashable], comparable: Callable[[float], float]
    ) -> None:
        self._factor, self._group, self._comparable = factor, group, comparable
        self._found: dict[Hashable, dict[Hashable, tuple[float, int]]] = {}
        """(loss, number) of each proposal, by group."""
        self._ordered: dict[Hashable, list[tuple[float, int]]] = {}
        """The same, the best first."""
        self._stopped: dict[Hashable, Counter[Hashable]] = {}
        """How many trials of each proposal were stopped and have not gone on, by group."""
        self._waiting: dict[Hashable, list[tuple[float, int]]] = {}
        """Of those proposals what they are worth there, the best first."""

    def add(self, report: Report) -> None:
        """Take one more report."""
        group = self._group(report)
        found, ordered = self._found.setdefault(group, {}), self._ordered.setdefault(group, [])
        former = found.get(report.proposal)
        found[report.proposal] = new = (self._comparable(report.loss), report.number)
        waits = group in self._stopped and self._stopped[group][report.proposal] > 0
        for each in (ordered, self._waiting[group]) if waits else (ordered,):
            if former is not None:
                del each[bisect_left(each, former)]
            insort(each, new)

    def stop(self, report: Report) -> None:
        """Take that a trial was stopped."""
        self._wait(report, 1)

    def go_on(self, report: Report) -> None:
        """Take that one goes on."""
        self._wait(report, -1)

    def _wait(self, report: Report, by: int) -> None:
        group, proposal = self._group(report), report.proposal
        stopped, waiting = self._stopped.setdefault(group, Counter()), self._waiting.setdefault(group, [])
        before = stopped[proposal] > 0
        stopped[proposal] += by
        found = self._found.get(group, {}).get(proposal)
        if found is None or before is (stopped[proposal] > 0):
            return
        if before:
            del waiting[bisect_left(waiting, found)]
        else:
            insort(waiting, found)

    @property
    def may_promote(self) -> bool:
        """Whether one is among the best by now: then the best of its group is."""
        return any(waiting and self._are_best(group, waiting[0]) for group, waiting in self._waiting.items())

    def goes_on(self, own: Report) -> bool:
        """Whether a trial is among the best."""
        group = self._group(own)
        return self._are_best(group, self._found[group][own.proposal])

    def _are_best(self, group: Hashable, found: tuple[float, int]) -> bool:
        ordered = self._ordered[group]
        return bisect_left(ordered, found) < max(len(ordered) // self._factor, 1)
