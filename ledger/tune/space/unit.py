"""A space as the unit cube: each hyperparameter an axis from 0 to 1, each value a coordinate."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen
from ledger.model.space import Parameter, Space
from ledger.tune.space import constraints, scales
from ledger.tune.space.conditions import Question, decided, question
from ledger.tune.space.scales import Scale, scale

Point = tuple[float | None, ...]
"""A coordinate in [0, 1] for each parameter of the space, in its order; None where it has no value."""

GRID: Final = scales.GRID
"""Coordinates are multiples of 2**-30: what rounds differently on another processor is the same there."""


def snapped(coordinate: float) -> float:
    """The nearest coordinate of the grid."""
    return _place(coordinate) / scales.TOP


@frozen
class Axis:
    """One parameter's axis."""

    parameter: Parameter
    scale: Scale
    """How its values lie on it."""

    @property
    def count(self) -> int | None:
        """Of its values; None where it is continuous, or has too many for each to have its own coordinate."""
        return self.scale.count

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.scale.count == 1

    @property
    def ordered(self) -> bool:
        """Whether near coordinates are near values."""
        return self.parameter.domain.type is not HyperparameterType.CATEGORICAL

    def value(self, coordinate: float) -> Value:
        """The value at a coordinate; of one that is not on the grid, at the nearest one that is."""
        return self.scale.at(_place(coordinate))

    def coordinate(self, value: Value) -> float:
        """The coordinate of a value: the middle of its cell where there are cells, else the nearest one.

        Raises
        ------
        ValueError
            If the domain does not have the value.
        """
        try:
            return self.scale.place(value) / scales.TOP
        except ValueError as error:
            raise ValueError(f"{self.parameter.name} has no value {value!r}: {error}") from error


class UnitSpace:
    """A space whose points are coordinates.

    Parameters
    ----------
    space
        One whose conditions are known to be sound.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.axes = tuple(Axis(parameter=each, scale=scale(each.domain)) for each in space.parameters)
        domains = {each.name: each.domain for each in space.parameters}
        self._conditions: tuple[Question | None, ...] = tuple(
            None if each.condition is None else question(each.condition, domains) for each in space.parameters
        )
        self._asked = frozenset(decided(space))
        self._constraints = tuple(constraints.read(each, domains) for each in space.constraints)
        constrained = {name for each in self._constraints for name in each.names}
        self._constrained = tuple(
            (place, axis) for place, axis in enumerate(self.axes) if axis.parameter.name in constrained
        )
        places = {axis.parameter.name: place for place, axis in enumerate(self.axes)}
        self._settled: dict[int, list[constraints.Constraint]] = {}
        """Constraints by the last axis of which they speak."""
        for each in self._constraints:
            self._settled.setdefault(max(places[name] for name in each.names), []).append(each)

    @property
    def size(self) -> int | None:
        """Of how many configurations it consists if all parameters count; None where one is continuous."""
        counts = [each.count for each in self.axes]
        return None if None in counts else math.prod(each for each in counts if each is not None)

    def active(self, place: int, known: Mapping[str, Value]) -> bool:
        """Whether the parameter of an axis has a value, where those before it have these."""
        asked = self._conditions[place]
        return asked is None or asked(known) is True

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
        """The point of some values; of continuous ones, the nearest.

        Raises
        ------
        ValueError
            If one is missing, not in its domain, or given though its condition does not hold.
        """
        found: list[float | None] = []
        known: dict[str, Value] = {}
        for axis, asked in zip(self.axes, self._conditions, strict=True):
            name = axis.parameter.name
            active = asked is None or asked(known) is True
            if active and name not in values:
                raise ValueError(f"{name} has no value")
            if not active and name in values:
                raise ValueError(f"{name} has a value, though not: {axis.parameter.condition}")
            found.append(axis.coordinate(values[name]) if active else None)
            if active:
                known[name] = values[name]
        more = values.keys() - {axis.parameter.name for axis in self.axes}
        if more:
            raise ValueError(f"{', '.join(sorted(more))}: not in the space")
        return tuple(found)

    def completed(self, coordinates: Sequence[float]) -> Point:
        """A point from a coordinate for each axis: each in the middle of its cell, None where inactive."""
        found: list[float | None] = []
        known: dict[str, Value] = {}
        for axis, asked, coordinate in zip(self.axes, self._conditions, coordinates, strict=True):
            if asked is not None and asked(known) is not True:
                found.append(None)
                continue
            place = axis.scale.settled(_place(coordinate))
            found.append(place / scales.TOP)
            if axis.parameter.name in self._asked:
                known[axis.parameter.name] = axis.scale.at(place)
        return tuple(found)

    def feasible(self, point: Point) -> bool:
        """Whether all constraints between parameters hold."""
        if not self._constraints:
            return True
        values = {
            axis.parameter.name: axis.value(coordinate)
            for place, axis in self._constrained
            if (coordinate := point[place]) is not None
        }
        return all(each.ask(values) is not False for each in self._constraints)

    def permits(self, place: int, known: Mapping[str, Value]) -> bool:
        """Whether those constraints hold that speak of the axis at `place` and of none behind it.

        Parameters
        ----------
        place
            Of the axis.
        known
            Values up to that axis, itself included.
        """
        return all(each.ask(known) is not False for each in self._settled.get(place, ()))


def _place(coordinate: float) -> int:
    return min(max(round(math.ldexp(coordinate, GRID)), 0), scales.TOP)
