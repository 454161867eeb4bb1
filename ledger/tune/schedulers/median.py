"""The median stopping rule (Golovin et al. 2017, "Google Vizier: A Service for Black-Box Optimization", KDD).

At a rung a trial is stopped if its best loss so far is worse than the median of the other trials' running
averages of theirs up to that rung. It is looked at from step ``warmup`` on, each ``interval`` steps, and once
``startup`` other trials have come so far.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar

from ledger.tune.schedulers.base import Report, Rungs, Scheduler, comparable


class Median(Scheduler):
    """Stops what does worse than others did on average."""

    name = "median"
    defaults: ClassVar[Mapping[str, int | None]] = {"startup": 5, "warmup": 1, "interval": 1}

    def __init__(self, options: Mapping[str, int | None]) -> None:
        super().__init__(options)
        self.at_least(startup=1, warmup=0, interval=1)
        self._rungs = Rungs(steps=(self.option("warmup"),), every=self.option("interval"))

    def rungs(self, number: int) -> Rungs:  # noqa: ARG002 - the same for all
        """Where trial `number` is looked at."""
        return self._rungs

    def goes_on(self, own: Report, reports: Sequence[Report]) -> bool:
        """Whether its best is no worse than the median of the others' averages."""
        found: dict[Hashable, dict[int, float]] = {}
        for each in reports:
            if each.rung <= own.rung:
                found.setdefault(each.proposal, {})[each.rung] = comparable(each.loss)
        averages = sorted(
            _mean([losses[step] for step in sorted(losses)])
            for proposal, losses in found.items()
            if proposal != own.proposal and own.rung in losses
        )
        if len(averages) < self.option("startup"):
            return True
        return min(found[own.proposal].values()) <= _median(averages)


def _mean(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.inf if math.inf in values else -math.inf
    return math.fsum(each / len(values) for each in values)


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1 : middle + 1])
