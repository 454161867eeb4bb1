"""Exponential moving averages."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.smoothing import smoothed

WEIGHTS = st.floats(0, 0.999)
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(VALUES, WEIGHTS)
def test_it_is_the_mean_with_weights_that_fall_by_a_power(values, weight):
    found = smoothed(values, weight)
    weights = [weight**back for back in range(len(values))][::-1]
    mean = math.fsum(w * x for w, x in zip(weights, values, strict=True)) / math.fsum(weights)
    assert found[-1] == pytest.approx(mean, rel=1e-6, abs=1e-3)
    assert found[0] == pytest.approx(values[0])


def test_without_a_weight_nothing_changes_and_a_constant_stays():
    assert smoothed([1.0, 5.0, -2.0], 0) == [1.0, 5.0, -2.0]
    assert smoothed([3.0] * 100, 0.99) == pytest.approx([3.0] * 100)


def test_what_is_not_finite_stays_and_does_not_spoil_the_rest():
    found = smoothed([1.0, math.nan, 1.0, math.inf, 1.0], 0.5)
    assert math.isnan(found[1])
    assert found[3] == math.inf
    assert [found[0], found[2], found[4]] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_a_weight_beyond_its_range_is_refused(weight):
    with pytest.raises(ValueError, match="below 1"):
        smoothed([1.0], weight)
