"""What a search does when nobody says how: a portfolio of samplers, by the trial's number.

It begins with points spread over the space; then most trials are the Gaussian process's, some the Parzen
estimator's, which errs elsewhere, and each tenth is random, since there are problems on which every model is
worse than chance. On the problems of ``tests/bench`` the mixture finds better points than each of its parts.
"""

from typing import ClassVar, Final

from ledger.tune.draws import Draws
from ledger.tune.samplers import gp, tpe
from ledger.tune.samplers.history import History
from ledger.tune.samplers.modelled import ModelledSampler
from ledger.tune.samplers.warp import Warp
from ledger.tune.space.unit import Point

PURPOSE: Final = 18
STARTING: Final = 10
"""Points that are over before there is a model."""
TURN: Final = "gptgpgptgr"
"""Whose each trial is, by the last digit of its number: the process's (with ranked or plain losses), the
estimator's, or random."""


class AutoSampler(ModelledSampler):
    """The portfolio."""

    name: ClassVar[str] = "auto"
    purpose: ClassVar[int] = PURPOSE
    starting: ClassVar[int] = STARTING

    def _proposed(self, number: int, history: History, draws: Draws, wanted: Point | None) -> Point:
        match TURN[number % len(TURN)]:
            case "g":
                return gp.proposed(self.space, history, draws, self._fresh, wanted=wanted)
            case "p":
                return gp.proposed(self.space, history, draws, self._fresh, Warp.PLAIN, wanted=wanted)
            case "t":
                return tpe.proposed(self.space, history, draws, self._fresh, wanted=wanted)
            case _:
                return self._fresh(self.space, draws, history.tried)
