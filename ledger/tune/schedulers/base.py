"""What every scheduler is: told what trials reported, it says whether one of them goes on.

A decision is a pure function of (options, the trial's number, the rung, the reports), so that anybody can
make it again from the ledger. Nothing is computed but comparisons and exact sums of floats: it is the same on
every processor.
"""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import ClassVar, Final

from ledger.errors import UsageError
from ledger.model.frozen import frozen

LARGEST: Final = 1 << 62
"""Steps are smaller."""


@frozen
class Rungs:
    """The steps at which a trial is looked at, ascending; what it reports is compared there."""

    steps: tuple[int, ...]
    every: int | None = None
    """Behind the last of them one more each so many steps; None where there are no more."""

    def at(self, step: int) -> int | None:
        """The last rung that a report at `step` has reached; None before the first."""
        if self.every is not None and self.steps and step > self.steps[-1]:
            return step - (step - self.steps[-1]) % self.every
        place = bisect_right(self.steps, step)
        return self.steps[place - 1] if place else None

    @property
    def text(self) -> str:
        """As a trial is told, such as ``1,3,9`` or ``10,+5``."""
        more = () if self.every is None else (f"+{self.every}",)
        return ",".join((*map(str, self.steps), *more))


@frozen
class Report:
    """What a trial was worth when it reached a rung."""

    proposal: Hashable
    """Which one it tries: of two trials of one proposal the later counts."""
    number: int
    """Of that proposal in its search, from 0."""
    rung: int
    loss: float
    """The smaller the better; NaN is the worst."""


class Scheduler(ABC):
    """A way to stop trials early."""

    name: ClassVar[str]
    """As ``--scheduler`` names it."""
    version: ClassVar[int] = 1
    """Grows when the same reports lead to another decision."""
    defaults: ClassVar[Mapping[str, int | None]]
    """Its options; None for no limit."""

    def __init__(self, options: Mapping[str, int | None]) -> None:
        self.options = {**self.defaults, **options}

    @property
    def text(self) -> str:
        """The one way to write it: with every option that has a value."""
        told = [f"{key}={value}" for key, value in self.options.items() if value is not None]
        return f"{self.name}:{','.join(told)}"

    def option(self, key: str) -> int:
        """An option that has a value."""
        value = self.options[key]
        if value is None:
            raise ValueError(f"{self.name} was given no {key}")
        return value

    @abstractmethod
    def rungs(self, number: int) -> Rungs:
        """Where trial `number` is looked at."""

    @abstractmethod
    def goes_on(self, own: Report, reports: Sequence[Report]) -> bool:
        """Whether a trial goes on from a rung.

        Parameters
        ----------
        own
            Its report there.
        reports
            Of all trials of the search, in the order of the journal; `own` is one of them.
        """

    def at_least(self, **limits: int) -> None:
        """Refuse options that are too small.

        Raises
        ------
        UsageError
            If one is.
        """
        for key, limit in limits.items():
            value = self.options[key]
            if value is not None and not limit <= value < LARGEST:
                raise UsageError(
                    f"the scheduler {self.name} cannot have {key}={value}",
                    cause=f"expected {limit} or more" if value < limit else f"expected less than {LARGEST}",
                )

    def is_largest(self, largest: str, smallest: str) -> None:
        """Refuse a range that has nothing between its ends.

        Raises
        ------
        UsageError
            If it has not.
        """
        high, low = self.options[largest], self.options[smallest]
        if high is not None and low is not None and high <= low:
            raise UsageError(
                f"the scheduler {self.name} has nothing to look at",
                cause=f"{largest}={high} is not more than {smallest}={low}",
            )


def comparable(loss: float) -> float:
    """A loss that can be compared: NaN is as bad as infinity."""
    return math.inf if math.isnan(loss) else loss


def at_rung(reports: Iterable[Report], rung: int) -> dict[Hashable, tuple[float, int]]:
    """(loss, number) of each proposal that has reached a rung, by its last report there."""
    return {each.proposal: (comparable(each.loss), each.number) for each in reports if each.rung == rung}


def among_best(own: Report, reports: Iterable[Report], factor: int) -> bool:
    """Whether a trial is one of the best 1/`factor` of all that have reached a rung, and at least the best.

    Of equal ones the smaller number is the better.
    """
    found = at_rung(reports, own.rung)
    better = sum(each < found[own.proposal] for each in found.values())
    return better < max(len(found) // factor, 1)


def geometric(smallest: int, factor: int, largest: int | None) -> Rungs:
    """Rungs `smallest` × `factor` ** k below the largest: a trial that comes so far is over."""
    steps, step = [], smallest
    while step < (LARGEST if largest is None else largest):
        steps.append(step)
        step *= factor
    return Rungs(steps=tuple(steps))
