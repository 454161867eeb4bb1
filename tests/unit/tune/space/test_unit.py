import math
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.space import scales
from ledger.tune.space.language.read import space
from ledger.tune.space.scales import TOP, scale
from ledger.tune.space.unit import UnitSpace, snapped


def unit(*definitions, constraints=()):
    return UnitSpace(space(definitions, constraints))


def axis(text):
    return unit(f"x={text}").axes[0]


def every_value(text, points=2000):
    return list(dict.fromkeys(axis(text).value(each / points) for each in range(points + 1)))


WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
FINITE = st.floats(-1e300, 1e300, allow_subnormal=False)
POSITIVE = st.floats(1e-300, 1e300)


@st.composite
def domains(draw):
    kind = draw(st.sampled_from(["int", "int log", "int step", "real", "log", "step", "log step", "choice"]))
    if kind == "choice":
        values = draw(
            st.lists(st.one_of(st.integers(), st.text(max_size=3)), min_size=1, max_size=40, unique=True)
        )
        return Domain(type=draw(st.sampled_from([Type.CATEGORICAL, Type.ORDINAL])), choices=tuple(values))
    if kind in ("int", "int log"):
        least = 1 if kind == "int log" else -(2**63) + 1
        low, high = sorted([draw(st.integers(least, 2**63 - 1)), draw(st.integers(least, 2**63 - 1))])
        return Domain(type=Type.INTEGER, low=low, high=high, log=kind == "int log" and low < high)
    if kind == "int step":
        low, step, count = (
            draw(st.integers(-1000, 1000)),
            draw(st.integers(1, 10**6)),
            draw(st.integers(1, 10**10)),
        )
        return Domain(type=Type.INTEGER, low=low, high=low + step * count, step=step)
    if kind in ("step", "log step"):
        digits = draw(st.integers(0, 9))
        step = Decimal(draw(st.integers(1, 100))).scaleb(-digits)
        low = Decimal(draw(st.integers(1 if kind == "log step" else -1000, 1000))).scaleb(-digits)
        high = low + step * draw(st.integers(1, 10**6))
        return Domain(
            type=Type.REAL, low=float(low), high=float(high), step=float(step), log=kind == "log step"
        )
    numbers = POSITIVE if kind == "log" else FINITE
    low, high = sorted([draw(numbers), draw(numbers)])
    return Domain(type=Type.REAL, low=low, high=high, log=kind == "log" and low < high)


def within(domain, value):
    return value in domain.choices if domain.choices else domain.low <= value <= domain.high


@given(domains(), st.floats(0, 1))
@settings(max_examples=1000)
def test_a_settled_coordinate_stays_and_keeps_its_value(domain, coordinate):
    one = UnitSpace(Space(parameters=(Parameter(name="x", domain=domain),)))
    point = one.completed((coordinate,))
    value = one.values(point)["x"]
    assert within(domain, value)
    assert one.completed(point) == point
    if domain.choices or not domain.low < domain.high < domain.low + abs(domain.low) * 1e-6:
        assert one.point({"x": value}) == point
    assert math.ldexp(point[0], 30) == int(math.ldexp(point[0], 30))


@given(domains(), st.data())
@settings(max_examples=1000)
def test_each_counted_value_has_its_own_coordinate(domain, data):
    line = scale(domain)
    if line.count is None:
        return
    if domain.choices:
        assert line.count == len(domain.choices)
        value = data.draw(st.sampled_from(domain.choices))
    else:
        step = Decimal(repr(domain.step or 1))
        assert line.count == (Decimal(repr(domain.high)) - Decimal(repr(domain.low))) / step + 1 or (
            domain.low == domain.high and line.count == 1
        )
        found = Decimal(repr(domain.low)) + step * data.draw(st.integers(0, line.count - 1))
        value = int(found) if domain.type is Type.INTEGER else float(found)
    assert line.at(line.place(value)) == value
    assert 0 <= line.place(value) <= TOP


@given(domains(), st.floats(0, 1), st.floats(0, 1))
def test_greater_coordinates_have_no_smaller_values(domain, one, other):
    if domain.choices:
        return
    line = scale(domain)
    places = sorted([round(one * TOP), round(other * TOP)])
    assert line.at(places[0]) <= line.at(places[1])
    assert line.at(0) == domain.low
    assert line.at(TOP) == domain.high


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_coordinate_is_a_multiple_of_the_grid(coordinate):
    found = snapped(coordinate)
    assert 0 <= found <= 1
    assert math.ldexp(found, 30).is_integer()
    assert snapped(found) == found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("real(0, 1, step=0.1)", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ("real(0.1, 0.7, step=0.2)", [0.1, 0.3, 0.5, 0.7]),
        ("real(1e-3, 4e-3, step=1e-3)", [0.001, 0.002, 0.003, 0.004]),
        ("real(0.25, 1, log, step=0.25)", [0.25, 0.5, 0.75, 1.0]),
        ("int(8, 32, step=8)", [8, 16, 24, 32]),
        ("int(1, 5, log)", [1, 2, 3, 4, 5]),
        ("int(-2, 2)", [-2, -1, 0, 1, 2]),
        ("choice(b, a, 3)", ["b", "a", 3]),
        ("ordinal(16, 32, 64)", [16, 32, 64]),
        ("bool()", [False, True]),
        ("fixed(3)", [3]),
        ("real(2, 2)", [2.0]),
    ],
)
def test_the_values_of_a_domain(text, values):
    found = every_value(text)
    assert found == values
    assert [type(each) for each in found] == [type(each) for each in values]
    assert axis(text).count == len(values)
    assert axis(text).fixed is (len(values) == 1)


def test_cells_of_a_linear_axis_are_of_one_size():
    counts = {}
    for place in range(1000):
        value = axis("int(1, 4)").value((place + 0.5) / 1000)
        counts[value] = counts.get(value, 0) + 1
    assert counts == {1: 250, 2: 250, 3: 250, 4: 250}


def test_a_logarithmic_axis_gives_ratios_the_same_room():
    line = axis("log(1e-4, 1)")
    assert [line.value(each / 4) for each in range(5)] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert line.value(0.5) == 0.01
    whole = axis("int(1, 1000, log)")
    assert whole.value(0.5) in range(20, 30)


def test_a_range_with_more_values_than_the_grid_is_exact_and_continuous():
    line = axis("int(0, 9223372036854775807)")
    assert line.count is None
    assert line.value(0) == 0
    assert line.value(1) == 2**63 - 1
    assert line.value(0.5) == 2**62
    wide = axis("int(1, 1000000000)")
    assert wide.count == 10**9
    for value in (1, 2, 123_456_789, 10**9 - 1, 10**9):
        assert wide.value(wide.coordinate(value)) == value
    ratio = axis("int(1, 1000000000, log)")
    assert ratio.count is None
    assert [ratio.value(ratio.coordinate(each)) for each in (1, 2, 3, 1000, 10**9)] == [1, 2, 3, 1000, 10**9]
    near = ratio.value(ratio.coordinate(987_654_321))
    assert near == pytest.approx(987_654_321, rel=1e-7)


def test_real_values_have_few_digits():
    line = axis("real(0, 1)")
    assert line.value(1 / 3) == 0.33333333302  # the nearest of the grid, to eleven decimals
    assert line.value(snapped(0.1)) == pytest.approx(0.1, abs=1e-9)
    assert all(len(repr(axis("log(1e-5, 1)").value(each / 97))) <= 18 for each in range(97))


def test_what_a_domain_does_not_have():
    for text, value in [
        ("int(1, 4)", 5),
        ("int(1, 4)", 2.5),
        ("int(1, 4)", True),
        ("int(1, 4)", "2"),
        ("int(8, 32, step=8)", 9),
        ("real(0, 1)", math.nan),
        ("real(0, 1, step=0.1)", 0.25),
        ("choice(1, a)", True),
        ("choice(1, a)", "b"),
        ("bool()", 1),
    ]:
        with pytest.raises(ValueError, match="x has no value"):
            axis(text).coordinate(value)


def test_a_condition_takes_a_value_away():
    one = unit(
        "opt=choice(sgd, adam)", "momentum=real(0, 1) if opt = sgd", "decay=real(0, 1) if momentum > 0.5"
    )
    assert one.completed((0.1, 0.75, 0.5)) == (0.25, 0.75, 0.5)
    assert one.completed((0.1, 0.25, 0.5)) == (0.25, 0.25, None)
    assert one.completed((0.9, 0.75, 0.5)) == (0.75, None, None)
    assert one.values((0.75, None, None)) == {"opt": "adam"}
    assert one.point({"opt": "sgd", "momentum": 0.25}) == (0.25, 0.25, None)
    for values, reason in [
        ({"opt": "sgd"}, "momentum has no value"),
        ({"opt": "adam", "momentum": 0.5}, "momentum has a value, though not: opt = sgd"),
        ({"opt": "adam", "lr": 1}, "lr: not in the space"),
    ]:
        with pytest.raises(ValueError, match=reason):
            one.point(values)


NESTED = unit(
    "layers=int(1,4)",
    "units{i}=int(8,256,log) for i in 1..layers",
    "opt=choice(sgd,adam)",
    "momentum=real(0,0.99) if opt==sgd",
    "nesterov=bool() if momentum > 0.5 or units3 > 100",
    "lr=log(1e-5,1e-1)",
    "k=3",
    constraints=["units2 <= units1", "units4 * 2 <= units3 or lr < 0.01"],
)


@given(st.tuples(*[st.floats(-0.5, 1.5)] * len(NESTED.axes)))
def test_a_completed_point_is_complete(coordinates):
    point = NESTED.completed(coordinates)
    values = NESTED.values(point)
    assert NESTED.point(values) == point
    assert NESTED.completed([0.3 if each is None else each for each in point]) == point
    known = {}
    for place, axis in enumerate(NESTED.axes):
        assert NESTED.active(place, known) is (axis.parameter.name in values)
        known.update(
            {axis.parameter.name: values[axis.parameter.name]} if axis.parameter.name in values else {}
        )
    met = (values["layers"] < 2 or values["units2"] <= values["units1"]) and (
        values["layers"] < 4 or values["units4"] * 2 <= values["units3"] or values["lr"] < 0.01
    )
    assert NESTED.feasible(point) is met


def test_sizes():
    assert unit("a=int(1, 4)", "b=bool()").size == 8
    assert unit("a=int(1, 4)", "b=real(0, 1)").size is None


class OtherLibrary:
    """Mathematics whose logarithms and exponentials differ in their last bit."""

    def __init__(self, towards):
        self._towards = towards

    def __getattr__(self, name):
        found = getattr(math, name)
        if name not in ("exp", "log", "log1p"):
            return found
        return lambda value: math.nextafter(found(value), self._towards)


@given(domains(), st.integers(0, TOP))
@example(Domain(type=Type.REAL, low=0.0, high=1.0), 1)
@example(Domain(type=Type.REAL, low=1e-5, high=0.1, log=True), 1)
@example(Domain(type=Type.INTEGER, low=1, high=1000, log=True), TOP // 3)
@settings(max_examples=1000)
def test_another_c_library_makes_no_difference(domain, place):
    here = scale(domain)
    value = here.at(place)
    back = here.place(value)
    for towards in (-math.inf, math.inf):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scales, "math", OtherLibrary(towards))
            there = scale(domain)
            assert there.count == here.count
            assert there.at(place) == value
            assert there.place(value) == back
