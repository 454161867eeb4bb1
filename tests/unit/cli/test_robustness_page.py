"""Numbers of ``ledger robustness``."""

import math

import pytest

from ledger.analysis.statistics.intervals import Interval
from ledger.cli.robustness_page import _digits, _short


@pytest.mark.parametrize(
    ("value", "told"), [(1011.6, "1010"), (0.00118881, "0.00119"), (1.2e-7, "1.2e-07"), (math.nan, "-")]
)
def test_three_digits_without_an_exponent_where_none_is_needed(value, told):
    assert _digits(value) == told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(0.0, 1394.37, "0 to 1390"), (-math.inf, math.inf, "not known"), (0.25, math.inf, "0.25 to inf")],
)
def test_an_interval_has_as_many_digits(low, high, told):
    assert _short(Interval(low=low, high=high, level=0.95, method="chi-square")) == told
