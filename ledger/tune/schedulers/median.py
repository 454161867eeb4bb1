"""The median stopping rule (Golovin et al. 2017, "Google Vizier: A Service for Black-Box Optimization", KDD).

At a rung a trial is stopped if its best loss so far is worse than the median of the other trials' running
averages of theirs up to that rung. It is looked at from step ``warmup`` on, each ``interval`` steps, and once
``startup`` other trials have come so far.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import ClassVar

from ledger.tune.schedulers.base import Known, Report, Rungs, Scheduler


class Median(Scheduler):
    """Stops what does worse than others did on average."""

    name = "median"
    defaults: ClassVar[Mapping[str, int | None]] = {"startup": 5, "warmup": 1, "interval": 1}

    def __init__(self, options: Mapping[str, int | None], version: int | None = None) -> None:
        super().__init__(options, version)
        self.at_least(startup=1, warmup=0, interval=1)
        self._rungs = Rungs(steps=(self.option("warmup"),), every=self.option("interval"))

    def rungs(self, number: int) -> Rungs:  # noqa: ARG002 - the same for all
        """Where trial `number` is looked at."""
        return self._rungs

    def known(self) -> Known:
        """Whether one's best is no worse than the median of the others' averages."""
        return _Averages(self.option("startup"), self.comparable)


class _Averages(Known):
    """The running average of each proposal at each rung that it has reached.

    Parameters
    ----------
    startup
        How many others have to have reached a rung.
    comparable
        What a loss is compared as.
    """

    def __init__(self, startup: int, comparable: Callable[[float], float]) -> None:
        self._startup, self._comparable = startup, comparable
        self._losses: dict[Hashable, dict[int, float]] = {}
        """By proposal and rung."""
        self._averages: dict[tuple[Hashable, int], float] = {}
        self._ordered: dict[int, list[float]] = {}
        """The averages at each rung, ascending."""

    def add(self, report: Report) -> None:
        """Take one more report."""
        losses = self._losses.setdefault(report.proposal, {})
        losses[report.rung] = self._comparable(report.loss)
        steps = sorted(losses)
        for place in range(bisect_left(steps, report.rung), len(steps)):
            rung, key = steps[place], (report.proposal, steps[place])
            ordered = self._ordered.setdefault(rung, [])
            if key in self._averages:
                del ordered[bisect_left(ordered, self._averages[key])]
            self._averages[key] = _mean([losses[step] for step in steps[: place + 1]])
            insort(ordered, self._averages[key])

    def goes_on(self, own: Report) -> bool:
        """Whether its best so far is no worse than the median of the others' averages."""
        ordered = self._ordered[own.rung]
        others = len(ordered) - 1
        if others < self._startup:
            return True
        place = bisect_left(ordered, self._averages[own.proposal, own.rung])
        middle = [ordered[each + (each >= place)] for each in (others // 2 - 1, others // 2) if each >= 0]
        limit = middle[-1] if others % 2 else _mean(middle)
        losses = self._losses[own.proposal]
        return min(losses[step] for step in losses if step <= own.rung) <= limit


def _mean(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.inf if math.inf in values else -math.inf
    return math.fsum(each / len(values) for each in values)
