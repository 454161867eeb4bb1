"""A frozen class is a frozen, slotted, keyword-only dataclass in everything but its price."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar

import pytest

from ledger.model.frozen import MISSING, field, fields, frozen, is_frozen, replace


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
    names: tuple[str, ...] = dataclasses.field(default_factory=lambda: ("a",))
    hidden: str = dataclasses.field(default="h", repr=False)


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


def test_a_constructor_s_values_are_those_of_the_first_ones() -> None:
    """The first values are made another way than those that follow."""

    @frozen
    class Many:
        """Made often."""

        x: int
        y: int = 2
        names: tuple[str, ...] = field(default_factory=lambda: ("a",))

        def __post_init__(self) -> None:
            checked.append(self.x)

    checked: list[int] = []
    made: Any = Many
    first = made.__init__
    for number in range(50):
        each = made(x=number)
        assert (each.x, each.y, each.names) == (number, 2, ("a",))
        assert made(x=number, y=3, names=()) == dataclasses.replace(each, y=3, names=())
    assert len(checked) == 150
    assert made.__init__ is not first
    with pytest.raises(TypeError, match=r"Many\.__init__"):
        made(y=1)


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


def test_our_own_tools_say_the_same() -> None:
    own, theirs = fields(Point(x=1)), dataclasses.fields(Point)
    assert [(each.name, each.type, each.repr) for each in own] == [
        (each.name, each.type, each.repr) for each in theirs
    ]
    assert [each.default is MISSING for each in own] == [
        each.default is dataclasses.MISSING for each in theirs
    ]
    assert replace(Point(x=1, y=3), x=2) == Point(x=2, y=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        replace(Point(x=1), z=2)
    assert [is_frozen(each) for each in (Point, Point(x=1), Control, 1)] == [True, True, False, False]


def test_a_mutable_default_is_refused() -> None:
    with pytest.raises(ValueError, match="mutable default of 'x'"):

        @frozen
        class Shared:
            """One for all."""

            x: list[int] = []  # noqa: RUF012


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
