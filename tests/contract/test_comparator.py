"""What every comparator promises, whatever its media type: run it over all of them."""

import io
import math
import resource

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare import registry
from ledger.compare.base import Tolerance

EXACT = Tolerance()
COMPARATORS = {"": registry.find(""), **registry.COMPARATORS}
every = pytest.mark.parametrize(
    "compare", COMPARATORS.values(), ids=[each or "default" for each in COMPARATORS]
)


@every
@given(content=st.binary())
def test_equal_bytes_are_exact_and_need_no_detail(compare, content):
    result = compare(io.BytesIO(content), io.BytesIO(content), EXACT)
    assert (result.same, result.exact, result.detail) == (True, True, None)


@every
@given(expected=st.binary(), got=st.binary())
def test_other_bytes_are_never_exact_and_have_a_detail(compare, expected, got):
    result = compare(io.BytesIO(expected), io.BytesIO(got), EXACT)
    assert result.exact is (expected == got)
    assert (result.detail is None) is result.exact
    assert result.same or not result.exact


@every
@given(expected=st.binary(), got=st.binary())
def test_both_ways_round_say_the_same(compare, expected, got):
    one = compare(io.BytesIO(expected), io.BytesIO(got), EXACT)
    other = compare(io.BytesIO(got), io.BytesIO(expected), EXACT)
    assert (one.same, one.exact) == (other.same, other.exact)


class Zeros(io.RawIOBase):
    """A content that no memory holds."""

    def __init__(self, size, end=b""):
        self.left, self.end = size, end

    def read(self, size=-1):
        count = min(size, self.left)
        self.left -= count
        if count == 0:
            count, self.end = self.end, b""
            return count
        return bytes(count)


@every
def test_memory_is_bounded(compare):
    size = 600 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = compare(Zeros(size), Zeros(size, b"x"), EXACT)
    assert not result.same
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # kB


VALUES = st.floats(min_value=-100, max_value=100) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(expected=VALUES, got=VALUES, rtol=st.floats(0, 2), atol=st.floats(0, 2))
def test_a_tolerance_is_that_of_numpy(expected, got, rtol, atol):
    near = numpy.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    assert Tolerance(rtol=rtol, atol=atol).allows(expected, got) == near
