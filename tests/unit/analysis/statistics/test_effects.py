"""Sizes of effects, by values computed by hand."""

import math

import numpy as np
import pytest

from ledger.analysis.statistics import effects


def test_probability_of_improvement_counts_ties_half():
    # Of the 6 pairs 2 > 1, 3 > 1, 3 > 2 are won, 2 = 2 is a tie, 1 = 1 is one, too.
    assert effects.probability_of_improvement([1, 2, 3], [1, 2]) == (3 + 2 / 2) / 6
    assert effects.probability_of_improvement([5], [1, 2]) == 1
    assert effects.probability_of_improvement([0], [1, 2]) == 0
    a, b = np.random.default_rng(0).integers(0, 9, (2, 40))
    wins = (a[:, None] > b).mean() + (a[:, None] == b).mean() / 2
    assert effects.probability_of_improvement(a, b) == pytest.approx(wins, rel=1e-12)


def test_cohen_d():
    # Means 4 and 2; variances 4 and 1: pooled (2 * 4 + 2 * 1) / 4 = 2.5.
    assert effects.cohen_d([2, 4, 6], [1, 2, 3]) == pytest.approx(2 / math.sqrt(2.5))
    # Of other sizes: means 3 and 2; squares 10 and 2 over 4 + 2.
    assert effects.cohen_d([1, 2, 3, 4, 5], [1, 2, 3]) == pytest.approx(1 / math.sqrt(2))
    assert effects.cohen_d([1, 2, 3], [2, 4, 6]) == pytest.approx(-2 / math.sqrt(2.5))


def test_robust_d():
    # One value is trimmed at each end of five: means of (2, 3, 4) and (1, 2, 3). Winsorized (2, 2, 3, 4, 4)
    # and (1, 1, 2, 3, 3): variance 1 each.
    assert effects.robust_d([1, 2, 3, 4, 1000], [0, 1, 2, 3, 4]) == pytest.approx(0.642)
    # Of ten values two: (3, …, 8) and (3, …, 8) + 2; winsorized squares 2 * (3 * 2.5**2 + 1.5**2 + 0.5**2).
    ten = np.arange(1.0, 11)
    variance = 2 * (3 * 2.5**2 + 1.5**2 + 0.5**2) / 9
    assert effects.robust_d(ten + 2, ten) == pytest.approx(0.642 * 2 / math.sqrt(variance))


def test_of_normal_values_both_are_the_same():
    generator = np.random.default_rng(5)
    a, b = generator.normal(0.5, 1, 100_000), generator.normal(0, 1, 100_000)
    assert effects.robust_d(a, b) == pytest.approx(0.5, abs=0.02)
    assert effects.cohen_d(a, b) == pytest.approx(0.5, abs=0.02)


def test_without_spread_a_difference_is_without_bounds():
    assert effects.cohen_d([1, 1], [1, 1]) == 0
    assert effects.cohen_d([1, 1], [2, 2]) == -math.inf
    assert effects.robust_d([0, 1, 1, 1, 9], [0, 0, 0, 0, 0]) == math.inf
    # The mean of three times 0.1 is not that of six times.
    assert effects.cohen_d([0.1] * 3, [0.1] * 6) == 0
    assert effects.cohen_d([0.3] * 6, [0.1] * 3) == math.inf


def test_the_interval_of_a_probability_is_wilsons_and_has_a_length_at_its_ends():
    # Wilson's interval of 7 of 10: (0.3968, 0.8922).
    found = effects.probability_interval(0.7, [(1, 1)] * 10)
    assert (found.low, found.high) == (pytest.approx(0.3968, abs=1e-4), pytest.approx(0.8922, abs=1e-4))
    every = effects.probability_interval(1.0, [(5, 5)])
    assert (every.high, every.low) == (1.0, pytest.approx(0.6, abs=0.1))
    turned = effects.probability_interval(0.0, [(5, 5)])
    assert (turned.low, turned.high) == (0.0, pytest.approx(1 - every.low))


def test_the_interval_of_a_probability_holds_the_truth():
    generator, held = np.random.default_rng(1), 0
    for _ in range(300):
        a, b = generator.normal(0.5, 1, 5), generator.normal(0, 1, 5)
        found = effects.probability_interval(effects.probability_of_improvement(a, b), [(5, 5)])
        held += 0.6381632 in found  # the normal distribution at 0.5 / 2 ** 0.5
    assert 0.92 <= held / 300 <= 0.98


def test_the_interval_of_a_standardised_difference():
    # Of two groups of 10: 1/10 + 1/10 + 1 / (2 * 18); 1.95996 times its root.
    found = effects.d_interval(1.0, 1 / 10 + 1 / 10, 18)
    half = 1.959964 * math.sqrt(0.2 + 1 / 36)
    assert (found.low, found.high) == (pytest.approx(1 - half), pytest.approx(1 + half))
    assert effects.d_interval(math.inf, 0.2, 18).low == -math.inf


def test_outliers():
    assert effects.outliers([1.0, 2, 3, 4, 5]) == 0
    # The median is 3, deviations are 2, 1, 0, 1 and 97: their median 1; 97 > 3 * 1.4826.
    assert effects.outliers([1.0, 2, 3, 4, 100]) == 1
    assert effects.outliers([1.0, 1, 1, 9]) == 0


def test_too_few_values():
    with pytest.raises(ValueError, match="at least 2"):
        effects.cohen_d([1], [1, 2])
    with pytest.raises(ValueError, match="at least 5"):
        effects.robust_d([1, 2, 3, 4], [1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="at least 1"):
        effects.probability_of_improvement([], [1])
    with pytest.raises(ValueError, match="one dimension"):
        effects.cohen_d(np.ones((2, 2)), [1, 2])
