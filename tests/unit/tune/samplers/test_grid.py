import pytest

from ledger.errors import SpaceExhaustedError, UsageError
from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.base import Observation, State
from ledger.tune.samplers import candidates, grid
from ledger.tune.samplers.grid import Grid
from ledger.tune.space.unit import UnitSpace


def unit(*parameters, constraints=()):
    return UnitSpace(Space(parameters=parameters, constraints=constraints))


def real(name, low, high, condition=None, log=False):
    return Parameter(
        name=name, domain=Domain(type=Type.REAL, low=low, high=high, log=log), condition=condition
    )


def integer(name, low, high, condition=None):
    return Parameter(name=name, domain=Domain(type=Type.INTEGER, low=low, high=high), condition=condition)


def kinds(name, *values):
    return Parameter(name=name, domain=Domain(type=Type.CATEGORICAL, choices=values))


def walk(space, **options):
    sampler, known = Grid(space, 1, 3, **options), []
    while True:
        sampler.update(known)
        try:
            point = sampler.suggest(len(known))
        except SpaceExhaustedError as error:
            return [space.values(each.point) for each in known], error
        known.append(Observation(number=len(known), point=point, state=State.PENDING))


def test_in_order_the_last_axis_changes_fastest():
    found, _ = walk(unit(kinds("a", "x", "y"), integer("n", 1, 2)), order="natural")
    assert found == [{"a": a, "n": n} for a in "xy" for n in (1, 2)]


def test_shuffled_it_is_the_same_grid():
    space = unit(kinds("a", "x", "y", "z"), integer("n", 1, 4))
    in_order, _ = walk(space, order="natural")
    shuffled, _ = walk(space)
    assert shuffled != in_order
    assert sorted(map(str, shuffled)) == sorted(map(str, in_order))


def test_inactive_parameters_make_no_doubles():
    space = unit(kinds("a", "x", "y"), integer("n", 1, 3, "a=y"), integer("m", 1, 2, "n=3"))
    found, error = walk(space, order="natural")
    assert found == [
        {"a": "x"},
        {"a": "y", "n": 1},
        {"a": "y", "n": 2},
        {"a": "y", "n": 3, "m": 1},
        {"a": "y", "n": 3, "m": 2},
    ]
    assert "5 configurations" in error.cause


def test_points_of_continuous_axes_go_from_end_to_end():
    found, error = walk(
        unit(real("lr", 1e-4, 1.0, log=True), real("m", 0.0, 1.0, "lr > 0.5")), points=3, order="natural"
    )
    assert [each["lr"] for each in found] == pytest.approx([1e-4, 1e-2, 1, 1, 1], rel=1e-6)
    assert [each.get("m") for each in found] == [None, None, 0.0, 0.5, 1.0]
    assert "--sampler grid:points=5" in error.hint


def test_one_point_is_the_middle():
    found, _ = walk(unit(real("x", 0.0, 4.0)), points=1)
    assert found == [{"x": 2.0}]


def test_constraints_leave_points_out():
    found, _ = walk(unit(integer("a", 1, 3), integer("b", 1, 3), constraints=("a < 2 or b < 2",)))
    assert len(found) == 5


TIGHT = "a + b + c + d <= 100"
"""Of 300**4 points some 1 in 2,000 meet it: 3.9 million; they lie in one corner."""


def four(*constraints):
    return unit(*(integer(each, 1, 300) for each in "abcd"), constraints=constraints)


@pytest.mark.parametrize(
    "constraints", [(), ("a + b <= c",), ("a = 2 or c = 1",), ("b != 2", "c < 3"), ("a + b + c < 2",)]
)
@pytest.mark.parametrize("order", ["natural", "shuffled"])
def test_versions_agree_where_all_can_be_listed(constraints, order):
    space = unit(
        integer("a", 1, 4), integer("b", 1, 3, "a >= 2"), integer("c", 1, 4), constraints=constraints
    )
    found = [walk(space, version=version, order=order) for version in (1, 2)]
    assert found[0][0] == found[1][0]
    assert str(found[0][1]) == str(found[1][1])


def test_a_huge_grid_of_which_little_is_allowed_is_drawn_from():
    space, known = four(TIGHT), []
    sampler = Grid(space, 1, 3)
    for number in range(8):
        sampler.update(known)
        known.append(Observation(number=number, point=sampler.suggest(number), state=State.PENDING))
    values = [space.values(each.point) for each in known]
    assert all(sum(each.values()) <= 100 for each in values)
    assert len({each.point for each in known}) == 8
    assert all(max(each[name] for each in values) > 20 for name in "abcd")  # in order, a were always 1


@pytest.mark.parametrize("order", ["natural", "shuffled"])
def test_a_few_points_of_a_huge_grid_are_all_found_where_order_leads_to_them(order):
    found, error = walk(four("a = b", "a <= 2", "c = 3 * a", "d = 300 or d < a"), order=order)
    expected = [(1, 1, 3, 300), (2, 2, 6, 1), (2, 2, 6, 300)]
    assert sorted(tuple(each.values()) for each in found) == expected
    assert "3 configurations" in error.cause


@pytest.mark.parametrize("order", ["natural", "shuffled"])
def test_a_search_through_a_huge_grid_ends_and_says_how_far_it_came(order, monkeypatch):
    monkeypatch.setattr(grid, "_PATIENCE", 2000)
    found, error = walk(four("a + b + c + d = 1200"), order=order)
    assert found == []
    assert error.message == "no further point of the grid was found, 2000 being forbidden in a row"
    assert error.cause.endswith("in their order 2000 break one of: a + b + c + d = 1200")
    assert error.cause.startswith("of 2000 random points") is (order == "shuffled")
    assert "--sampler random" in error.hint


def test_in_order_what_was_tried_is_not_what_is_waited_for(monkeypatch):
    monkeypatch.setattr(grid, "_PATIENCE", 50)
    space = unit(integer("a", 1, 60), integer("b", 1, 60), constraints=("a + b = 61",))
    found, _ = walk(space, order="natural", version=1)
    assert len(found) == 60
    forward, error = walk(space, order="natural")
    assert forward == []  # (1, 60) comes behind 59 that are forbidden
    assert "50 being forbidden in a row" in error.message
    monkeypatch.setattr(grid, "_PATIENCE", 61)
    assert walk(space, order="natural")[0] == found


def test_a_huge_grid_is_drawn_from_without_doubles():
    space = unit(*(integer(f"n{each}", 1, 1000) for each in range(6)))
    sampler, known = Grid(space, 1, 3), []
    for number in range(50):
        sampler.update(known)
        known.append(
            Observation(number=number, point=sampler.suggest(number), state=State.DONE, losses=(0.0,))
        )
    assert len({each.point for each in known}) == 50
    firsts = [space.values(each.point)["n0"] for each in known]
    assert min(firsts) < 250
    assert max(firsts) > 750


def test_all_values_of_an_axis_have_coordinates_of_their_own():
    space = unit(
        Parameter(name="q", domain=Domain(type=Type.REAL, low=0.1, high=0.9, step=0.1)),
        Parameter(name="l", domain=Domain(type=Type.INTEGER, low=1, high=1000, log=True)),
    )
    quantised, log = ([axis.value(each) for each in candidates.values_of(axis)] for axis in space.axes)
    assert quantised == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert log == list(range(1, 1001))


def test_a_continuous_axis_has_no_list_of_values():
    with pytest.raises(ValueError, match="x is continuous"):
        candidates.values_of(unit(real("x", 0.0, 1.0)).axes[0])


@pytest.mark.parametrize(
    ("parameter", "options"), [(integer("n", 1, 100_001), {}), (real("n", 0.0, 1.0), {"points": 100_001})]
)
def test_an_axis_of_too_many_values_is_refused(parameter, options):
    with pytest.raises(UsageError, match="n has too many values for a grid") as error:
        Grid(unit(parameter), 1, 0, **options).check_size()
    assert error.value.cause == "expected 100000 or fewer on each axis, got 100001"
    Grid(unit(integer("n", 1, 100_000)), 1, 0).check_size()
