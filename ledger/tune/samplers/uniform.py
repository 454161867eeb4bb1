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
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
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
        return self._fresh(self.space, Draws(self.seed, number), self._tried)
