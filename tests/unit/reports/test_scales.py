"""Axes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.reports.scales import scale

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=20), st.sampled_from([False, None]))
def test_all_values_and_marks_are_between_the_ends(values, log):
    axis = scale(values, 10.0, 110.0, log=log)
    for each in values:
        assert 10.0 - 1e-6 <= axis(each) <= 110.0 + 1e-6
    marks = axis.ticks()
    assert len(marks) <= 15
    for place, said in marks:
        assert 10.0 - 1e-6 <= place <= 110.0 + 1e-6
        assert math.isfinite(float(said))


def test_positive_values_that_are_far_apart_are_logarithmic():
    axis = scale([1.0, 1000.0], 0.0, 300.0, log=None)
    assert axis.log
    assert [(round(place), said) for place, said in axis.ticks()] == [
        (0, "1"),
        (100, "10"),
        (200, "100"),
        (300, "1000"),
    ]
    assert not scale([0.0, 1000.0], 0.0, 1.0, log=None).log
    assert not scale([1.0, 99.0], 0.0, 1.0, log=None).log


def test_one_value_has_room_on_both_sides():
    axis = scale([5.0, math.nan], 0.0, 100.0)
    assert axis(5.0) == pytest.approx(50.0)


def test_ticks_are_round_numbers():
    assert [said for _, said in scale([0.0, 1.0], 0.0, 1.0).ticks()] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
