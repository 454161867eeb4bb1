"""Where trials come along a hyperparameter."""

import math

import pytest

from ledger.analysis.observations import Variable
from ledger.model import HyperparameterType
from ledger.model.space import Domain
from ledger.reports.positions import along
from ledger.reports.scales import Choices, Scale

REAL, INTEGER, CATEGORICAL, BOOLEAN = (
    HyperparameterType[name] for name in ("REAL", "INTEGER", "CATEGORICAL", "BOOLEAN")
)


def test_numbers_lie_where_their_search_looked():
    domain = Domain(type=REAL, low=1e-4, high=1.0, log=True)
    axis, places = along(
        Variable(name="lr", type=REAL, values=(1e-4, 1e-2, None, math.nan, 1.0), domain=domain), 0, 100
    )
    assert axis.log
    assert places[:2] == pytest.approx([0, 50])
    assert math.isnan(places[2])
    assert math.isnan(places[3])
    assert places[4] == 100


def test_what_lies_outside_of_the_domain_has_a_place_too():
    domain = Domain(type=REAL, low=1.0, high=2.0, log=True)
    axis, places = along(Variable(name="lr", type=REAL, values=(0.0, 4.0), domain=domain), 0, 100)
    assert (axis.log, places) == (False, [0, 100])


@pytest.mark.parametrize(
    ("type", "values", "words"),
    [
        (CATEGORICAL, ("b", None, "a", "b"), ("b", "a")),
        (BOOLEAN, (True, None, False, True), ("true", "false")),
        (REAL, (1.0, None, "one", 1.0), ("1", "one")),
        (INTEGER, (10**400, None, 2, 10**400), (str(10**400), "2")),
        (REAL, (math.nan, None, math.inf, math.nan), ("NaN", "inf")),
    ],
)
def test_all_others_are_choices(type, values, words):
    axis, places = along(Variable(name="x", type=type, values=values), 0, 100)
    assert axis.words == words
    assert (places[0], places[2], places[3]) == (25, 75, 25)
    assert math.isnan(places[1])


def test_choices_of_a_search_come_first_and_numbers_among_them_are_choices():
    domain = Domain(type=CATEGORICAL, choices=("a", 2, "c"))
    axis, places = along(Variable(name="x", type=CATEGORICAL, values=("c", "d"), domain=domain), 0, 80)
    assert axis.words == ("a", "2", "c", "d")
    assert places == [50, 70]


def test_marks_of_choices_have_room():
    many = Choices(words=tuple(f"number {place}" for place in range(100)), start=0, end=300)
    assert len(many.ticks()) <= 8
    assert all(len(said) <= 8 for _, said in many.ticks())
    few = Choices(words=("relu", "x" * 80), start=0, end=300)
    assert [(at, len(said)) for at, said in few.ticks()] == [(75, 4), (225, 23)]
    assert isinstance(along(Variable(name="x", type=REAL, values=(1.0,)), 0, 1)[0], Scale)
