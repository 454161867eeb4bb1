"""What samplers with a model share: points spread over the space first, then what the model proposes."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from ledger.tune.base import Observation, Sampler
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.samplers.history import History, gathered, trade_off
from ledger.tune.samplers.sobol import Sobol
from ledger.tune.space.unit import Point, UnitSpace


class ModelledSampler(Sampler):
    """A sampler that learns; of several objectives, each trial trades them off in its own way."""

    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True
    purpose: ClassVar[int]
    """Tells its random numbers from those of other samplers."""
    starting: ClassVar[int]
    """Points that are over before there is a model."""

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
        self._observations: Sequence[Observation] = ()

    @cached_property
    def _first(self) -> Sobol:
        """Made when it is asked: most trials come behind it. Its version has grown with ours."""
        return Sobol(self.space, self.objectives, self.seed, self.version)

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._observations = observations

    def suggest(self, number: int) -> Point:
        """What the model proposes, once there is enough to learn from.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        return self._suggested(number, None)

    def equivalent(self, number: int, point: Point) -> bool:
        """Whether `point` is suggested where, among candidates of nearly the same score, it is preferred."""
        return self._suggested(number, point) == point

    def _suggested(self, number: int, wanted: Point | None) -> Point:
        draws = Draws(self.seed, number, self.purpose)
        history = gathered(self._observations, self.objectives, trade_off(self.objectives, draws))
        if len(history.points) < self.starting or not history.done:
            self._first.update(self._observations)
            return self._first.suggest(number)
        return self._proposed(number, history, draws, wanted)

    @abstractmethod
    def _proposed(self, number: int, history: History, draws: Draws, wanted: Point | None) -> Point:
        """Where the model would try a trial, of which the number is told too.

        A candidate that is as `wanted` is preferred to the best one, where their scores differ by `NEAR` at
        most.
        """
