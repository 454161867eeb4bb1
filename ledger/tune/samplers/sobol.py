"""Sobol's sequence: points that leave no part of the space out.

All is integer arithmetic, so that point n of a seed is the same everywhere and can be had by itself.
"""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar, Final

from ledger.tune.base import Observation, Sampler
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.samplers.sobol_directions import DIRECTIONS
from ledger.tune.space.unit import GRID, Point, UnitSpace

DIMENSIONS: Final = len(DIRECTIONS) + 1
"""Axes that are spread evenly; those beyond are drawn at random."""
_LEAP: Final = 20
"""A point that cannot be had is replaced by the one 2**20 further on, which no early trial has."""
_SCRAMBLE, _BEYOND = 2, 3


class Sobol(Sampler):
    """The sequence, scrambled by the experiment's seed.

    Axes with one value take no dimension. Dimension j of point n is the sum modulo 2 of the direction numbers
    of the bits of n (Sobol 1967), scrambled by a random lower triangular matrix over the bits and a shift
    (Matoušek 1998).
    """

    name: ClassVar[str] = "sobol"
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
        self._free = [place for place, axis in enumerate(space.axes) if not axis.fixed]
        draws = Draws(seed, 0, _SCRAMBLE)
        self._scrambled = [_scrambled(each, draws) for each in range(min(len(self._free), DIMENSIONS))]
        self._tried: frozenset[Point] = frozenset()

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._tried = candidates.tried(observations)

    def suggest(self, number: int) -> Point:
        """Point `number` of the sequence, or another one if that was tried or breaks a constraint.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        beyond = Draws(self.seed, number, _BEYOND)
        for leap in range(candidates.ATTEMPTS):
            point = self._point((number + (leap << _LEAP)) % (1 << GRID), beyond)
            if point not in self._tried and self.space.feasible(point):
                return point
        return self._fresh(self.space, beyond, self._tried)

    def _point(self, index: int, beyond: Draws) -> Point:
        coordinates = [0.5] * len(self.space.axes)
        for place, axis in enumerate(self._free):
            if place < len(self._scrambled):
                numbers, shift = self._scrambled[place]
                coordinates[axis] = (_at(numbers, index) ^ shift) / (1 << GRID)
            else:
                coordinates[axis] = beyond.uniform()
        return self.space.completed(coordinates)


@cache
def directions(dimension: int) -> tuple[int, ...]:
    """Direction numbers of a dimension, one for each bit of an index, the lowest first, of `GRID` bits each.

    Parameters
    ----------
    dimension
        From 0, below `DIMENSIONS`.
    """
    if dimension == 0:
        return tuple(1 << (GRID - 1 - bit) for bit in range(GRID))
    polynomial, first = DIRECTIONS[dimension - 1]
    numbers = list(first)
    degree = len(first)
    for place in range(degree, GRID):
        number = numbers[place - degree] ^ (numbers[place - degree] << degree)
        for back in range(1, degree):
            if polynomial >> (degree - back) & 1:
                number ^= numbers[place - back] << back
        numbers.append(number)
    return tuple(number << (GRID - 1 - place) for place, number in enumerate(numbers))


def _scrambled(dimension: int, draws: Draws) -> tuple[tuple[int, ...], int]:
    """Direction numbers times a random matrix, and the shift; higher bits are added to each bit."""
    rows = []
    for bit in range(GRID):
        higher = ((1 << GRID) - 1) ^ ((1 << (bit + 1)) - 1)
        rows.append(draws.word() & higher | 1 << bit)
    shift = draws.word() & ((1 << GRID) - 1)
    numbers = tuple(
        sum((row & number).bit_count() % 2 << bit for bit, row in enumerate(rows))
        for number in directions(dimension)
    )
    return numbers, shift


def _at(numbers: Sequence[int], index: int) -> int:
    found = 0
    for bit, number in enumerate(numbers):
        if index >> bit & 1:
            found ^= number
    return found
