"""How often the interval of the best holds the truth: simulated."""

import math

import pytest

from ledger.analysis import best_coverage

REPEATS = 100
CELLS = [
    (noise, shared, size)
    for noise in best_coverage.NOISES
    for shared in best_coverage.SHARED
    for size in best_coverage.CONFIGURATIONS
]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_what_is_said_of_the_best_was_measured(seeds):
    for place, (noise, shared, size) in enumerate(CELLS):
        share = best_coverage.OF_BEST[seeds][place]
        found = best_coverage.simulated(noise, shared, size, seeds, repeats=REPEATS, seed=1)
        error = math.sqrt(share * (1 - share) * (1 / REPEATS + 1 / best_coverage.REPEATS))
        assert found == pytest.approx(share, abs=4 * error)


def test_what_is_said():
    assert best_coverage.measured(3) == (min(best_coverage.OF_BEST[3]), max(best_coverage.OF_BEST[3]))
    assert best_coverage.measured(1) is best_coverage.measured(10) is None
    assert all(len(each) == len(CELLS) for each in best_coverage.OF_BEST.values())
    assert 0.8 < best_coverage.simulated("alike", 0.0, 5, 3, repeats=30) <= 1
