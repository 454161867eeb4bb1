"""Tree-structured Parzen estimator: what good points have that others lack.

Two densities are estimated, of the good points and of all others; of random points of the first, the one is
tried at which the first is largest in proportion to the second (Bergstra, Bardenet, Bengio and Kégl 2011).
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from ledger.tune.base import NEAR
from ledger.tune.draws import Draws
from ledger.tune.samplers.candidates import Fresh
from ledger.tune.samplers.history import Floats, History, array, rounded
from ledger.tune.samplers.modelled import ModelledSampler
from ledger.tune.samplers.parzen import Parzen
from ledger.tune.space.unit import Point, UnitSpace

PURPOSE: Final = 16
STARTING: Final = 10
"""Points that are over before there is a model."""
CANDIDATES: Final = 24
"""Points of which one is tried."""
GOOD: Final = 25
"""Good points at most."""
SHARE: Final = 0.2
"""Of all points that count as good."""
BAD: Final = 1000
"""Other points at most that the model takes in."""
_TRIES: Final = 10
"""Proposals that were tried already or break a constraint, before a random one is taken."""


class TPESampler(ModelledSampler):
    """One joint model for all axes with the same condition, made of the trials in which they had values.

    The axes without a condition are chosen first, then those whose condition holds, group after group.
    Pending trials count as bad, and so does what failed or misses a constraint.
    """

    name: ClassVar[str] = "tpe"
    purpose: ClassVar[int] = PURPOSE
    starting: ClassVar[int] = STARTING

    def _proposed(self, _number: int, history: History, draws: Draws, wanted: Point | None) -> Point:
        return proposed(self.space, history, draws, self._fresh, wanted=wanted)


def proposed(
    space: UnitSpace, history: History, draws: Draws, fresh: Fresh, *, wanted: Point | None = None
) -> Point:
    """What the model proposes.

    Of a group's candidates that of `wanted` is preferred, where it is as good as the best but for rounding.
    """
    model = _Model(space, history, wanted)
    for _ in range(_TRIES):
        point = model.proposed(draws)
        if point not in history.tried and space.feasible(point):
            return point
    return fresh(space, draws, history.tried)


class _Model:
    """Densities for each group of axes, made when they are asked for."""

    def __init__(self, space: UnitSpace, history: History, wanted: Point | None) -> None:
        self.space, self.history, self.wanted = space, history, wanted
        self.where, self.waiting = array(space, history.points), array(space, history.pending)
        self.known: dict[int, tuple[Parzen, Parzen]] = {}
        together: dict[str | None, list[int]] = {}
        for place, axis in enumerate(space.axes):
            together.setdefault(axis.parameter.condition, []).append(place)
        self.groups = list(together.values())

    def proposed(self, draws: Draws) -> Point:
        chosen = [0.5] * len(self.space.axes)
        for number, group in enumerate(self.groups):
            if self.space.completed(chosen)[group[0]] is None:
                continue
            if number not in self.known:
                self.known[number] = self._densities(group)
            best, rest = self.known[number]
            drawn = [best.drawn(draws) for _ in range(CANDIDATES)]
            found = _in_cells(self.space, group, drawn)
            scores = rounded(best.log_density(found) - rest.log_density(found))
            ways = [_placed(chosen, group, each) for each in drawn]
            chosen = ways[self._best(scores, group, ways)]
        return self.space.completed(chosen)

    def _best(self, scores: Floats, group: list[int], ways: Sequence[list[float]]) -> int:
        best = int(np.argmax(scores))
        if self.wanted is not None:
            for number in np.flatnonzero(scores >= scores[best] - NEAR).tolist():  # these are logarithms
                point = self.space.completed(ways[number])
                if all(point[place] == self.wanted[place] for place in group):
                    return int(number)
        return best

    def _densities(self, group: list[int]) -> tuple[Parzen, Parzen]:
        ranked = self.history.order[~np.isnan(self.where[self.history.order, group[0]])]
        done = int(np.isfinite(self.history.losses[ranked]).sum())
        good = min(math.ceil(SHARE * len(ranked)), GOOD, done)
        others = np.sort(ranked[good:])
        if len(others) > BAD:
            others = others[(np.arange(BAD) * len(others)) // BAD]
        waiting = self.waiting[~np.isnan(self.waiting[:, group[0]])]
        axes = [self.space.axes[place] for place in group]
        return (
            Parzen.around(axes, self.where[np.sort(ranked[:good])][:, group]),
            Parzen.around(axes, np.vstack((self.where[others], waiting))[:, group]),
        )


def _placed(point: Sequence[float], group: Sequence[int], coordinates: Sequence[float]) -> list[float]:
    """A point, with other coordinates of a group."""
    found = list(point)
    for place, coordinate in zip(group, coordinates, strict=True):
        found[place] = coordinate
    return found


def _in_cells(space: UnitSpace, group: Sequence[int], drawn: Sequence[Sequence[float]]) -> Floats:
    """Coordinates of the cells in which some points of a group lie; a row each."""
    found = np.array(drawn, dtype=np.float64).reshape(len(drawn), len(group))
    for column, place in enumerate(group):
        axis = space.axes[place]
        if axis.count is not None:
            found[:, column] = [axis.coordinate(axis.value(each[column])) for each in drawn]
    return found
