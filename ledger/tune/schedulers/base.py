"""What every scheduler is: told what trials reported, it says whether one of them goes on.

A decision is a pure function of (options, the trial's number, the rung, the reports), so that anybody can
make it again from the ledger. Nothing is computed but comparisons and exact sums of floats: it is the same on
every processor.
"""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import ClassVar, Final

from ledger.errors import UsageError
from ledger.model.frozen import frozen
from ledger.tune.versions import Versioned

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

    def beyond(self, rung: int) -> "Rungs":
        """Those behind one of them: where a trial is looked at that goes on from there."""
        steps = tuple(step for step in self.steps if step > rung)
        if not steps and self.steps and self.every is not None:
            steps = (rung + self.every - (rung - self.steps[-1]) % self.every,)
        return Rungs(steps=steps, every=self.every)

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
    """The smaller the better."""


class Scheduler(Versioned, ABC):
    """A way to stop trials early.

    Parameters
    ----------
    options
        By name; the others are as in `defaults`.
    version
        By whose rules; None for the newest. There is another one where the same reports lead to another
        decision.
    """

    kind: ClassVar[str] = "scheduler"
    name: ClassVar[str]
    """As ``--scheduler`` names it."""
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    defaults: ClassVar[Mapping[str, int | None]]
    """Its options; None for no limit."""

    def __init__(self, options: Mapping[str, int | None], version: int | None = None) -> None:
        super().__init__(version)
        self.comparable = COMPARABLE[self.version]
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
    def known(self) -> "Known":
        """What it goes by, when nothing has been reported yet."""

    def goes_on(self, own: Report, reports: Iterable[Report]) -> bool:
        """Whether a trial goes on from a rung.

        Parameters
        ----------
        own
            Its report there.
        reports
            Of all trials of the search, in the order of the journal; `own` is one of them.
        """
        return self.knowing(reports).goes_on(own)

    def knowing(self, reports: Iterable[Report]) -> "Known":
        """What it goes by when that much has been reported, in the order of the journal."""
        known = self.known()
        for each in reports:
            known.add(each)
        return known

    @property
    def promotes(self) -> bool:
        """Whether one that was stopped may go on later."""
        return False

    def promoting(self) -> "Scheduler":
        """The same scheduler, by which one that was stopped may go on later.

        Raises
        ------
        UsageError
            If it is of a kind that lets none.
        """
        raise UsageError(
            f"the scheduler {self.name} lets no trial go on that it has stopped",
            cause="a checkpoint is of no use to it",
            hint="--scheduler asha or --scheduler hyperband:max=81; or leave --checkpoint out",
        )

    def promoted(self, stopped: Iterable[Report], known: "Known") -> Report | None:  # noqa: ARG002
        """Which of those that were stopped goes on now.

        Parameters
        ----------
        stopped
            The report at which each was, in the order of their numbers.
        known
            What it goes by: the reports of all trials, those among them.

        Returns
        -------
        Report or None
            One of `stopped`; None where all stay as they are.
        """
        return None

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

    def at_most(self, **limits: int) -> None:
        """Refuse options that are too large.

        Raises
        ------
        UsageError
            If one is.
        """
        for key, limit in limits.items():
            value = self.options[key]
            if value is not None and value > limit:
                raise UsageError(
                    f"the scheduler {self.name} cannot have {key}={value}", cause=f"expected {limit} or less"
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


class Known(ABC):
    """What a scheduler goes by: it grows report by report, and can be asked at any time."""

    @abstractmethod
    def add(self, report: Report) -> None:
        """Take one more report; of two of one proposal at one rung the later counts."""

    @abstractmethod
    def goes_on(self, own: Report) -> bool:
        """Whether a trial goes on from a rung; its report there is one of those that were taken."""

    def stop(self, report: Report) -> None:  # noqa: B027 - most schedulers let none go on later
        """Take that a trial was stopped at a rung; its report there is taken, or will be."""

    def go_on(self, report: Report) -> None:  # noqa: B027
        """Take that a trial which was stopped at a rung goes on."""

    @property
    def may_promote(self) -> bool:
        """Whether one of those that were stopped may be one to go on; else it is plain that none is."""
        return False


def number(loss: float) -> float:
    """A loss that can be compared: NaN is as bad as infinity."""
    return math.inf if math.isnan(loss) else loss


def finite(loss: float) -> float:
    """A loss that can be compared: what is not finite has failed, and is the worst, whatever its sign."""
    return loss if math.isfinite(loss) else math.inf


COMPARABLE: Final[Mapping[int, Callable[[float], float]]] = {1: number, 2: finite}
"""What a loss is compared as, by the version of the scheduler."""


def geometric(smallest: int, factor: int, largest: int | None) -> Rungs:
    """Rungs `smallest` × `factor` ** k below the largest: a trial that comes so far is over."""
    steps, step = [], smallest
    while step < (LARGEST if largest is None else largest):
        steps.append(step)
        step *= factor
    return Rungs(steps=tuple(steps))
