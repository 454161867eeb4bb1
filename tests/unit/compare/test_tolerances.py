import math

from hypothesis import given
from hypothesis import strategies as st

from ledger.compare.base import Distance, Tolerance
from ledger.compare.tolerances import narrowest, widest


def distance(expected, got):
    absolute = abs(got - expected)
    relative = absolute / abs(expected) if expected else math.inf
    return Distance(absolute=absolute, relative=relative, ulp=None, differing=1, compared=1)


def test_numbers_near_0_ask_for_no_more_than_they_differ_by():
    found = narrowest([distance(0.0, 1e-12), distance(1e6, 1e6 + 10)])
    assert found.atol == 1e-12
    assert 1e-5 <= found.rtol < 1.0001e-5


def test_what_is_no_finite_amount_asks_for_nothing():
    assert narrowest([distance(1.0, math.inf)]) == narrowest([]) == widest([]) == Tolerance()


def test_the_widest_of_some():
    tolerances = [Tolerance(rtol=1.0, atol=2.0), Tolerance(rtol=3.0), Tolerance(atol=1.0)]
    assert widest(tolerances) == Tolerance(rtol=3.0, atol=2.0)


NUMBERS = st.floats(-1e100, 1e100)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_what_was_seen_is_within(pairs):
    found = narrowest(distance(*each) for each in pairs)
    assert all(found.allows(*each) for each in pairs)
