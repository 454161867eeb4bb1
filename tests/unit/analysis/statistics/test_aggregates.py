import numpy as np
import pytest
import scipy.stats

from ledger.analysis.statistics.aggregates import iqm


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 41])
def test_the_interquartile_mean_is_the_trimmed_mean_of_scipy(size):
    values = np.random.default_rng(size).exponential(1, (3, size))
    assert iqm(values[0]) == pytest.approx(scipy.stats.trim_mean(values[0], 0.25), rel=1e-12)
    assert iqm(values) == pytest.approx(scipy.stats.trim_mean(values, 0.25, axis=1), rel=1e-12)


def test_nothing_has_no_mean():
    with pytest.raises(ValueError, match="at least one"):
        iqm(np.array([]))
