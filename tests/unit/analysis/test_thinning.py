"""Fewer points of a series."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.thinning import thinned

VALUES = st.lists(st.floats(), max_size=300)


@given(VALUES, st.integers(4, 100))
def test_a_part_in_order_that_has_the_ends_and_the_extremes(values, most):
    kept = thinned(values, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    finite = [each for each in values if math.isfinite(each)]
    if finite:
        left = [values[place] for place in kept if math.isfinite(values[place])]
        assert (min(left), max(left)) == (min(finite), max(finite))
    if all(map(math.isfinite, values)) and values:
        assert (kept[0], kept[-1]) == (0, len(values) - 1)


def test_a_spike_stays():
    values = [0.0] * 10_000
    values[4321] = 7.0
    assert 4321 in thinned(values, 40)


def test_what_is_short_is_kept_whole():
    assert thinned([1.0, math.nan, 3.0], 4) == [0, 1, 2]


def test_of_a_stretch_the_first_the_lowest_the_highest_and_the_last_stay():
    values = [5.0, 1.0, 9.0, 4.0, 6.0, math.inf, math.nan, math.nan, math.nan, math.nan]
    assert thinned(values, 8) == [0, 1, 2, 4, 5]
    assert thinned(values[:5] + values[5:] + [2.0] * 5, 4) == [0, 1, 2, 14]
