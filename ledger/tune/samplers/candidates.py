"""Points that nobody has tried: drawn at random, or all of them in order."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import Final

from ledger.errors import SpaceExhaustedError
from ledger.model import Value
from ledger.tune.base import Observation
from ledger.tune.draws import Draws
from ledger.tune.space.unit import Axis, Point, UnitSpace, snapped

ATTEMPTS: Final = 100
"""Points that are drawn before all of a small space are listed."""
LISTED: Final = 1 << 14
"""Configurations up to which a space is small."""
_PATIENCE: Final = 10_000


def drawn(space: UnitSpace, draws: Draws) -> Point:
    """A random point: each value of an axis is as likely as its share of the axis."""
    return space.completed([draws.uniform() for _ in space.axes])


def tried(observations: Iterable[Observation]) -> frozenset[Point]:
    """Points that were proposed, whatever came of them."""
    return frozenset(each.point for each in observations)


def fresh(space: UnitSpace, draws: Draws, known: Set[Point], *, attempts: int = ATTEMPTS) -> Point:
    """A random point that meets the constraints and that nobody has tried.

    Parameters
    ----------
    space
        Where to look.
    draws
        Random numbers.
    known
        Points that were tried.
    attempts
        Points that are drawn before the space is listed.

    Raises
    ------
    SpaceExhaustedError
        If there is none, or if too few points meet the constraints for one to be found.
    """
    found = _by_chance(space, draws, known, attempts)
    if found is not None:
        return found
    if all(axis.count is not None for axis in space.axes):
        left = list(islice(untried(space, known), LISTED))
        if left:
            return draws.choice(left)
        raise exhausted(len(known))
    found = _by_chance(space, draws, known, _PATIENCE)
    if found is not None:
        return found
    raise SpaceExhaustedError(
        "nothing to try was found",
        cause=f"of {attempts + _PATIENCE} random points none was new and met the constraints: "
        + (", ".join(space.space.constraints) or "there are none"),
        hint="widen the domains, or loosen the constraints",
    )


def exhausted(count: int) -> SpaceExhaustedError:
    """What to say when a finite space has been tried."""
    return SpaceExhaustedError(
        "all that the space has was tried",
        cause=f"{count} configurations, each once",
        hint="widen a domain to search on: ledger tune --fork",
    )


def untried(space: UnitSpace, known: Set[Point]) -> Iterator[Point]:
    """Points of a finite space that meet the constraints and were not tried, in order."""
    return (each for each in configurations(space) if each not in known)


def configurations(
    space: UnitSpace, coordinates: "Callable[[Axis], Sequence[float]] | None" = None
) -> Iterator[Point]:
    """Points that meet the constraints, each once, the last axis changing fastest.

    Parameters
    ----------
    space
        A finite one, if there are no `coordinates`.
    coordinates
        Which ones of an axis count; all its values where it is None.
    """
    listed = [(coordinates or values_of)(axis) for axis in space.axes]

    def walk(place: int, point: tuple[float | None, ...], known: dict[str, Value]) -> Iterator[Point]:
        if place == len(space.axes):
            if space.feasible(point):
                yield point
            return
        parameter = space.axes[place].parameter
        if not space.active(place, known):
            yield from walk(place + 1, (*point, None), known)
            return
        for each in listed[place]:
            value = space.axes[place].value(each)
            yield from walk(place + 1, (*point, each), {**known, parameter.name: value})

    return walk(0, (), {})


def values_of(axis: Axis) -> Sequence[float]:
    """Coordinates of all values of an axis, in order.

    Raises
    ------
    ValueError
        If it is continuous.
    """
    if axis.count is None:
        raise ValueError(f"{axis.parameter.name} is continuous: it has no list of values")
    domain = axis.parameter.domain
    if domain.choices:
        return [snapped((place + 0.5) / axis.count) for place in range(axis.count)]
    if axis.count == 1 or domain.low is None or domain.high is None:
        return [0.5]
    step = domain.step or 1
    return [axis.coordinate(min(domain.low + place * step, domain.high)) for place in range(axis.count)]


def _by_chance(space: UnitSpace, draws: Draws, known: Set[Point], attempts: int) -> Point | None:
    for _ in range(attempts):
        point = drawn(space, draws)
        if point not in known and space.feasible(point):
            return point
    return None
