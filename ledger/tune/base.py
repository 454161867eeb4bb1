"""What every sampler is: told what is known, it says what to try next.

A sampler holds nothing that cannot be rebuilt: what it suggests is a pure function of (space, number of
objectives, seed, the trial's number, the observations), so that anybody can compute each proposal of a search
again from the ledger. Two rules keep it the same on another processor:

- Candidates come from `Draws` by scalar arithmetic; vectorised numerics only rank them. Scores are rounded
  before they are compared, and ties go to the smaller index.
- A point is put on the grid of the unit cube (`UnitSpace.snapped`) before it is given.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Final

from ledger.model.frozen import frozen
from ledger.tune.space.unit import Point, UnitSpace
from ledger.tune.versions import Versioned

NEAR: Final = 1e-6
"""How far scores, relatively, may be apart that differ by the processor alone."""


class State(StrEnum):
    """How a trial of a search stands."""

    PENDING = "pending"
    """Proposed, and not over."""
    DONE = "done"
    FAILED = "failed"
    """Failed, killed, lost, or without the metric: it has no losses."""
    PRUNED = "pruned"
    """Stopped early: its losses are those of the last report."""


@frozen
class Observation:
    """What a search knows of one of its trials."""

    number: int
    """Of the trial in its search, from 0."""
    point: Point
    state: State
    losses: tuple[float, ...] = ()
    """One for each objective, the smaller the better; empty where there are none. Finite."""
    violation: float = 0.0
    """By how much the outcome misses its constraints; 0 where it meets them, or is not over."""
    resource: float | None = None
    """How far it came, as reported; None where nothing was."""


class Sampler(Versioned, ABC):
    """A way to search.

    Parameters
    ----------
    space
        Where.
    objectives
        How many there are.
    seed
        Of the experiment.
    version
        By whose rules; None for the newest. There is another one where the same observations lead to another
        suggestion.
    """

    kind: ClassVar[str] = "sampler"
    name: ClassVar[str]
    """As ``--sampler`` names it."""
    several: ClassVar[bool] = False
    """Whether it can look for more than one objective."""

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(version)
        self.space, self.objectives, self.seed = space, objectives, seed

    def check_size(self) -> None:
        """Refuse a space that is too large for it. It is asked before a search begins, not where one goes on.

        Raises
        ------
        UsageError
            If it is.
        """

    @abstractmethod
    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known, in the order of the trials' numbers; it replaces what was known before."""

    @abstractmethod
    def suggest(self, number: int) -> Point:
        """Where to try trial `number`.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """

    def equivalent(self, number: int, point: Point) -> bool:
        """Whether `suggest` may say `point` for trial `number` on another processor.

        That is so for a candidate whose score is within `NEAR` of the best one's, relatively. Samplers that
        do without vectorised numerics suggest the same anywhere.

        Raises
        ------
        SpaceExhaustedError
            As `suggest`.
        """
        return self.suggest(number) == point
