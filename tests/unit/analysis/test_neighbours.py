"""Configurations that are close to one another."""

import pytest

from ledger.analysis import neighbours
from ledger.analysis.neighbours import Pair, is_near, pairs, told_apart
from ledger.analysis.observations import Observations, Variable
from ledger.model import Digest, HyperparameterType
from ledger.model.space import Domain

REAL, INTEGER = HyperparameterType.REAL, HyperparameterType.INTEGER
ORDINAL, CATEGORICAL = HyperparameterType.ORDINAL, HyperparameterType.CATEGORICAL


def observed(seeds=None, losses=None, **columns):
    count = len(next(iter(columns.values())))
    kinds = {int: INTEGER, float: REAL, str: CATEGORICAL}
    return Observations(
        label="x",
        trials=tuple(Digest.of(str(number).encode()) for number in range(count)),
        variables=tuple(
            Variable(name=name, type=kinds[type(values[0])], values=tuple(values))
            for name, values in columns.items()
        ),
        seeds=tuple(seeds or [None] * count),
        metrics={"loss": tuple(losses or [0.0] * count)},
    )


@pytest.mark.parametrize(
    ("domain", "a", "b", "near"),
    [
        (None, 1.0, 1.1, True),
        (None, 1.0, 1.2, False),
        (None, -1.0, -1.1, True),
        (None, 0.0, 0.1, False),
        (Domain(type=REAL, low=0, high=10), 1.0, 2.0, True),
        (Domain(type=REAL, low=0, high=10), 1.0, 2.2, False),
        (Domain(type=REAL, low=1e-5, high=1.0, log=True), 1e-3, 3e-3, True),
        (Domain(type=REAL, low=1e-5, high=1.0, log=True), 1e-3, 4e-3, False),
    ],
)
def test_a_number_is_close_by_a_part_of_its_domain_or_of_itself(domain, a, b, near):
    variable = Variable(name="v", type=REAL, values=(), domain=domain)
    assert is_near(variable, a, b) is is_near(variable, b, a) is near


@pytest.mark.parametrize(("a", "b", "near"), [(1, 2, True), (1, 3, False), (20, 23, True), (20, 24, False)])
def test_the_next_integer_is_always_close(a, b, near):
    assert is_near(Variable(name="v", type=INTEGER, values=()), a, b) is near


def test_the_next_choice_is_close_where_choices_have_an_order():
    domain = Domain(type=ORDINAL, choices=("low", "middle", "high"))
    ordinal = Variable(name="v", type=ORDINAL, values=(), domain=domain)
    assert is_near(ordinal, "low", "middle")
    assert not is_near(ordinal, "low", "high")
    assert not is_near(ordinal, "low", None)
    category = Variable(name="v", type=CATEGORICAL, values=())
    assert not is_near(category, "low", "middle")
    assert is_near(category, "low", "low")


def test_pairs_of_small_changes_of_one_and_of_several():
    found, cut = pairs(observed(lr=[1.0, 1.05, 1.0, 1.05, 9.0], depth=[4, 4, 5, 5, 4]))
    assert found == (
        Pair(first=0, second=1, changed=("lr",)),
        Pair(first=0, second=2, changed=("depth",)),
        Pair(first=0, second=3, changed=("lr", "depth")),
        Pair(first=1, second=2, changed=("lr", "depth")),
        Pair(first=1, second=3, changed=("depth",)),
        Pair(first=2, second=3, changed=("lr",)),
    )
    assert not cut
    around, _ = pairs(observed(lr=[1.0, 1.05, 1.0, 1.05, 9.0], depth=[4, 4, 5, 5, 4]), centre=1)
    assert {(each.first, each.second) for each in around} == {(1, 0), (1, 2), (1, 3)}


def test_of_very_many_only_single_changes_are_looked_at(monkeypatch):
    monkeypatch.setattr(neighbours, "MOST", 3)
    found, cut = pairs(observed(lr=[1.0, 1.05, 1.0, 1.05], depth=[4, 4, 5, 5]))
    assert cut
    assert {(each.first, each.second) for each in found} == {(0, 1), (2, 3), (0, 2), (1, 3)}


def test_one_hyperparameter_under_two_names_is_one():
    found = told_apart(observed(lr=[0.1, 0.2], rate=[0.1, 0.2], depth=[1, 1], width=[1, 2]))
    assert [each.name for each in found] == ["lr", "width"]
