"""A space as the unit cube: each hyperparameter an axis from 0 to 1, each value a coordinate."""

import math
from collections.abc import Mapping
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.conditions import holds

Point = tuple[float | None, ...]
"""A coordinate in [0, 1] for each parameter of the space, in its order; None where it has no value."""

GRID: Final = 30
"""Coordinates are multiples of 2**-30: what rounds differently on another processor is the same there."""
_DIGITS: Final = 12


def snapped(coordinate: float) -> float:
    """The nearest coordinate of the grid."""
    return min(max(round(math.ldexp(coordinate, GRID)), 0), 1 << GRID) / (1 << GRID)


@frozen
class Axis:
    """One parameter's axis."""

    parameter: Parameter
    count: int | None
    """Of its values; None where it is continuous."""

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.count == 1

    @property
    def ordered(self) -> bool:
        """Whether near coordinates are near values."""
        return self.parameter.domain.type is not HyperparameterType.CATEGORICAL

    def value(self, coordinate: float) -> Value:
        """The value at a coordinate."""
        domain = self.parameter.domain
        if domain.choices:
            return domain.choices[min(int(coordinate * len(domain.choices)), len(domain.choices) - 1)]
        low, high = _bounds(domain)
        if low == high:
            return low
        if self.count is None:
            return _rounded(_between(low, high, coordinate, log=domain.log), low, high)
        step = domain.step or 1
        found = _between(*_edges(domain), coordinate, log=domain.log)
        place = min(max(math.floor((found - low) / step + 0.5), 0), self.count - 1)
        if isinstance(low, int) and isinstance(step, int):
            return low + place * step
        return _rounded(low + place * step, low, high)

    def coordinate(self, value: Value) -> float:
        """The coordinate of a value: the middle of its cell where there are cells.

        Raises
        ------
        ValueError
            If the domain does not have the value.
        """
        domain = self.parameter.domain
        name = self.parameter.name
        if domain.choices:
            for place, each in enumerate(domain.choices):
                if each == value and isinstance(each, bool) == isinstance(value, bool):
                    return snapped((place + 0.5) / len(domain.choices))
            raise ValueError(f"{name} has no value {value!r}")
        low, high = _bounds(domain)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name} has no value {value!r}: it is from {low} to {high}")
        if low == high:
            return 0.5
        if self.count is None:
            return snapped(_share(low, high, value, log=domain.log))
        step = domain.step or 1
        place = round((value - low) / step)
        if not math.isclose(low + place * step, value, rel_tol=1e-9, abs_tol=1e-9 * step):
            raise ValueError(f"{name} has no value {value!r}: it goes from {low} in steps of {step}")
        return snapped(_share(*_edges(domain), low + place * step, log=domain.log))


class UnitSpace:
    """A space whose points are coordinates.

    Parameters
    ----------
    space
        One whose conditions are known to be sound.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.axes = tuple(Axis(parameter=each, count=_count(each.domain)) for each in space.parameters)

    @property
    def size(self) -> int | None:
        """Of how many configurations it consists if all parameters count; None where one is continuous."""
        counts = [each.count for each in self.axes]
        return None if None in counts else math.prod(each for each in counts if each is not None)

    def values(self, point: Point) -> dict[str, Value]:
        """The values of a point, those without a coordinate left out.

        Conditions are not looked at; see `completed`.
        """
        return {
            axis.parameter.name: axis.value(coordinate)
            for axis, coordinate in zip(self.axes, point, strict=True)
            if coordinate is not None
        }

    def point(self, values: Mapping[str, Value]) -> Point:
        """The point of some values.

        Raises
        ------
        ValueError
            If one is missing, not in its domain, or given though its condition does not hold.
        """
        found: list[float | None] = []
        known: dict[str, Value] = {}
        for axis in self.axes:
            name, condition = axis.parameter.name, axis.parameter.condition
            active = condition is None or holds(condition, known)
            if active and name not in values:
                raise ValueError(f"{name} has no value")
            if not active and name in values:
                raise ValueError(f"{name} has a value, though not: {condition}")
            found.append(axis.coordinate(values[name]) if active else None)
            if active:
                known[name] = values[name]
        more = values.keys() - {axis.parameter.name for axis in self.axes}
        if more:
            raise ValueError(f"{', '.join(sorted(more))}: not in the space")
        return tuple(found)

    def completed(self, coordinates: "tuple[float, ...] | list[float]") -> Point:
        """A point from a coordinate for each axis: each in the middle of its cell, None where inactive."""
        found: list[float | None] = []
        known: dict[str, Value] = {}
        for axis, coordinate in zip(self.axes, coordinates, strict=True):
            condition = axis.parameter.condition
            if condition is not None and not holds(condition, known):
                found.append(None)
                continue
            value = axis.value(min(max(coordinate, 0.0), 1.0))
            found.append(snapped(coordinate) if axis.count is None else axis.coordinate(value))
            known[axis.parameter.name] = value
        return tuple(found)

    def feasible(self, point: Point) -> bool:
        """Whether all constraints between parameters hold."""
        if not self.space.constraints:
            return True
        values = self.values(point)
        return all(holds(each, values, missing=True) for each in self.space.constraints)


def _count(domain: Domain) -> int | None:
    if domain.choices:
        return len(domain.choices)
    low, high = _bounds(domain)
    if low == high:
        return 1
    step = domain.step or (1 if domain.type is HyperparameterType.INTEGER else None)
    return None if step is None else math.floor((high - low) / step + 1e-9) + 1


def _bounds(domain: Domain) -> tuple[int | float, int | float]:
    if domain.low is None or domain.high is None:
        raise ValueError("a domain needs bounds or choices")
    return domain.low, domain.high


def _edges(domain: Domain) -> tuple[float, float]:
    """Ends of the cells, half a step beyond the first and the last value."""
    low, high = _bounds(domain)
    step = domain.step or 1
    last = low + math.floor((high - low) / step + 1e-9) * step
    return low - step / 2 if not domain.log else max(low - step / 2, low / 2), last + step / 2


def _between(low: float, high: float, share: float, *, log: bool) -> float:
    if log:
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)


def _share(low: float, high: float, value: float, *, log: bool) -> float:
    if log:
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def _rounded(value: float, low: int | float, high: int | float) -> float:
    """Few enough digits that the last ones do not depend on the processor."""
    return min(max(float(f"{value:.{_DIGITS}g}"), float(low)), float(high))
