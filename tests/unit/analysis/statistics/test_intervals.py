"""Intervals: their ends by hand and by SciPy. How often they hold the truth: test_coverage."""

import math

import numpy as np
import pytest
import scipy.stats

from ledger.analysis.statistics import intervals, studentised
from ledger.analysis.statistics.aggregates import iqm
from ledger.analysis.statistics.contrast import difference, of_groups
from ledger.analysis.statistics.intervals import Interval, of_contrast, of_mean
from ledger.analysis.statistics.studentised import without_spread


@pytest.mark.parametrize("values", [[0.1, 0.4], [0.1, 0.4, 0.2]])
def test_of_two_or_three_values_it_is_students(values):
    found = of_mean(values)
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-10)
    assert (found.level, found.method) == (0.95, "Student's t")


def test_of_few_values_every_resample_is_looked_at():
    values = np.array([1.0, 2, 4, 8])
    places = np.array(np.meshgrid(*[np.arange(4)] * 4)).reshape(4, -1)
    drawn = values[places]
    means, spreads = drawn.mean(axis=0) - values.mean(), drawn.std(axis=0, ddof=1) / 2
    with np.errstate(divide="ignore"):
        ratios = np.sort(means / spreads)
    low, high = ratios[math.ceil(0.025 * 256) - 1], ratios[math.ceil(0.975 * 256) - 1]
    error = values.std(ddof=1) / 2
    found = of_mean(values)
    assert found.method == "bootstrap-t"
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - high * error, values.mean() - low * error), rel=1e-9
    )


def test_drawn_resamples_are_close_to_all():
    values = np.random.default_rng(2).exponential(1, 9)
    exact = of_mean(values)
    # With a second group that adds nothing, resamples are drawn.
    drawn = of_contrast(of_groups([(1.0, values), (1e-9, values)]))
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), rel=0.1)
    assert of_mean(values) == exact


def test_it_moves_and_turns_with_the_values():
    values = np.array([1.0, 2, 4, 8, 5])
    found, turned = of_mean(values), of_mean(-2 * values + 100)
    assert (turned.low, turned.high) == pytest.approx((100 - 2 * found.high, 100 - 2 * found.low))
    assert of_mean(values, level=0.9).half < found.half
    assert 4.0 in found
    assert 99.0 not in found


def test_of_enormous_values():
    found, plain = of_mean([1e200, 2e200, 4e200, 8e200]), of_mean([1.0, 2, 4, 8])
    assert (found.low, found.high) == (pytest.approx(plain.low * 1e200), pytest.approx(plain.high * 1e200))


def test_one_value_says_nothing_and_equal_ones_too_much():
    one = of_mean([3.0])
    assert (one.low, one.high, one.method) == (-math.inf, math.inf, intervals.ONE_VALUE)
    same = of_mean([0.1] * 5)
    assert (same.low, same.high, same.method) == (pytest.approx(0.1), pytest.approx(0.1), intervals.ALL_EQUAL)
    for bad in ([], [math.nan, 1.0]):
        with pytest.raises(ValueError, match=r"at least 1|not finite"):
            of_mean(bad)


def test_a_difference_of_two_groups_is_close_to_welchs():
    generator = np.random.default_rng(4)
    a, b = generator.normal(0, 1, 40), generator.normal(1, 2, 50)
    expected = scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    found = of_contrast(difference([(a, b)]))
    assert found.method == "bootstrap-t"
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.08)
    few = of_contrast(difference([(a[:2], b[:2])]))
    expected = scipy.stats.ttest_ind(b[:2], a[:2], equal_var=False).confidence_interval(0.95)
    assert (few.low, few.high) == pytest.approx(tuple(expected), rel=1e-9)


def test_where_a_small_group_has_nearly_all_of_the_variance_it_is_students():
    """Differences of three seeds in three configurations, one of which diverges with some of them."""
    groups = [[-0.0143, -0.0085, -0.0253], [-0.0252, -0.02, -0.0146], [-0.0795, -0.3794, -0.0863]]
    contrast = of_groups([(1 / 3, each) for each in groups])
    assert without_spread(contrast) == pytest.approx(1 / 9)
    found = of_contrast(contrast)
    far = scipy.stats.t.ppf(0.975, contrast.degrees) * contrast.error
    assert (found.low, found.high) == pytest.approx((contrast.estimate - far, contrast.estimate + far))
    assert found.method == "Student's t"
    groups[2] = [each / 10 for each in groups[2]]
    assert of_contrast(of_groups([(1 / 3, each) for each in groups])).method == "bootstrap-t"
    assert without_spread(difference([(groups[0], groups[2])])) == pytest.approx(1 / 81)


def test_resamples_without_spread():
    assert without_spread(of_groups([(1.0, [1, 2, 3])])) == pytest.approx(1 / 9)
    assert without_spread(difference([([1, 2], [1, 2])] * 3)) == pytest.approx(1 / 64)


def test_any_statistic_in_strata():
    groups = [np.array([1.0, 2, 3, 4]), np.array([100.0, 100.0])]
    found = intervals.bootstrap(lambda drawn: drawn[0].mean(axis=1) + drawn[1].mean(axis=1), groups)
    assert found.method == "percentile bootstrap"
    # The second group never moves, and no resample of the first is outside of it.
    assert 101 < found.low < 102.5 < found.high < 104

    def of_middle(seed):
        values = [np.arange(9.0) ** 2]
        return intervals.bootstrap(lambda drawn: iqm(drawn[0]), values, resamples=500, seed=seed)

    assert of_middle(3) == of_middle(3)
    assert of_middle(3) != of_middle(4)
    alone = intervals.bootstrap(lambda drawn: drawn[0].mean(axis=1), [[1.0]])
    assert alone == Interval(low=-math.inf, high=math.inf, level=0.95, method=intervals.ONE_VALUE)
    with pytest.raises(ValueError, match="at least one group"):
        intervals.bootstrap(lambda drawn: drawn[0].mean(axis=1), [])


def test_a_percentile_interval_is_that_of_scipy():
    values = np.random.default_rng(8).normal(0, 1, 30)
    expected = scipy.stats.bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
    found = intervals.bootstrap(lambda drawn: drawn[0].mean(axis=1), [values])
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.02)


def test_tiny_values_have_a_spread_too():
    small, usual = (intervals.of_mean([by * each for each in (1.0, 3.0, 4.0)]) for by in (1e-200, 1.0))
    assert small.method == usual.method
    assert small.low == pytest.approx(usual.low * 1e-200)


def test_of_many_values_a_formula_says_of_their_interquartile_mean_what_resampling_says():
    values = np.random.default_rng(3).lognormal(size=intervals.MANY)
    told = intervals.of_iqm(values)
    drawn = intervals.bootstrap(lambda groups: iqm(groups[0]), [values], resamples=1_000)
    assert told.method == intervals.WINSORIZED
    assert [told.low, told.high] == pytest.approx([drawn.low, drawn.high], abs=0.15 * drawn.half)
    assert intervals.of_iqm(values[1:]).method == intervals.PERCENTILE
    # A quarter at each end may be anything: the middle has no spread.
    flat = intervals.of_iqm([*[1.0] * 900, *range(200)])
    assert (flat.low, flat.high) == (1.0, 1.0)


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_of_many_values_the_expansion_stands_for_what_would_be_drawn(turn, monkeypatch):
    values = turn * np.random.default_rng(4).exponential(size=studentised.MANY) ** 2
    told = intervals.of_mean(values)
    monkeypatch.setattr(studentised, "MANY", len(values) + 1)
    drawn = intervals.of_mean(values)
    assert [told.low, told.high] == pytest.approx([drawn.low, drawn.high], abs=0.08 * drawn.half)
    # Both reach further where the long tail is, unlike Student's t.
    further = [each.high - values.mean() - (values.mean() - each.low) for each in (told, drawn)]
    assert min(turn * further[0], turn * further[1]) > 0.02 * drawn.half
