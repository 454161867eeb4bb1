"""Points that nobody has tried: where all can be listed, and where they are looked for."""

import pytest

from ledger.errors import SpaceExhaustedError
from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.space.unit import UnitSpace

UNFINDABLE = 1 << 20


def space(*constraints, **domains):
    """Whole numbers up to these, or real ones from 1 on; (largest, condition) where there is one."""
    parameters = []
    for name, given in domains.items():
        largest, condition = given if isinstance(given, tuple) else (given, None)
        kind = Type.REAL if isinstance(largest, float) else Type.INTEGER
        domain = Domain(type=kind, low=type(largest)(1), high=largest)
        parameters.append(Parameter(name=name, domain=domain, condition=condition))
    return UnitSpace(Space(parameters=tuple(parameters), constraints=constraints))


def found(unit, count, fresh=candidates.anywhere):
    """So many new points, as values."""
    known = []
    for number in range(count):
        known.append(fresh(unit, Draws(7, number), frozenset(known)))
    return [tuple(unit.values(each).values()) for each in known]


@pytest.fixture
def hurried(monkeypatch):
    """Chance is given up soon."""
    monkeypatch.setattr(candidates, "_PATIENCE", 1000)


def test_a_large_space_of_which_little_is_allowed_is_not_searched_from_a_corner():
    values = found(space("a + b + c <= 45", a=200, b=200, c=200), 40)
    assert all(sum(each) <= 45 for each in values)
    assert len(set(values)) == 40
    assert all(sum(each[place] > 15 for each in values) > 4 for place in range(3))


@pytest.mark.parametrize("fresh", candidates.FRESH.values())
def test_a_small_space_is_listed(fresh):
    unit = space("a + b + c <= 4", a=25, b=25, c=25)
    assert set(found(unit, 4, fresh)) == {(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)}
    with pytest.raises(SpaceExhaustedError, match="all that the space has was tried"):
        found(unit, 5, fresh)


def test_conditions_may_make_a_space_small(hurried):
    kinds = {f"k{place}": (20, f"kind = {place}") for place in range(1, 6)}
    unit = space("k1 <= 1", "k2 <= 1", "k3 <= 1", "k4 <= 1", "k5 <= 1", kind=5, **kinds)
    assert unit.size > UNFINDABLE
    assert sorted(found(unit, 5)) == [(kind, 1) for kind in range(1, 6)]
    with pytest.raises(SpaceExhaustedError, match="all that the space has was tried"):
        found(unit, 6)


@pytest.mark.parametrize(
    "unit",
    [
        space("a + b + c <= 2", a=200, b=200, c=200),
        space("a < 1", a=10**9),
        space("a < 1", b=2, a=(10**9, "b = 1 or b = 2")),
        space("a + b + c <= 2", a=200, b=(200, "a > 0"), c=200),
        space("a < 1", a=2.0),
    ],
    ids=["discrete", "too many values to be listed", "under a condition", "all under one", "continuous"],
)
def test_what_is_not_found_in_a_large_space_is_told(unit, hurried):
    with pytest.raises(SpaceExhaustedError) as error:
        found(unit, 1)
    assert error.value.message == "nothing to try was found"
    assert error.value.cause.startswith("of 1100 random points none was new and met the constraints: a")
