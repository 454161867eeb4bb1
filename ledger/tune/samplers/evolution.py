"""An evolutionary search, for several objectives and spaces of any kind.

It is NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002) without generations: the parents of each trial are
chosen among the best of all that is known by then, so that trials may end in any order. Children are made by
sums and products of random numbers alone, which are the same on every processor.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Final

from ledger.tune.base import Observation, Sampler, State
from ledger.tune.draws import Draws
from ledger.tune.pareto import crowding, fronts
from ledger.tune.samplers import candidates
from ledger.tune.space.unit import Axis, Point, UnitSpace

POPULATION: Final = 20
"""How many may be parents; as many trials come first that are drawn at random."""
_PURPOSE = 4
_RANDOM = 0.05
"""Share of later trials that are drawn at random, too."""
_CROSSED = 0.9
"""Share of children with two parents."""
_BEYOND = 0.3
"""How far a child lies beyond its parents at most, as a share of their distance (BLX-α)."""
_COARSEST, _FINEST = 1, 7
"""A mutation's width is two to the power of minus one of these."""
_BROOD = 20
"""Children that are made before a random point is taken instead."""


class Evolution(Sampler):
    """Children of the best points.

    Of two points the one is better that meets the constraints on outcomes, or misses them by less; then the
    one of an earlier front; then the one in a less crowded place. Only trials that are done have children.
    """

    name: ClassVar[str] = "evolution"
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
        self._free = [place for place, axis in enumerate(space.axes) if not axis.fixed]
        self._tried: frozenset[Point] = frozenset()
        self._parents: list[Point] = []

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._tried = candidates.tried(observations)
        done = [each for each in observations if each.state is State.DONE and each.losses]
        self._parents = [done[place].point for place in best(done, POPULATION)]

    def suggest(self, number: int) -> Point:
        """A child of two good points, or a random one.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        draws = Draws(self.seed, number, _PURPOSE)
        young = number < POPULATION or len(self._parents) < 2
        if not young and draws.uniform() >= _RANDOM:
            for _ in range(_BROOD):
                child = self._child(draws)
                if child not in self._tried and self.space.feasible(child):
                    return child
        return self._fresh(self.space, draws, self._tried)

    def _child(self, draws: Draws) -> Point:
        mother, father = self._chosen(draws), self._chosen(draws)
        if draws.uniform() >= _CROSSED:
            father = mother
        coordinates = [0.5] * len(self.space.axes)
        certain = draws.choice(self._free) if self._free else None
        for place in self._free:
            axis = self.space.axes[place]
            known = [each for each in (mother[place], father[place]) if each is not None]
            if not known:
                coordinates[place] = draws.uniform()
                continue
            inherited = _crossed(axis, known[0], known[-1], draws)
            if place == certain or draws.below(len(self._free)) == 0:
                inherited = _mutated(axis, inherited, draws)
            coordinates[place] = inherited
        return self.space.completed(coordinates)

    def _chosen(self, draws: Draws) -> Point:
        """The better one of two parents: parents are sorted."""
        return self._parents[min(draws.below(len(self._parents)), draws.below(len(self._parents)))]


def best(observations: Sequence[Observation], count: int) -> list[int]:
    """Places of the best, the better first; ties go to the earlier one.

    Parameters
    ----------
    observations
        With losses.
    count
        How many at most.
    """
    meets = [place for place, each in enumerate(observations) if each.violation <= 0]
    if meets and len(observations[0].losses) == 1:
        meets = sorted(meets, key=lambda place: (observations[place].losses, place))[:count]
    found: list[int] = []
    for members in fronts([observations[place].losses for place in meets], count):
        room = crowding([observations[meets[member]].losses for member in members])
        order = sorted(range(len(members)), key=lambda each: (-room[each], members[each]))
        found.extend(meets[members[each]] for each in order)
    misses = [place for place, each in enumerate(observations) if each.violation > 0]
    found.extend(sorted(misses, key=lambda place: (observations[place].violation, place)))
    return found[:count]


def _crossed(axis: Axis, left: float, right: float, draws: Draws) -> float:
    if not axis.ordered:
        return left if draws.below(2) else right
    low, high = min(left, right), max(left, right)
    width = (high - low) * _BEYOND
    return _within(low - width + draws.uniform() * (high - low + 2 * width))


def _mutated(axis: Axis, coordinate: float, draws: Draws) -> float:
    if not axis.ordered or axis.count == 2:
        return draws.uniform()
    width = math.ldexp(1.0, -_COARSEST - draws.below(_FINEST - _COARSEST + 1))
    if axis.count is not None:
        width = max(width, 1.5 / axis.count)  # else it would stay in its cell
    return _within(coordinate + width * (draws.uniform() + draws.uniform() - 1.0))


def _within(coordinate: float) -> float:
    """Back from beyond an end, which would otherwise collect what lies there."""
    if coordinate < 0.0:
        coordinate = -coordinate
    if coordinate > 1.0:
        coordinate = 2.0 - coordinate
    return min(max(coordinate, 0.0), 1.0)
