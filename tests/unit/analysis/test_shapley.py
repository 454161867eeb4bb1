import math
from fractions import Fraction
from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.shapley import coalitions, draws, over, plan, prefixes, shapley


def table(players, value):
    return {each: Fraction(value(each)) for each in coalitions(players)}


@st.composite
def games(draw, players=None):
    players = draw(st.integers(1, 4)) if players is None else players
    number = st.floats(-1e9, 1e9) | st.integers(-5, 5)
    return players, {each: Fraction(draw(number)) for each in coalitions(players)}


def test_a_product_is_shared_by_its_factors():
    # v = a·b with a: 1 → 3 and b: 2 → 5: v(a) − v(∅) = 4, v(b) − v(∅) = 3, v(ab) − v(∅) = 13.
    values = table(2, lambda made: (3 if 0 in made else 1) * (5 if 1 in made else 2))
    found = shapley(2, values)
    assert found.values == (7, 6)
    assert found.errors == (0.0, 0.0)
    assert (found.orders, found.possible, found.exact) == (2, 2, True)


def test_the_glove_game_of_the_literature():
    """One left and two right gloves: 2/3, 1/6, 1/6."""
    values = table(3, lambda made: int(0 in made and len(made) > 1))
    assert shapley(3, values).values == (Fraction(2, 3), Fraction(1, 6), Fraction(1, 6))


def test_nobody_and_one():
    assert shapley(0, {frozenset(): Fraction(1)}).values == ()
    assert shapley(1, {frozenset(): Fraction(1), frozenset({0}): Fraction(4)}).values == (3,)


@given(games())
def test_efficiency(game):
    players, values = game
    found = shapley(players, values)
    assert sum(found.values) == values[frozenset(range(players))] - values[frozenset()]


@given(games())
def test_it_is_the_mean_over_all_orders(game):
    players, values = game
    found = over(players, values, ((each,) for each in permutations(range(players))))
    assert found.values == shapley(players, values).values
    assert found.exact
    assert found.errors == (0.0,) * players


@given(games(3), st.permutations(range(3)))
def test_symmetry(game, names):
    """Who bears which number does not matter; so equals get equal shares."""
    _, values = game
    renamed = {frozenset(names[each] for each in made): value for made, value in values.items()}
    before, after = shapley(3, values).values, shapley(3, renamed).values
    assert [after[names[each]] for each in range(3)] == list(before)


@given(st.lists(st.integers(-9, 9), min_size=5, max_size=5))
def test_equals_get_equal_shares(sizes):
    values = table(4, lambda made: sizes[len(made)])
    assert len(set(shapley(4, values).values)) == 1


@given(games(3), st.integers(0, 3))
def test_a_null_player_gets_nothing(game, place):
    _, values = game
    others = [each for each in range(4) if each != place]
    wider = table(4, lambda made: values[frozenset(others.index(each) for each in made if each != place)])
    found = shapley(4, wider).values
    assert found[place] == 0
    assert [found[each] for each in others] == list(shapley(3, values).values)


@given(games(3), games(3))
def test_additivity(one, other):
    total = {made: one[1][made] + other[1][made] for made in one[1]}
    apart = zip(shapley(3, one[1]).values, shapley(3, other[1]).values, strict=True)
    assert list(shapley(3, total).values) == [a + b for a, b in apart]


@given(games(4), st.sets(st.integers(0, 15), max_size=6))
def test_what_is_left_without_some_values_still_adds_up(game, holes):
    players, values = game
    for number, made in enumerate(coalitions(players)):
        if number in holes:
            del values[made]
    found = shapley(players, values)
    defined = [
        order for order in permutations(range(players)) if all(each in values for each in prefixes(order))
    ]
    if not defined:
        assert found is None
        return
    assert found.orders == len(defined)
    assert found.exact is (not holes)
    assert sum(found.values) == values[frozenset(range(players))] - values[frozenset()]
    assert all((error == 0) is (not holes) for error in found.errors)


@given(st.integers(0, 5), st.integers())
def test_draws_are_all_orders_each_once_with_its_reverse(players, seed):
    found = [order for draw in draws(players, seed) for order in draw]
    assert sorted(found) == sorted(permutations(range(players)))
    assert all(draw[-1] == draw[0][::-1] for draw in draws(players, seed))
    assert list(islice(draws(players, seed), 3)) == list(islice(draws(players, seed), 3))


@given(games(4), st.integers(1, 12), st.integers(0, 99))
def test_a_sample_adds_up_and_all_of_it_is_exact(game, count, seed):
    players, values = game
    found = over(players, values, islice(draws(players, seed), count))
    assert sum(found.values) == values[frozenset(range(players))] - values[frozenset()]
    assert found.orders == 2 * count
    if count == 12:
        assert found.values == shapley(players, values).values
        assert found.errors == (0.0,) * 4
    else:
        assert (found.errors[0] is None) is (count == 1)


def test_the_standard_error_is_that_of_the_sample():
    """Of all samples of 4 draws from 12, the estimates spread as the mean standard error says."""
    values = table(4, lambda made: sum((each + 1) ** 2 for each in made) ** 2 % 37)
    true = shapley(4, values).values[0]
    squares, variances = 0.0, 0.0
    for seed in range(600):
        found = over(4, values, islice(draws(4, seed), 4))
        squares += float(found.values[0] - true) ** 2
        variances += found.errors[0] ** 2
    assert squares > 0
    assert squares == pytest.approx(variances, rel=0.15)


@given(st.integers(1, 5), st.integers(0, 40), st.integers(0, 9), st.sets(st.integers(0, 31)))
def test_a_plan_keeps_to_its_budget(players, budget, seed, known):
    free = {each for number, each in enumerate(coalitions(players)) if number in known}
    free |= {frozenset(), frozenset(range(players))}
    found = plan(players, lambda each: int(each not in free), budget, seed)
    missing = [each for each in found.needed if each not in free]
    assert len(missing) <= budget
    if found.whole:
        assert len(found.needed) == 2**players
        return
    passed = {each for draw in found.draws for order in draw for each in prefixes(order)}
    assert passed | {frozenset(), frozenset(range(players))} == set(found.needed)
    assert [each for each, _ in zip(draws(players, seed), found.draws, strict=False)][
        : len(found.draws) - 1
    ] == (list(found.draws[:-1]))
    if not found.draws:
        assert budget < players - 1


def test_a_larger_budget_goes_on_with_the_same_orders():
    free = {frozenset(), frozenset(range(4))}
    cost = lambda each: int(each not in free)  # noqa: E731
    small, large = plan(4, cost, 6, 1), plan(4, cost, 10, 1)
    assert large.draws[: len(small.draws)] == small.draws
    assert set(small.needed) < set(large.needed)
    alone = plan(4, cost, 3, 1)
    assert alone.draws == (small.draws[0][:1],)
    assert plan(4, cost, 2, 1).draws == ()
    assert plan(4, cost, None, 1).whole
    assert math.factorial(4) == 24
