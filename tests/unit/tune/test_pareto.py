import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tune.pareto import crowding, dominates, front, fronts, hypervolume

numbers = st.integers(0, 6).map(float)


def sets(objectives):
    return st.lists(st.tuples(*[numbers] * objectives), max_size=25)


any_set = st.integers(1, 4).flatmap(sets)


def test_domination_needs_something_better():
    assert dominates((1.0, 2.0), (1.0, 3.0))
    assert not dominates((1.0, 2.0), (1.0, 2.0))
    assert not dominates((1.0, 3.0), (2.0, 2.0))


@given(any_set)
def test_the_front_is_what_none_dominates(losses):
    plain = [
        place for place, each in enumerate(losses) if not any(dominates(other, each) for other in losses)
    ]
    assert front(losses) == plain


@given(any_set)
def test_fronts_hold_each_once_and_each_is_dominated_by_the_one_before(losses):
    found = fronts(losses)
    assert sorted(place for members in found for place in members) == list(range(len(losses)))
    for before, after in pairwise(found):
        for place in after:
            assert any(dominates(losses[other], losses[place]) for other in before)


@given(any_set, st.integers(1, 10))
def test_fronts_stop_once_there_are_enough(losses, count):
    found = fronts(losses, count)
    assert found == fronts(losses)[: len(found)]
    assert sum(map(len, found)) >= min(count, len(losses))
    assert sum(map(len, found[:-1])) < count


def test_crowding_is_that_of_a_worked_example():
    losses = [(0.0, 4.0), (1.0, 2.0), (3.0, 1.0), (4.0, 0.0)]
    assert crowding(losses) == [math.inf, 3 / 4 + 3 / 4, 3 / 4 + 2 / 4, math.inf]


def test_crowding_of_equals_and_of_nothing():
    assert crowding([]) == []
    assert crowding([(1.0, 1.0)]) == [math.inf]
    assert crowding([(1.0, 1.0)] * 3) == [math.inf, 0.0, math.inf]


@pytest.mark.parametrize(
    ("losses", "reference", "volume"),
    [
        ([], (1.0, 1.0), 0.0),
        ([(2.0,), (0.5,)], (3.0,), 2.5),
        ([(1.0, 1.0)], (3.0, 4.0), 6.0),
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)], (4.0, 4.0), 6.0),
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0), (9.0, 0.0)], (4.0, 4.0), 6.0),
        ([(0.0, 0.0, 0.0)], (1.0, 2.0, 3.0), 6.0),
        ([(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)], (2.0, 2.0, 2.0), 4.0),
    ],
)
def test_hypervolume_of_what_can_be_counted(losses, reference, volume):
    assert hypervolume(losses, reference) == volume


@given(st.integers(1, 3).flatmap(sets))
def test_hypervolume_is_that_of_the_unit_cubes_that_are_dominated(losses):
    reference = (6.0,) * (len(losses[0]) if losses else 2)
    cells = [()]
    for _ in reference:
        cells = [(*cell, place) for cell in cells for place in range(6)]
    count = sum(
        any(all(a <= b for a, b in zip(each, cell, strict=True)) for each in losses) for cell in cells
    )
    assert hypervolume(losses, reference) == count


def test_hypervolume_is_what_chance_finds():
    chance = random.Random(3)
    losses = [tuple(chance.random() for _ in range(3)) for _ in range(30)]
    hits = sum(
        any(all(a <= b for a, b in zip(each, at, strict=True)) for each in losses)
        for at in (tuple(chance.random() for _ in range(3)) for _ in range(20_000))
    )
    assert hypervolume(losses, (1.0, 1.0, 1.0)) == pytest.approx(hits / 20_000, abs=0.015)


@pytest.mark.parametrize("objectives", [0, 4])
def test_hypervolume_of_more_objectives_is_refused(objectives):
    with pytest.raises(ValueError, match="1 to 3 objectives"):
        hypervolume([], (1.0,) * objectives)
