"""CMA-ES with margin: for continuous and ordered spaces, given some hundred trials.

The distribution is that of the ``cmaes`` package: Hamano, Saito, Nomura and Shirakawa (2022), "CMA-ES with
margin: lower-bounding marginal probability for mixed-integer black-box optimization", GECCO. Nothing of it is
kept: it is computed again from the observations, generation by generation.

What holds on another processor: a candidate is the product of normal numbers and the root of a matrix, by
vectorised numerics that may round otherwise there. The symmetric root is taken, which does not depend on the
signs and the order of the eigenvectors, so that what differs stays near the last bits; then the candidate is
put on the grid of 2**-30. So nearly all agree to the bit, and the others within 1e-6: such a one is taken for
what was drawn here, and ``verify`` calls it equivalent.
"""

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import numpy as np
from cmaes import CMA, CMAwM

from ledger.tune.base import NEAR, Observation, Sampler, State
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.space.unit import Axis, Point, UnitSpace, snapped

MARGIN: Final = 16
"""Values up to which an axis has its margin; one with more is as good as continuous."""
_SIGMA = 0.3
"""Of the first distribution, for axes from 0 to 1."""
_TRIES = 10
"""Candidates that may be tried already, or break a constraint, before one is drawn at random."""
_MATCHED = 3
"""Candidates that an observation is compared with."""
_START, _CANDIDATE, _RANDOM = 5, 6, 7

Vector = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Cma(Sampler):
    """Covariance matrix adaptation.

    A generation is λ = 4 + ⌊3 ln d⌋ trials in the order of their numbers; the distribution moves once all of
    one are over. Trials are ranked, never weighed: those that failed last, then those that miss a constraint
    on the outcome, by how much, then those that were pruned, then by their loss. An axis whose parameter is
    inactive keeps the coordinate that was drawn, so that it neither gains nor loses. Points that did not come
    from the distribution (those that were enqueued, or drawn by another sampler) move it as well, as far as
    its own could have (Hansen 2011, "Injecting external solutions into CMA-ES"). Choices without an order are
    taken in the order in which they were given. It begins at the defaults, else in the middle; a distribution
    that has converged is followed by one that begins at random.
    """

    name: ClassVar[str] = "cma"
    versions: ClassVar[tuple[int, ...]] = (1, 2)

    def __init__(self, space: UnitSpace, objectives: int, seed: int, version: int | None = None) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
        self._free = [place for place, axis in enumerate(space.axes) if not axis.fixed]
        self._scales = [_Scale(space.axes[place]) for place in self._free]
        self._observations: tuple[Observation, ...] = ()
        self._tried: frozenset[Point] = frozenset()
        self._told: tuple[Observation, ...] = ()
        self._present: _Distribution | None = None
        self._restarts = 0

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._observations = tuple(observations)
        self._tried = candidates.tried(observations)
        if self._observations[: len(self._told)] != self._told:
            self._told, self._present, self._restarts = (), None, 0  # else what was told holds

    def suggest(self, number: int) -> Point:
        """A point of the present distribution.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        """
        if self._free:
            for encoded, _ in self._distribution().candidates(number, _TRIES):
                point = self._point(encoded)
                if point not in self._tried and self.space.feasible(point):
                    return point
        return self._fresh(self.space, Draws(self.seed, number, _RANDOM), self._tried)

    def equivalent(self, number: int, point: Point) -> bool:
        """Whether `point` is what is suggested, but for a rounding of its coordinates."""
        return all(_near(one, other) for one, other in zip(self.suggest(number), point, strict=True))

    def _distribution(self) -> "_Distribution":
        """That of the last generation which is over."""
        present = self._present or self._begin(0)
        size = present.model.population_size
        for begin in range(len(self._told), len(self._observations) - size + 1, size):
            generation = self._observations[begin : begin + size]
            if any(each.state is State.PENDING for each in generation):
                break
            order = sorted(generation, key=_rank)
            vectors = [self._raw(present, each) for each in order]
            present.model.tell([(each, float(place)) for place, each in enumerate(vectors)])
            self._told += generation
            if present.model.should_stop():
                self._restarts += 1
                present = self._begin(self._restarts)
        self._present = present
        return present

    def _begin(self, restarts: int) -> "_Distribution":
        draws = Draws(self.seed, restarts, _START)
        mean = [
            scale.within(draws.uniform()) if restarts else scale.default  # a new begin is elsewhere
            for scale in self._scales
        ]
        bounds = np.array([scale.bounds for scale in self._scales])
        steps = np.array([scale.step for scale in self._scales])
        # Every candidate sets its own seed.
        model = CMAwM(mean=np.array(mean), sigma=_SIGMA, bounds=bounds, steps=steps, seed=0)
        model._cma = _Normal(np.array(mean), _SIGMA, bounds, seed=0)
        return _Distribution(model, self.seed)

    def _point(self, encoded: Vector) -> Point:
        """The point of a vector over the axes that are free."""
        coordinates = [0.5] * len(self.space.axes)
        for place, scale, value in zip(self._free, self._scales, encoded.tolist(), strict=True):
            coordinates[place] = scale.coordinate(value)
        return self.space.completed(coordinates)

    def _is(self, encoded: Vector, point: Point) -> bool:
        """Whether a vector is a point, as far as that has coordinates."""
        for place, scale, value in zip(self._free, self._scales, encoded.tolist(), strict=True):
            coordinate = point[place]
            if coordinate is not None and not _near(scale.cell(value), coordinate):
                return False
        return True

    def _raw(self, present: "_Distribution", observation: Observation) -> Vector:
        """The vector that an observation was drawn as, or one that stands for it."""
        first: Vector | None = None
        for encoded, raw in present.candidates(observation.number, _MATCHED):
            if self._is(encoded, observation.point):
                return raw
            first = raw if first is None else first
        vector = np.array(first)  # what it has no coordinate for stays as random as it is
        for place, (axis, scale) in enumerate(zip(self._free, self._scales, strict=True)):
            coordinate = observation.point[axis]
            if coordinate is not None:
                vector[place] = scale.vector(coordinate)
        return present.injected(vector)


class _Distribution:
    """The distribution of one generation."""

    def __init__(self, model: CMAwM, seed: int) -> None:
        self.model = model
        self._seed = seed

    def candidates(self, number: int, count: int) -> Iterator[tuple[Vector, Vector]]:
        """What it offers a trial, one after the other: (vector within the cells, vector as drawn)."""
        # The stream of numpy's legacy generator does not change (NEP 19).
        self.model.reseed_rng(Draws(self._seed, number, _CANDIDATE).word() >> 32)
        for _ in range(count):
            yield self.model.ask()

    def injected(self, vector: Vector) -> Vector:
        """A foreign vector, drawn towards the mean until this distribution could have had it.

        Its length is at most √d + 2d/(d + 2) (Hansen 2011, equation 7), in standard deviations of each axis.
        """
        length = float(np.linalg.norm((vector - self.model.mean) / self.model._cma.deviation))
        longest = math.sqrt(self.model.dim) + 2 * self.model.dim / (self.model.dim + 2)
        found: Vector = self.model.mean + (vector - self.model.mean) * (longest / max(length, longest))
        return found


class _Normal(CMA):  # type: ignore[misc]
    """A normal distribution whose samples do not depend on how its covariance is decomposed."""

    def _sample_solution(self) -> Vector:
        vectors, roots = self._eigen_decomposition()
        normal = self._rng.randn(self._n_dim)
        found: Vector = self._mean + self._sigma * (vectors @ (roots * (vectors.T @ normal)))
        return found

    @property
    def deviation(self) -> Vector:
        """On each axis."""
        found: Vector = self._sigma * np.sqrt(np.diag(self._C))
        return found


class _Scale:
    """How one axis stands in the vectors: its coordinate; or, with a margin, its place, from 0 to 1."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self._places: Sequence[float] = ()
        if axis.count is not None and axis.count <= MARGIN:
            self._places = candidates.values_of(axis)
        default = axis.parameter.default
        self.step = 1 / len(self._places) if self._places else 0.0
        self.bounds = (self.step / 2, 1 - self.step / 2) if self._places else (0.0, 1.0)
        self.default = self.vector(axis.coordinate(default)) if default is not None else self.within(0.5)

    def within(self, share: float) -> float:
        """A number from 0 to 1 as one within the bounds."""
        return self.bounds[0] + share * (self.bounds[1] - self.bounds[0])

    def coordinate(self, value: float) -> float:
        """The coordinate at a component of a vector."""
        if not self._places:
            return min(max(value, 0.0), 1.0)
        return self._places[min(max(math.floor(value / self.step), 0), len(self._places) - 1)]

    def cell(self, value: float) -> float:
        """The coordinate as a point has it."""
        found = self.coordinate(value)
        if self._places:
            return found
        return snapped(found) if self._axis.count is None else self._axis.coordinate(self._axis.value(found))

    def vector(self, coordinate: float) -> float:
        """The component of a coordinate."""
        if not self._places:
            return coordinate
        nearest = min(range(len(self._places)), key=lambda place: abs(self._places[place] - coordinate))
        return (nearest + 0.5) * self.step


def _near(one: float | None, other: float | None) -> bool:
    """Whether two coordinates are the same on some processor."""
    return one == other if one is None or other is None else abs(one - other) <= NEAR


def _rank(observation: Observation) -> tuple[bool, float, bool, tuple[float, ...], int]:
    return (
        not observation.losses,
        max(observation.violation, 0.0),
        observation.state is State.PRUNED,
        observation.losses,
        observation.number,
    )
