"""Asynchronous successive halving, in its form that stops trials.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys. Rungs are at
``min`` × ``factor`` ** k. A trial goes on from a rung if its loss there is among the best
floor(n / ``factor``), at least one, of the n trials that have reached it by then.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ledger.tune.schedulers.base import Report, Rungs, Scheduler, among_best, geometric


class Asha(Scheduler):
    """Stops all but the best of those that have come equally far."""

    name = "asha"
    defaults: ClassVar[Mapping[str, int | None]] = {"factor": 3, "min": 1, "max": None}

    def __init__(self, options: Mapping[str, int | None]) -> None:
        super().__init__(options)
        self.at_least(factor=2, min=1, max=1)
        self.is_largest("max", "min")
        self._rungs = geometric(self.option("min"), self.option("factor"), self.options["max"])

    def rungs(self, number: int) -> Rungs:  # noqa: ARG002 - the same for all
        """Where trial `number` is looked at."""
        return self._rungs

    def goes_on(self, own: Report, reports: Sequence[Report]) -> bool:
        """Whether it is among the best of all that have reached the rung."""
        return among_best(own, reports, self.option("factor"))
