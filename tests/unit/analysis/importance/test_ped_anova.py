"""What the best trials prefer."""

import numpy as np
import pytest

from ledger.analysis.importance.axes import axes, axis
from ledger.analysis.importance.ped_anova import number_of_best, ped_anova
from tests.unit.analysis.importance.variables import CATEGORICAL, UNIT, observed, variable

TEN = np.arange(10.0)


def test_a_case_by_hand():
    """Of five a and five b, the two best are a: p = (½, ½), p′ = (1, 0).

    Divergence ½ · (2 − 1)² + ½ · (0 − 1)² = 1. Two of ten at random: (2 − 1) · (10 − 2)/(10 − 1)/2 = 4/9.
    """
    (found,) = ped_anova([axis(variable("opt", "aaaaabbbbb", CATEGORICAL))], TEN, quantile=0.2).found
    assert (found.divergence, found.chance) == (pytest.approx(1.0), pytest.approx(4 / 9))
    assert (found.share, found.trials) == (1.0, 10)


def test_among_the_best_half():
    """The six best are aaaaab, the two best aa: (5/6)(1/5)² + (1/6)(1)² = 1/5."""
    told = ped_anova([axis(variable("opt", "aaaaabbbbb", CATEGORICAL))], TEN, quantile=0.2, among=0.6)
    assert told.found[0].divergence == pytest.approx(0.2)
    assert (told.best, told.among) == (2, 6)


def test_the_effect_of_being_active_is_that_of_who_decides_it():
    """By the chain rule: sgd is 1/2 of all and all of the best, so it counts q²/p = 2 times.

    Of its five values three are low; both of the best are: (3/5)(5/3 − 1)² + (2/5) = 2/3, twice that is 4/3.
    """
    opt = variable("opt", ["sgd"] * 5 + ["adam"] * 5, CATEGORICAL)
    momentum = variable("momentum", ["low", "low", "low", "high", "high"] + [None] * 5, CATEGORICAL)
    made = axes(observed(opt, momentum))
    found = {each.name: each for each in ped_anova(made, TEN, quantile=0.2).found}
    assert found["opt"].divergence == pytest.approx(1.0)
    assert found["momentum"].divergence == pytest.approx(4 / 3)
    assert found["momentum"].trials == 5


def test_having_no_value_is_a_choice_where_nobody_else_decides_it():
    """A divergence of 1 for being there, as in the first case, and 4/3 as in the one above."""
    values = ["low", "low", "low", "high", "high"] + [None] * 5
    (found,) = ped_anova([axis(variable("dropout", values, CATEGORICAL))], TEN, quantile=0.2).found
    assert found.divergence == pytest.approx(1 + 4 / 3)


def test_what_matters_comes_first_and_what_does_not_has_little():
    random = np.random.default_rng(3)
    points = random.random((600, 6))
    losses = (points[:, 2] - 0.7) ** 2 + 0.3 * (points[:, 4] > 0.5)
    made = [axis(variable(f"x{place}", points[:, place], domain=UNIT)) for place in range(6)]
    told = ped_anova(made, losses)
    assert {each.name for each in told.found[:2]} == {"x2", "x4"}
    assert (told.best, told.among) == (60, 600)
    assert sum(each.share for each in told.found) == pytest.approx(1)
    for each in told.found:
        assert each.low <= each.share <= each.high
    assert all(each.low > 0 for each in told.found[:2])
    assert all(each.low == 0 and each.share < 0.03 for each in told.found[2:])
    assert ped_anova(made, losses) == told


def test_chance_is_what_random_choices_give_on_average():
    """Of a thousand random orders the mean divergence is the one that is told."""
    random = np.random.default_rng(5)
    made = [
        axis(variable("x", random.random(40), domain=UNIT)),
        axis(variable("y", random.integers(0, 4, 40).astype(str), CATEGORICAL)),
    ]
    losses = random.random(40)
    plain = np.zeros((1000, 2))
    for turn in range(1000):
        told = ped_anova(made, random.permutation(losses), resamples=1).found
        plain[turn] = [each.divergence - each.chance for each in sorted(told, key=lambda each: each.name)]
    error = plain.std(axis=0) / np.sqrt(1000)
    assert np.all(np.abs(plain.mean(axis=0)) < 4 * error + [0.02, 0])  # the bandwidth goes by the best


def test_ties_are_all_among_the_best_and_all_of_them_say_nothing():
    made = [axis(variable("opt", "aaaaabbbbb", CATEGORICAL))]
    assert ped_anova(made, np.maximum(TEN, 3), quantile=0.2).best == 4
    with pytest.raises(ValueError, match="10 of 10 trials are the best"):
        ped_anova(made, TEN * 0, quantile=0.2)


@pytest.mark.parametrize(
    ("count", "quantile", "best"), [(10, None, 5), (50, None, 10), (1000, None, 100), (1000, 0.25, 250)]
)
def test_how_many_are_the_best(count, quantile, best):
    assert number_of_best(count, quantile) == best
