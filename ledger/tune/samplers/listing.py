"""The points of a grid in order, as far as they are asked for, and not looked for longer than is bearable."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ledger.model import Value
from ledger.tune.space.unit import Axis, Point, UnitSpace


class _PatienceError(Exception):
    """Too many points in a row were forbidden."""


class Listing:
    """Points that meet the constraints, each once, the last axis changing fastest.

    What is forbidden is passed over as soon as the values that a constraint speaks of are there, with all
    that would come behind them.

    Parameters
    ----------
    space
        Where.
    coordinates
        Which ones of an axis count.
    patience
        After so many values in a row that are forbidden nothing more is looked for.
    """

    def __init__(
        self, space: UnitSpace, coordinates: Callable[[Axis], Sequence[float]], patience: int
    ) -> None:
        self._space, self._patience = space, patience
        self._coordinates = [coordinates(axis) for axis in space.axes]
        self._found: list[Point] = []
        self._rest: Iterator[Point] | None = self._walk(0, (), {})
        """None where it has ended."""
        self._forbidden = 0
        """Values in a row."""
        self.complete = False
        """Whether all points were found; False, too, as long as nobody has asked for all."""

    def __iter__(self) -> Iterator[Point]:
        place = 0
        while place < len(self._found) or self._find():
            yield self._found[place]
            place += 1

    def _find(self) -> bool:
        """Look for one more point."""
        if self._rest is None:
            return False
        self._forbidden = 0
        try:
            self._found.append(next(self._rest))
        except StopIteration:
            self.complete, self._rest = True, None
        except _PatienceError:
            self._rest = None
        return self._rest is not None

    def _walk(
        self, place: int, point: tuple[float | None, ...], known: Mapping[str, Value]
    ) -> Iterator[Point]:
        if place == len(self._space.axes):
            yield point
            return
        for coordinate, told in self._choices(place, known):
            if self._space.permits(place, told):
                yield from self._walk(place + 1, (*point, coordinate), told)
                continue
            self._forbidden += 1
            if self._forbidden >= self._patience:
                raise _PatienceError

    def _choices(
        self, place: int, known: Mapping[str, Value]
    ) -> Iterator[tuple[float | None, Mapping[str, Value]]]:
        """Coordinates of an axis, and what is known with each of them."""
        if not self._space.active(place, known):
            yield None, known
            return
        axis = self._space.axes[place]
        for each in self._coordinates[place]:
            yield each, {**known, axis.parameter.name: axis.value(each)}
