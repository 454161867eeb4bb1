import math

import pytest

from ledger.compare.base import Tolerance
from ledger.compare.metrics import compare, measures_clock
from ledger.model import MetricSummary


def metric(name, last, low=None, high=None, count=1):
    return MetricSummary(
        name=name,
        last=last,
        min=last if low is None else low,
        max=last if high is None else high,
        count=count,
    )


def test_equal_metrics_are_not_told():
    sides = [metric("loss", 0.5), metric("odd", math.nan)]
    assert compare(sides, sides, {}) == ()
    assert compare(sides, list(reversed(sides)), None) == ()


def test_a_value_that_differs_counts():
    (found,) = compare([metric("loss", 0.5)], [metric("loss", 0.6)], {"loss": "at step 3"})
    assert (found.part, found.path, found.expected, found.got) == ("metrics", "loss", 0.5, 0.6)
    assert (found.detail, found.counted) == ("at step 3", True)


def test_series_that_part_count_though_they_end_alike():
    (found,) = compare([metric("loss", 0.5)], [metric("loss", 0.5)], {"loss": "at step 3"})
    assert found.expected == found.got
    assert found.counted


def test_a_metric_of_one_side_counts():
    first, second = compare([metric("a", 1.0)], [metric("b", 2.0)], {"a": "x", "b": "x"})
    assert (first.path, first.got, first.detail) == ("a", None, "only the first has it")
    assert (second.path, second.expected, second.detail) == ("b", None, "only the second has it")
    assert first.counted
    assert second.counted


def test_without_series_the_summaries_decide():
    (found,) = compare([metric("loss", 0.5, low=0.1, count=3)], [metric("loss", 0.5, low=0.2, count=2)], None)
    assert found.detail == "min 0.1 and 0.2; count 3 and 2"
    assert found.counted


@pytest.mark.parametrize("partings", [{}, None])
def test_what_is_within_the_tolerance_is_told_and_not_counted(partings):
    (found,) = compare(
        [metric("loss", 1.0)], [metric("loss", 1.001)], partings, tolerance=Tolerance(rtol=0.01)
    )
    assert not found.counted
    assert found.detail == "within rtol 0.01, atol 0"


def test_without_series_a_tolerance_does_not_excuse_a_missing_point():
    tolerance = Tolerance(atol=1.0)
    (found,) = compare([metric("a", 1.0, count=2)], [metric("a", 1.0)], None, tolerance=tolerance)
    assert found.counted


def test_what_the_series_do_not_part_in_is_within_the_tolerance():
    """The summaries' extremes may be further apart than any two points of one step."""
    (found,) = compare([metric("a", 1.0, low=0.0)], [metric("a", 1.0, low=0.5)], {"b": "x"})[:1]
    assert not found.counted


def test_a_parting_without_summaries_is_told():
    (found,) = compare([], [], {"a": "they part"})
    assert (found.path, found.counted) == ("a", True)


def test_a_clock_metric_within_the_tolerance_is_said_to_be_within_it():
    sides = [metric("time", 1.0)], [metric("time", 1.1)]
    (found,) = compare(*sides, None, tolerance=Tolerance(atol=1.0), timing=("time",))
    assert found.detail == "within rtol 0, atol 1"
    (found,) = compare(
        [metric("time", 1.0)], [metric("time", 2.0, low=1.0, high=1.0)], None, timing=("time",)
    )
    assert found.detail == "measures the clock"


def test_clock_metrics_are_told_and_not_counted():
    expected, got = [metric("epoch_time_s", 1.0)], [metric("epoch_time_s", 2.0)]
    (found,) = compare(expected, got, {"epoch_time_s": "at step 0"}, timing=("*time*",))
    assert not found.counted
    assert found.detail == "at step 0; measures the clock"
    (found,) = compare(expected, [], {}, timing=("*time*",))
    assert not found.counted


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("train_time", True),
        ("0.train_time", True),
        ("charts/SPS from step 512 on", True),
        ("charts/SPS at step -3", True),
        ("loss from step 512 on", False),
        ("line 3", False),
        ("epochs.3.elapsed", True),
        ("", False),
    ],
)
def test_what_measures_the_clock_in_an_output(place, expected):
    assert measures_clock(place, ("*time*", "*elapsed*", "*SPS")) is expected
