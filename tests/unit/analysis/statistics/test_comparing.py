"""Tests of a difference, against SciPy's."""

import math

import numpy as np
import pytest
import scipy.stats

from ledger.analysis.statistics import comparing
from ledger.analysis.statistics.contrast import difference, of_groups

RANDOM = np.random.default_rng(7)
PAIRS = [
    (RANDOM.normal(0, 1, 5), RANDOM.normal(1, 3, 5)),
    (RANDOM.normal(0, 1, 2), RANDOM.normal(0, 1, 4)),
    (RANDOM.exponential(1, 7), RANDOM.exponential(2, 3)),
    (np.array([1.0, 2, 2, 3]), np.array([2.0, 2, 5])),
    (1e4 + RANDOM.normal(0, 1e-2, 6), 1e4 + RANDOM.normal(0, 1e-2, 6)),
]


def means(x, y, axis=-1):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_welch_is_that_of_scipy(a, b):
    found, expected = comparing.welch(a, b), scipy.stats.ttest_ind(a, b, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-11)
    assert found.degrees == pytest.approx(expected.df, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_every_arrangement_is_looked_at_as_in_scipy(a, b):
    expected = scipy.stats.permutation_test((a, b), means, vectorized=True, n_resamples=np.inf)
    found = comparing.permutation(a, b)
    assert found.exact
    assert found.arrangements == math.comb(len(a) + len(b), len(a))
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)


def test_pairs_are_swapped_as_in_scipy():
    a, b = RANDOM.normal(0, 1, 9), RANDOM.normal(0.5, 1, 9)
    assert comparing.permutation(a[:1], b[:1], paired=True).p == 1
    for size in (2, 9):
        expected = scipy.stats.permutation_test(
            (a[:size], b[:size]), means, permutation_type="samples", vectorized=True, n_resamples=np.inf
        )
        found = comparing.permutation(a[:size], b[:size], paired=True)
        assert (found.p, found.arrangements) == (pytest.approx(expected.pvalue), 2**size)


@pytest.mark.parametrize("paired", [True, False])
def test_of_many_arrangements_some_are_drawn(paired):
    a, b = RANDOM.normal(0, 1, 30), RANDOM.normal(0.6, 1, 30)
    kind = "samples" if paired else "independent"
    expected = scipy.stats.permutation_test(
        (a, b), means, permutation_type=kind, vectorized=True, n_resamples=9_999, rng=1
    )
    found = comparing.permutation(a, b, paired=paired)
    assert (found.exact, found.arrangements) == (False, comparing.ARRANGEMENTS)
    assert 0 < found.p < 0.2
    assert abs(found.p - expected.pvalue) < 5 * math.sqrt(2 * expected.pvalue / 10_000)
    assert found == comparing.permutation(a, b, paired=paired)
    assert found != comparing.permutation(a, b, paired=paired, seed=1)


def test_in_strata_values_stay_where_they_are():
    a = [np.array([1.0, 2]), np.array([11.0, 12, 13])]
    b = [np.array([3.0, 4]), np.array([14.0, 15])]
    found = comparing.dealt(list(zip(a, b, strict=True)))
    # Of 6 and 10 ways the one that was seen is the farthest out, and no other is as far on its side.
    assert (found.arrangements, found.p, found.statistic) == (60, 2 / 60, pytest.approx((2 + 2.5) / 2))
    single = comparing.dealt([(a[1], b[1])])
    assert (single.arrangements, single.p) == (10, 2 / 10)


def test_drawn_arrangements_of_strata_agree_with_all():
    generator = np.random.default_rng(3)
    small = [(generator.normal(0, 1, 3), generator.normal(0.5, 1, 3)) for _ in range(3)]
    exact = comparing.dealt(small)
    assert exact.arrangements == 20**3
    larger = [(generator.normal(0, 1, 3), generator.normal(0.5, 1, 3)) for _ in range(4)]
    assert not comparing.dealt(larger).exact
    t = comparing.studentised(difference(larger), "t")
    assert abs(comparing.dealt(larger).p - t.p) < 0.05


def test_one_group_is_the_test_of_pairs():
    a, b = PAIRS[0]
    found = comparing.studentised(of_groups([(1.0, a - b)]), "paired t")
    expected = scipy.stats.ttest_rel(a, b)
    assert (found.name, found.degrees) == ("paired t", pytest.approx(4))
    assert (found.statistic, found.p) == (
        pytest.approx(expected.statistic),
        pytest.approx(expected.pvalue),
    )


def test_no_spread_at_all():
    same, other = np.full(3, 0.1), np.full(3, 0.3)
    assert comparing.welch(same, same).p == 1
    assert (comparing.welch(other, same).p, comparing.welch(other, same).statistic) == (0, math.inf)
    assert comparing.permutation(same, same).p == 1
    assert comparing.permutation(other, same).p == pytest.approx(2 / 20)


def test_what_cannot_be_tested():
    with pytest.raises(ValueError, match="at least 2 values, got 1"):
        comparing.welch([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="got 2 and 3 values"):
        comparing.permutation([1.0, 2], [1.0, 2, 3], paired=True)
    with pytest.raises(ValueError, match="not finite"):
        comparing.permutation([1.0, math.nan], [1.0, 2])


def test_several_tests_are_corrected():
    assert comparing.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert comparing.holm([0.6, 0.7]) == [1.0, 1.0]
    assert comparing.holm([]) == []


def test_equal_values_have_no_difference_whatever_their_number():
    """0.1 + 0.1 + 0.1 over 3 is not 0.1."""
    strata = [(np.full(3, 0.1), np.full(6, 0.1))]
    assert difference(strata).estimate == 0
    assert comparing.dealt(strata).p == 1
