"""Grid search: each configuration once."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import ClassVar, Final

from ledger.errors import SpaceExhaustedError, UsageError
from ledger.tune.base import Observation, Sampler
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.samplers.listing import Listing
from ledger.tune.space.unit import Axis, Point, UnitSpace, snapped

MOST: Final = 100_000
"""Values of an axis, which are listed whenever something is proposed."""
_PATIENCE: Final = 100_000
"""Points that are drawn, and forbidden ones in a row that are passed over, before a search ends: one to three
seconds."""
_PURPOSE = 1


class Grid(Sampler):
    """All values of each discrete axis, some of each continuous one, crossed as far as conditions allow.

    Version 2 looks for points that the constraints allow no longer than is bearable, and says so where it
    stops; version 1 walks through the whole product.

    Parameters
    ----------
    space, objectives, seed, version
        As `Sampler`.
    points
        Of a continuous axis: evenly from end to end of its unit coordinate, so that those of a logarithmic
        one have equal ratios; the middle for 1.
    order
        ``shuffled``: by the experiment's seed, so that a part of the grid is a fair sample of it (a grid of
        more than `candidates.LISTED` points is then drawn from without replacement); ``natural``: the last
        axis changes fastest.

    Raises
    ------
    UsageError
        If there is no such order, or no point.
    """

    name: ClassVar[str] = "grid"
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True

    def __init__(
        self,
        space: UnitSpace,
        objectives: int,
        seed: int,
        version: int | None = None,
        *,
        points: int = 5,
        order: str = "shuffled",
    ) -> None:
        super().__init__(space, objectives, seed, version)
        if order not in ("shuffled", "natural"):
            raise UsageError(
                f"a grid has no order {order!r}",
                cause="expected shuffled or natural",
                hint="name one: --sampler grid:order=natural",
            )
        if type(points) is not int or points < 1:
            raise UsageError(
                f"a grid needs points on each axis, not {points!r}",
                cause="expected a whole number, 1 or more",
                hint="say how many: --sampler grid:points=5",
            )
        self._points, self._order = points, order
        self._tried: frozenset[Point] = frozenset()

    def check_size(self) -> None:
        """Refuse an axis whose values are too many to be listed.

        Raises
        ------
        UsageError
            If there is one.
        """
        for axis in self.space.axes:
            count = self._points if axis.count is None else axis.count
            if count > MOST:
                raise UsageError(
                    f"{axis.parameter.name} has too many values for a grid",
                    cause=f"expected {MOST} or fewer on each axis, got {count}",
                    hint="give it steps: -p 'n=int(1, 1000000, step=1000)'; or draw them: --sampler sobol",
                )

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._tried = candidates.tried(observations)

    def suggest(self, number: int) -> Point:
        """The next point of the grid that was not tried.

        Raises
        ------
        SpaceExhaustedError
            If all were.
        """
        if self._order == "shuffled" and self._shuffled is None:
            point = self._drawn(Draws(self.seed, number, _PURPOSE))
            if point is not None:
                return point
        for each in self._shuffled if self._shuffled is not None else self._all:
            if each not in self._tried:
                return each
        if not self._is_known:
            raise self._not_found()
        count = sum(1 for _ in self._all)
        if all(axis.count is not None for axis in self.space.axes):
            raise candidates.exhausted(count)
        raise SpaceExhaustedError(
            "all points of the grid were tried",
            cause=f"{count} of them, with {self._points} on each continuous axis",
            hint=f"take more: --sampler grid:points={2 * self._points - 1}",
        )

    @cached_property
    def _shuffled(self) -> list[Point] | None:
        """All points in random order; None where they are in order, or too many."""
        if self._order != "shuffled":
            return None
        first = list(islice(self._all, candidates.LISTED + 1))
        if len(first) > candidates.LISTED or not self._is_known:
            return None
        return Draws(self.seed, 0, _PURPOSE).shuffled(first)

    def _drawn(self, draws: Draws) -> Point | None:
        listed = [self._coordinates(axis) for axis in self.space.axes]
        for _ in range(candidates.LISTED if self.version == 1 else _PATIENCE):
            point = self.space.completed([draws.choice(each) for each in listed])
            if point not in self._tried and self.space.feasible(point):
                return point
        return None

    @property
    def _all(self) -> Iterable[Point]:
        if self.version == 1:
            return candidates.configurations(self.space, self._coordinates)
        return self._listing

    @cached_property
    def _listing(self) -> Listing:
        return Listing(self.space, self._coordinates, _PATIENCE)

    @property
    def _is_known(self) -> bool:
        """Whether there is no further point, once all that were found have been gone through."""
        return self.version == 1 or self._listing.complete

    def _not_found(self) -> SpaceExhaustedError:
        drawn = f"of {_PATIENCE} random points of it none was new and met the constraints, and then "
        return SpaceExhaustedError(
            f"no further point of the grid was found, {_PATIENCE} being forbidden in a row",
            cause=f"{drawn if self._order == 'shuffled' else ''}in their order {_PATIENCE} break one of: "
            + ", ".join(self.space.space.constraints),
            hint="loosen the constraints, or define fewer values; or draw points: --sampler random",
        )

    def _coordinates(self, axis: Axis) -> Sequence[float]:
        if axis.count is not None:
            return candidates.values_of(axis)
        if self._points == 1:
            return [0.5]
        return [snapped(place / (self._points - 1)) for place in range(self._points)]
