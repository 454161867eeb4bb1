import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.samplers.cells import Cells
from ledger.tune.space.unit import UnitSpace


def integer(low, high, **more):
    return Domain(type=Type.INTEGER, low=low, high=high, **more)


DOMAINS = (
    ("n", integer(1, 4), None),
    ("wide", integer(8, 256, log=True), None),
    ("huge", integer(1, 100_000, log=True), "n > 1"),
    ("x", Domain(type=Type.REAL, low=0.0, high=1.0), "n >= 2 and wide < 64"),
    ("kind", Domain(type=Type.CATEGORICAL, choices=("a", "b", "c")), "x > 0.5 or n = 1"),
    ("step", Domain(type=Type.REAL, low=0.0, high=1.0, step=0.25), "kind in (a, c)"),
    ("fixed", integer(7, 7), "not kind = b"),
)
SPACE = UnitSpace(
    Space(
        parameters=tuple(
            Parameter(name=name, domain=domain, condition=condition) for name, domain, condition in DOMAINS
        )
    )
)
coordinates = st.lists(st.floats(0, 1), min_size=len(DOMAINS), max_size=len(DOMAINS))


@given(coordinates)
def test_what_comes_is_a_point_of_the_space(given_):
    point = Cells(SPACE).completed(given_)
    assert SPACE.point(SPACE.values(point)) == point
    assert SPACE.completed([0.5 if each is None else each for each in point]) == point


@given(coordinates)
def test_points_of_the_space_stay(given_):
    point = SPACE.completed(given_)
    assert Cells(SPACE).completed([0.5 if each is None else each for each in point]) == point


def test_conditions_are_kept_apart_by_what_they_ask():
    cells = Cells(SPACE)
    for n, active in ((0.1, False), (0.9, True), (0.1, False)):
        assert (cells.completed([n, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])[2] is not None) is active


@pytest.mark.parametrize(("coordinate", "value"), [(0.0, 1), (0.24, 1), (0.26, 2), (0.99, 4), (1.0, 4)])
def test_the_nearest_value_is_taken(coordinate, value):
    point = Cells(SPACE).completed([coordinate] + [0.5] * 6)
    assert SPACE.values(point)["n"] == value
