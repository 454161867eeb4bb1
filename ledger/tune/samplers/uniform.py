"""Random search: what every other sampler has to beat."""

from collections.abc import Sequence
from typing import ClassVar

from ledger.tune.base import Observation, Sampler
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.space.unit import Point, UnitSpace


class Uniform(Sampler):
    """Each point is drawn by itself; none that was tried, as long as there are others."""

    name: ClassVar[str] = "random"
    several: ClassVar[bool] = True

    def __init__(self, space: UnitSpace, objectives: int, seed: int) -> None:
        super().__init__(space, objectives, seed)
        self._tried: frozenset[Point] = frozenset()

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._tried = candidates.tried(observations)

    def suggest(self, number: int) -> Point:
        """Where to try trial `number`.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        return candidates.fresh(self.space, Draws(self.seed, number), self._tried)
