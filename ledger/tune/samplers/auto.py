"""What a search does when nobody says how: a portfolio of samplers, by the trial's number.

It begins with points spread over the space; then most trials are the Gaussian process's, some the Parzen
estimator's, which errs elsewhere, and each tenth is random, since there are problems on which every model is
worse than chance. On the problems of ``tests/bench`` the mixture finds better points than each of its parts.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from ledger.tune.base import Observation, Sampler
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates, gp, tpe
from ledger.tune.samplers.history import gathered, trade_off
from ledger.tune.samplers.sobol import Sobol
from ledger.tune.samplers.warp import Warp
from ledger.tune.space.unit import Point, UnitSpace

PURPOSE: Final = 18
STARTING: Final = 10
"""Points that are over before there is a model."""
TURN: Final = "gptgpgptgr"
"""Whose each trial is, by the last digit of its number: the process's (with ranked or plain losses), the
estimator's, or random."""


class AutoSampler(Sampler):
    """The portfolio."""

    name: ClassVar[str] = "auto"
    several: ClassVar[bool] = True

    def __init__(self, space: UnitSpace, objectives: int, seed: int) -> None:
        super().__init__(space, objectives, seed)
        self._observations: Sequence[Observation] = ()
        self._first = Sobol(space, objectives, seed)

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._observations = observations
        self._first.update(observations)

    def suggest(self, number: int) -> Point:
        """What the sampler whose turn it is proposes.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        draws = Draws(self.seed, number, PURPOSE)
        history = gathered(self._observations, self.objectives, trade_off(self.objectives, draws))
        if len(history.points) < STARTING or not history.done:
            return self._first.suggest(number)
        match TURN[number % len(TURN)]:
            case "g":
                return gp.proposed(self.space, history, draws)
            case "p":
                return gp.proposed(self.space, history, draws, Warp.PLAIN)
            case "t":
                return tpe.proposed(self.space, history, draws)
            case _:
                return candidates.fresh(self.space, draws, history.tried)
