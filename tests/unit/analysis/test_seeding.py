"""A result over seeds. Exact values are SciPy's, or worked out by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from ledger.analysis import seeding


def test_a_spread_has_what_a_person_asks_for():
    found = seeding.spread([4.0, 1.0, 2.0, 3.0])
    assert (len(found), found.mean, found.median, found.iqm) == (4, 2.5, 2.5, 2.5)
    assert (found.least, found.most, found.constant) == (1.0, 4.0, False)
    assert found.values == (4.0, 1.0, 2.0, 3.0)
    assert found.deviation == pytest.approx(math.sqrt(5 / 3))
    assert found.interval.low < 2.5 < found.interval.high


def test_the_interval_of_a_deviation_is_that_of_the_chi_square_distribution():
    found = seeding.of_deviation(2.0, 9)
    low, high = stats.chi2.ppf([0.975, 0.025], 9)
    assert (found.low, found.high) == pytest.approx((2 * math.sqrt(9 / low), 2 * math.sqrt(9 / high)))


def test_one_value_has_no_deviation_and_equal_ones_have_0():
    one = seeding.spread([1.5])
    assert math.isnan(one.deviation)
    assert (one.deviation_interval.low, one.deviation_interval.high) == (0.0, math.inf)
    same = seeding.spread([1.5, 1.5])
    assert (same.deviation, same.deviation_interval.high, same.constant) == (0.0, 0.0, True)


def test_where_a_value_stands():
    found = seeding.place(2.0, [1.0, 2.0, 2.0, 3.0, 4.0])
    assert (found.below, found.equal, found.count, found.quantile) == (1, 2, 5, 0.4)
    assert (found.rank(largest=False), found.rank(largest=True)) == (2, 3)
    with pytest.raises(ValueError, match="at least one"):
        seeding.place(2.0, [])


def test_seeds_that_differences_need():
    usual = seeding.needs(0.1)
    assert [(each.deviations, each.seeds) for each in usual] == [(0.5, 63), (1.0, 16), (2.0, 4)]
    (asked,) = seeding.needs(0.1, [-0.1])
    assert (asked.difference, asked.seeds) == (0.1, 16)
    assert seeding.needs(0.0) == seeding.needs(math.nan) == ()


def test_shares_of_the_variance_with_all_varied():
    generator = np.random.default_rng(1)
    big, small = generator.normal(0, 2, 30), generator.normal(0, 1, 30)
    together = generator.normal(0, 2.5, 40)
    first, second = seeding.shares({"data": big, "init": small}, together)
    quotient = big.var(ddof=1) / together.var(ddof=1)
    assert (first.source, first.count, first.share) == ("data", 30, pytest.approx(quotient))
    assert second.deviation == pytest.approx(small.std(ddof=1))
    low, high = quotient / stats.f.ppf([0.975, 0.025], 29, 39)
    assert (first.interval.low, first.interval.high) == pytest.approx((low, high))


def test_shares_of_the_sum_where_nobody_varied_all():
    generator = np.random.default_rng(1)
    values = {"data": generator.normal(0, 2, 30), "init": generator.normal(0, 1, 30)}
    found = seeding.shares(values, None)
    assert sum(each.share for each in found) == pytest.approx(1)
    assert all(each.interval.low < each.share < each.interval.high for each in found)
    assert found[0].interval.high <= 1


def test_no_variance_has_no_shares():
    (found,) = seeding.shares({"data": [1.0, 1.0]}, [2.0, 2.0])
    assert math.isnan(found.share)
    assert found.deviation == 0
