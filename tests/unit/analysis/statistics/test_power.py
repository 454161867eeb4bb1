import math

import pytest

from ledger.analysis.statistics.power import seeds_needed


def test_how_many_seeds_a_difference_needs():
    # 2 (1.95996 + 0.84162)² = 15.698 for a difference of one deviation.
    assert seeds_needed(1, 1) == 16
    assert seeds_needed(-0.5, 1) == 63
    assert seeds_needed(0.5, 0.5) == 16
    # 2 (2.57583 + 1.28155)² = 29.76.
    assert seeds_needed(1, 1, alpha=0.01, power=0.9) == 30
    assert seeds_needed(9, 1) == 2
    assert seeds_needed(1, 0) == 2


@pytest.mark.parametrize(
    ("difference", "deviation", "more"),
    [
        (0, 1, {}),
        (math.nan, 1, {}),
        (1, -1, {}),
        (1, math.inf, {}),
        (1, 1, {"alpha": 0}),
        (1, 1, {"power": 1}),
    ],
)
def test_what_has_no_answer(difference, deviation, more):
    with pytest.raises(ValueError, match="expected"):
        seeds_needed(difference, deviation, **more)


def test_a_difference_that_no_number_of_seeds_shows_has_a_number_still():
    """(1e150 / 1e-10)² is beyond all floats."""
    assert len(str(seeds_needed(1e-10, 1e150))) == 322
