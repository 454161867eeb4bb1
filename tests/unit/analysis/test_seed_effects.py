"""What seeds do to all configurations that share them."""

import numpy as np
import pytest

from ledger.analysis.seed_effects import found, of_none


def test_a_balanced_layout_is_that_of_the_analysis_of_variance():
    values = np.random.default_rng(4).normal(size=(6, 4)) + np.array([0.0, 2.0, -1.0, 3.0])
    its = found(list(values), [range(4)] * 6, np.ones(6))
    freed = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    left = (freed**2).sum() / (5 * 3)
    seen = values.mean(axis=0).var(ddof=1)
    assert its.rest == pytest.approx((left, 15))
    assert its.effect == pytest.approx((seen / 4, 3))
    between = seen - left / 6
    assert its.share == pytest.approx(between / (between + left))
    assert its.moved == pytest.approx(np.zeros(6))
    # Satterthwaite's, of the variance of one configuration's mean: [MS_b + (C - 1) MS_e] / (C K)
    whole = (6 * seen + 5 * left) ** 2 / ((6 * seen) ** 2 / 3 + (5 * left) ** 2 / 15)
    assert its.degrees(np.full(6, 1 / 4)) == pytest.approx(np.full(6, whole))


def test_an_effect_is_found_though_each_has_other_seeds():
    truth = np.array([0.0, 5.0, -5.0])
    seeds = [[0, 1], [1, 2], [0, 2], [0, 1, 2], [1], [None]]
    groups = [np.array([own + (0 if k is None else truth[k]) for k in its]) for own, its in enumerate(seeds)]
    its = found(groups, seeds, np.ones(6))
    assert its.moved == pytest.approx([2.5, 0.0, -2.5, 0.0, 5.0, 0.0])
    assert its.share > 0.999
    assert (its.common[5], its.noise[5]) == (0, 1)


def test_noisy_ones_are_looked_at_in_their_own_unit():
    generator = np.random.default_rng(0)
    spreads = np.array([1.0] * 9 + [1000.0])
    values = spreads[:, None] * 0.1 * generator.normal(size=(10, 3)) + np.array([0.0, 1.0, -1.0])
    assert found(list(values), [range(3)] * 10, spreads).share > 0.8


def test_independent_values_have_no_effect():
    its = of_none(3, 7)
    assert its.degrees(np.full(3, 0.5)) == pytest.approx(np.full(3, 7.0))
    assert (its.common == 0).all()


def test_one_seed_that_was_tried_twice_tells_of_no_other():
    groups = [np.array([1.0, 2.0]), np.array([3.0])]
    assert found(groups, [[0, 0], [0]], np.ones(2)).share == 0


def test_a_seed_counts_as_often_as_it_was_tried():
    values = np.random.default_rng(1).normal(size=(4, 3))
    twice = [np.concatenate([each, each]) for each in values]
    once = found(list(values), [range(3)] * 4, np.ones(4))
    assert found(twice, [[0, 1, 2, 0, 1, 2]] * 4, np.ones(4)).effect == pytest.approx(once.effect)
