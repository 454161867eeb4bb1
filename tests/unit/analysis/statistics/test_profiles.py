"""Performance profiles."""

import numpy as np
import pytest
from scipy import stats

from ledger.analysis.statistics.profiles import profile, thresholds


def test_the_share_of_runs_beyond_each_threshold_is_exact():
    found = profile([[3.0, 1.0, 2.0, 2.0]], [2.0, 0.0, 1.0, 2.5, 3.0])
    assert found.thresholds == (0.0, 1.0, 2.0, 2.5, 3.0)
    assert found.shares == (1.0, 0.75, 0.25, 0.25, 0.0)
    assert profile([[3.0, 1.0, 2.0, 2.0]], [1.0, 2.0, 4.0], below=True).shares == (0.0, 0.25, 1.0)
    assert found.count == 4


def test_strata_weigh_the_same_whatever_their_size():
    found = profile([[0.0, 0.0, 0.0, 4.0], [1.0, 3.0]], [0.5, 2.0])
    assert found.shares == ((0.25 + 1) / 2, (0.25 + 0.5) / 2)


def test_the_band_is_that_of_binomial_shares_at_each_threshold():
    values = np.random.default_rng(1).normal(size=200)
    found = profile([values], [-1.0, 0.0, 1.0], resamples=20_000)
    for share, low, high in zip(found.shares, found.low, found.high, strict=True):
        exact = stats.binom.ppf([0.025, 0.975], 200, share) / 200
        assert (low, high) == pytest.approx(exact, abs=0.01)
    assert profile([values], [0.0]) == profile([values], [0.0])


def test_ends_are_certain_and_one_run_has_no_band():
    found = profile([[1.0, 2.0]], [0.0, 2.0])
    assert (found.low, found.high) == ((1.0, 0.0), (1.0, 0.0))
    assert profile([[1.0]], [0.5]).shares == (1.0,)


def test_thresholds_are_the_values_or_even_steps():
    assert thresholds([2.0, 1.0, 2.0]) == (1.0, 2.0)
    assert thresholds(range(100), most=4) == (0.0, 33.0, 66.0, 99.0)


@pytest.mark.parametrize("strata", [[], [[]], [[float("nan")]]])
def test_no_runs_are_refused(strata):
    with pytest.raises(ValueError, match=r"expected|finite"):
        profile(strata, [0.0])
