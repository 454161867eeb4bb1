"""How often intervals hold the truth: simulated."""

import math

import pytest

from ledger.analysis.statistics import coverage

TABLES = {1: coverage.OF_MEAN, 2: coverage.OF_DIFFERENCE}
REPEATS = 400


@pytest.mark.slow
@pytest.mark.parametrize(("sides", "size"), [(1, 20), (1, 50), (2, 20)])
@pytest.mark.parametrize("shape", coverage.SHAPES)
def test_from_20_values_on_19_of_20_intervals_hold_the_truth(sides, size, shape):
    assert 0.93 <= coverage.simulated(sides, size, shape, repeats=1_000) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sides", "size"), [*((1, size) for size in coverage.OF_MEAN), (2, 3), (2, 5), (2, 9)]
)
def test_what_is_said_of_small_samples_was_measured(sides, size):
    for shape, share in zip(coverage.SHAPES, TABLES[sides][size], strict=True):
        found = coverage.simulated(sides, size, shape, repeats=REPEATS, seed=1)
        error = math.sqrt(share * (1 - share) * (1 / REPEATS + 1 / coverage.REPEATS))
        assert found == pytest.approx(share, abs=4 * error)


@pytest.mark.slow
def test_what_is_said_of_strata_was_measured():
    wanted = [(groups, shape) for groups in coverage.STRATA[:2] for shape in coverage.SHAPES]
    for (groups, shape), share in zip(wanted, coverage.OF_STRATA[3], strict=False):
        found = coverage.simulated_strata(groups, 3, shape, repeats=REPEATS, seed=1)
        error = math.sqrt(share * (1 - share) * (1 / REPEATS + 1 / coverage.STRATA_REPEATS))
        assert found == pytest.approx(share, abs=4 * error)


@pytest.mark.slow
def test_what_is_said_of_interquartile_means_was_measured():
    for size, share in coverage.OF_IQM.items():
        found = coverage.simulated_iqm(size, repeats=REPEATS, seed=1)
        error = math.sqrt(share * (1 - share) * (1 / REPEATS + 1 / coverage.IQM_REPEATS))
        assert found == pytest.approx(share, abs=4 * error)


def test_what_is_said():
    assert coverage.measured([5]) == (min(coverage.OF_MEAN[5]), max(coverage.OF_MEAN[5]))
    assert coverage.measured([12, 3]) == (min(coverage.OF_DIFFERENCE[3]), max(coverage.OF_DIFFERENCE[3]))
    assert coverage.measured([10]) is None
    assert coverage.measured([5, 7, 5, 6]) == (min(coverage.OF_STRATA[5]), max(coverage.OF_STRATA[5]))
    assert coverage.measured([1, 5, 5]) is None
    assert coverage.measured([10, 11, 12]) is None
    assert 0.9 < coverage.simulated(1, 5, "normal", repeats=100) <= 1
