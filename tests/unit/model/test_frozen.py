"""A frozen class is a frozen, slotted, keyword-only dataclass in everything but its price."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar

import pytest

from ledger.model.frozen import field, frozen


@frozen
class Point:
    """A point."""

    kind: ClassVar[str] = "point"

    x: int
    y: int = 2
    names: tuple[str, ...] = field(default_factory=lambda: ("a",))
    hidden: str = field(default="h", repr=False)

    @property
    def total(self) -> int:
        """Both."""
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The same by the standard library."""

    x: int
    y: int = 2
    names: tuple[str, ...] = field(default_factory=lambda: ("a",))
    hidden: str = field(default="h", repr=False)


@frozen
class Checked:
    """One that checks itself."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("negative")


@frozen
class Empty:
    """Nothing."""


def test_values_and_defaults() -> None:
    point = Point(x=1)
    assert (point.x, point.y, point.names, point.hidden, point.total) == (1, 2, ("a",), "h", 3)
    assert Point(x=1, y=5, names=()).names == ()
    assert Empty() == Empty()


def test_repr_equality_and_hash_are_a_dataclass_s() -> None:
    assert repr(Point(x=1)) == repr(Control(x=1)).replace("Control", "Point")
    assert Point(x=1) == Point(x=1, y=2)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Control(x=1)
    assert hash(Point(x=1)) == hash(Control(x=1))
    assert len({Point(x=1), Point(x=1), Point(x=3)}) == 2


@pytest.mark.parametrize("arguments", [(), (1,)])
def test_a_missing_or_a_positional_argument_is_refused(arguments: tuple[int, ...]) -> None:
    for made in (Point, Control):
        with pytest.raises(TypeError, match="__init__"):
            made(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(x=1, z=3)  # type: ignore[call-arg]


def test_it_is_frozen_and_slotted() -> None:
    point: Any = Point(x=1)
    for name in ("x", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(point, name, 5)
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_the_tools_of_dataclasses_work() -> None:
    assert dataclasses.is_dataclass(Point)
    assert [each.name for each in dataclasses.fields(Point)] == ["x", "y", "names", "hidden"]
    assert dataclasses.replace(Point(x=1), y=9) == Point(x=1, y=9)
    assert dataclasses.asdict(Point(x=1)) == dataclasses.asdict(Control(x=1))


def test_it_can_be_copied_and_pickled() -> None:
    point = Point(x=4, names=("b",))
    assert copy.copy(point) == copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point


def test_the_check_runs_at_every_construction() -> None:
    with pytest.raises(ValueError, match="negative"):
        Checked(x=-1)
    checked = Checked(x=1)
    with pytest.raises(ValueError, match="negative"):
        dataclasses.replace(checked, x=-1)
