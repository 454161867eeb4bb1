"""Plots of text, letter by letter."""

import math

import pytest

from ledger.cli.plots import bar, histogram, interval, sparkline


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, ""),
        (0.5, "██"),
        (0.3, "█▎"),
        (1, "████"),
        (7, "████"),
        (-1, ""),
        (1e-9, "▏"),
        (math.nan, ""),
        (math.inf, "████"),
    ],
)
def test_a_bar(share, expected):
    assert bar(share, 4) == expected


def test_a_histogram():
    assert histogram([0, 0.1, 0.2, 0.3, 3, 4], 4) == "█  ▄"
    assert histogram([0, 1, 2, 3], 4) == "████"
    assert histogram([2, 3], 4, lowest=0, highest=4) == "  ██"
    assert histogram([-9, 9], 4, lowest=0, highest=4) == "█  █"
    assert histogram([1, math.nan, math.inf], 3) == " █ "
    assert histogram([math.nan], 3) == ""
    assert histogram([0] * 80 + [1], 2) == "█▁"
    assert histogram([-1e308, 1e308], 2) == "██"


def test_an_interval():
    assert interval(2, 5, 8, 0, 10, 10) == "  [--●--] "
    assert interval(-1, 5, 11, 0, 10, 10) == "<----●--->"
    assert interval(-math.inf, 5, math.inf, 0, 10, 5) == "<-●->"
    assert interval(5, 5, 5, 0, 10, 5) == "  ●  "
    assert interval(3, 3, 3, 3, 3, 5) == "  ●  "
    assert interval(math.nan, math.nan, math.nan, 0, 10, 5) == "     "
    assert len(interval(0, 0, 10, 0, 10, 7)) == 7


def test_a_sparkline():
    assert sparkline([], 4) == ""
    assert sparkline([9, 1, 2, 8], 3) == "▁▂█"
    assert sparkline([5, 5], 3) == "▁▁"
