import math

import pytest

from ledger.compare.account import Account
from ledger.compare.base import Tolerance
from ledger.compare.numbers import Apart


def test_nothing_that_differs_is_the_same():
    found = Account(Tolerance()).comparison()
    assert (found.same, found.exact, found.detail, found.distance) == (
        True,
        False,
        "the values are the same",
        None,
    )


def test_what_is_ignored_is_said():
    account = Account(Tolerance())
    account.ignore("time stamps")
    account.ignore("order")
    account.ignore("order")
    assert account.comparison().detail == "only time stamps and order differ"


def test_numbers_within_the_tolerance_are_the_same_and_measured():
    account = Account(Tolerance(atol=0.5))
    account.values("a", 1.0, 1.25)
    account.values("b", 1.0, 1.125)
    account.values("c", math.nan, math.nan)
    found = account.comparison()
    assert found.same
    assert found.detail == "within rtol 0, atol 0.5: a: 1.0 and 1.25; 1 more"
    assert (found.distance.absolute, found.distance.differing, found.distance.compared) == (0.25, 2, 3)


@pytest.mark.parametrize(("expected", "got"), [(True, 1), ("1", 1), (None, 0), (b"a", "a"), ("a", "b")])
def test_other_values_are_shown_and_have_no_distance(expected, got):
    account = Account(Tolerance(atol=9))
    account.values("a", 1.0, 1.5)
    account.values("b", expected, got)
    found = account.comparison()
    assert (found.same, found.distance) == (False, None)
    assert found.detail == f"b: {expected!r} and {got!r}"


def test_the_first_are_told_and_the_others_counted():
    account = Account(Tolerance())
    for place in range(20_000):
        account.values(f"p{place}", 1, 2)
    found = account.comparison()
    assert found.detail == "p0: 1 and 2; p1: 1 and 2; p2: 1 and 2; 9998 more"
    assert found.distance.differing == 20_000


def test_an_account_of_what_lies_inside_is_included_at_its_place():
    account, inner = Account(Tolerance()), Account(Tolerance())
    inner.add("", Apart(compared=5))
    inner.values("x", 1.0, 2.0)
    inner.only("y", first=True)
    inner.ignore("order")
    account.include("member", inner)
    found = account.comparison()
    assert found.detail == "member.y: only the first has it; member.x: 1.0 and 2.0"
    assert account.inner().depth == 1
    account.include("other", inner)
    assert account.comparison().detail.endswith("1 more")


def test_all_places_that_count_are_known():
    account = Account(Tolerance(atol=0.5))
    account.values("near", 1.0, 1.25)
    account.values("far", 1.0, 2.0)
    account.differ("odd", "a and b")
    inner = account.inner()
    inner.values("deep", 1.0, 9.0)
    inner.only("gone", first=True)
    account.include("member", inner)
    assert account.comparison().places == ("odd", "member.gone", "far", "member.deep")


def test_where_too_many_places_differ_none_is_named():
    account = Account(Tolerance())
    for number in range(10_002):
        account.differ(f"place {number}", "")
    assert account.comparison().places == ()
