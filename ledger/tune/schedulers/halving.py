"""What the kinds of successive halving share: the best share of those that came to a rung goes on.

In Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys, all wait at each rung, and
the best are promoted. Here one that is among the best when it gets there goes on at once. One that was not is
stopped; with ``promote`` = 1 it goes on later, once it is among the best of all that have got there by then.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from ledger.tune.schedulers.base import Best, Known, Report, Scheduler, comparable


class Halving(Scheduler):
    """Stops all but the best of those that have come equally far."""

    defaults: ClassVar[Mapping[str, int | None]] = {"factor": 3, "min": 1, "max": None, "promote": None}

    def __init__(self, options: Mapping[str, int | None]) -> None:
        super().__init__(options)
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
        return type(self)({**self.options, "promote": 1})

    @abstractmethod
    def bracket(self, number: int) -> int:
        """Which trials one is compared with: those of the same bracket."""

    def known(self) -> Known:
        """Whether one is among the best of its bracket that have reached the rung."""
        return Best(self.option("factor"), lambda report: (self.bracket(report.number), report.rung))

    def promoted(self, stopped: Iterable[Report], known: Known) -> Report | None:
        """Of those that would go on by now the one that came furthest; of several of these the best.

        Of equal ones it is the one of the smaller number, and of equal numbers the first.
        """
        if not self.promotes:
            return None
        best = filter(known.goes_on, stopped)
        return min(best, key=lambda each: (-each.rung, comparable(each.loss), each.number), default=None)
