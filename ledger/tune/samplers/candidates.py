"""Points that nobody has tried: drawn at random, or all of them in order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
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
_PATIENCE: Final = 100_000
"""Points that are drawn, beyond those, of a space that is not small: one to three seconds. A space of whose
points fewer than one in some 10,000 are allowed is refused before a search begins."""
_PATIENCE_1: Final = 10_000
"""The same in version 1, of a space that is continuous."""


def drawn(space: UnitSpace, draws: Draws) -> Point:
    """A random point: each value of an axis is as likely as its share of the axis."""
    return space.completed([draws.uniform() for _ in space.axes])


def tried(observations: Iterable[Observation]) -> frozenset[Point]:
    """Points that were proposed, whatever came of them."""
    return frozenset(each.point for each in observations)


def anywhere(space: UnitSpace, draws: Draws, known: Set[Point]) -> Point:
    """A random point that meets the constraints and that nobody has tried; version 2.

    All of a small space are listed where chance finds none; a larger one is drawn from, and not for ever.

    Parameters
    ----------
    space
        Where to look.
    draws
        Random numbers.
    known
        Points that were tried.

    Raises
    ------
    SpaceExhaustedError
        If there is none, or if too few points meet the constraints for one to be found.
    """
    found = _by_chance(space, draws, known, ATTEMPTS)
    if found is not None:
        return found
    if _is_small(space):
        left = list(untried(space, known))
        if left:
            return draws.choice(left)
        raise exhausted(len(known))
    found = _by_chance(space, draws, known, _PATIENCE)
    if found is not None:
        return found
    raise _not_found(space, ATTEMPTS + _PATIENCE)


def from_the_first(space: UnitSpace, draws: Draws, known: Set[Point]) -> Point:
    """As `anywhere`; version 1.

    A discrete space of any size is walked from its first point on, until so many are found that a small one
    would have: where few meet the constraints it takes long, and all come from one corner.
    """
    found = _by_chance(space, draws, known, ATTEMPTS)
    if found is not None:
        return found
    if space.size is not None:
        left = list(islice(untried(space, known), LISTED))
        if left:
            return draws.choice(left)
        raise exhausted(len(known))
    found = _by_chance(space, draws, known, _PATIENCE_1)
    if found is not None:
        return found
    raise _not_found(space, ATTEMPTS + _PATIENCE_1)


Fresh = Callable[[UnitSpace, Draws, Set[Point]], Point]
FRESH: Final[Mapping[int, Fresh]] = {1: from_the_first, 2: anywhere}
"""A random point that nobody has tried, by the version of the sampler that asks for it."""


def _not_found(space: UnitSpace, attempts: int) -> SpaceExhaustedError:
    return SpaceExhaustedError(
        "nothing to try was found",
        cause=f"of {attempts} random points none was new and met the constraints: "
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
    return filter(space.feasible, _walked(space, coordinates or values_of))


def _walked(space: UnitSpace, coordinates: "Callable[[Axis], Sequence[float]]") -> Iterator[Point]:
    listed = [coordinates(axis) for axis in space.axes]

    def walk(place: int, point: tuple[float | None, ...], known: dict[str, Value]) -> Iterator[Point]:
        if place == len(space.axes):
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


def _is_small(space: UnitSpace) -> bool:
    """Whether its configurations are few, those that break a constraint among them."""
    if space.size is None or space.size <= LISTED:
        return space.size is not None
    if any(axis.count is not None and axis.count > LISTED for axis in space.axes):
        return False
    # Under conditions there may be fewer of them than values times values.
    conditional = any(axis.parameter.condition is not None for axis in space.axes)
    return conditional and sum(1 for _ in islice(_walked(space, values_of), LISTED + 1)) <= LISTED


def _by_chance(space: UnitSpace, draws: Draws, known: Set[Point], attempts: int) -> Point | None:
    for _ in range(attempts):
        point = drawn(space, draws)
        if point not in known and space.feasible(point):
            return point
    return None
