import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ledger.compare.base import Tolerance
from ledger.compare.numbers import BFLOAT16, Apart, apart, of_bytes, spare_bits

EXACT = Tolerance()
DTYPES = ["<f2", "<f4", "<f8", ">f4", ">f8", "<c8", "<c16", "|i1", "<i4", "<i8", ">i8", "<u8", "|u1", "|b1"]
TOLERANCES = st.builds(Tolerance, rtol=st.floats(0, 2), atol=st.floats(0, 2))


@st.composite
def pairs(draw, dtypes=DTYPES):
    dtype = numpy.dtype(draw(st.sampled_from(dtypes)))
    a = draw(npst.arrays(dtype, st.integers(1, 40)))
    b = a.copy()
    other = draw(npst.arrays(dtype, len(a)))
    where = draw(npst.arrays(bool, len(a)))
    b[where] = other[where]
    return a, b


@given(pair=pairs(), tolerance=TOLERANCES)
def test_it_is_near_where_isclose_says_so_in_double_precision(pair, tolerance):
    a, b = pair
    found = apart(a, b, tolerance)
    assert found.compared == len(a)
    with numpy.errstate(all="ignore"):
        same = (a == b) | ((a != a) & (b != b))
    assert found.differing == len(a) - numpy.count_nonzero(same)
    if a.dtype.kind in "fc":
        wide = "c16" if a.dtype.kind == "c" else "f8"
        a, b = a.astype(wide), b.astype(wide)
        with numpy.errstate(all="ignore"):
            near = numpy.isclose(b, a, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True)
        assert found.outside == len(a) - numpy.count_nonzero(near)
    assert (found.first is None) == (found.differing == 0)


def by_hand(a, b):
    absolute, relative = [0.0], [0.0]
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        if x == y or (x != x and y != y):
            continue
        far = abs(y - x)
        absolute.append(math.inf if math.isnan(far) else far)
        relative.append(far / abs(x) if x and math.isfinite(x) and math.isfinite(far) else math.inf)
    return max(absolute), max(relative)


@given(pair=pairs(["<f2", "<f4", ">f4", "<f8"]))
def test_distances_are_those_of_single_numbers(pair):
    found = apart(*pair, EXACT)
    assert (found.absolute, found.relative) == by_hand(*pair)


SEEDS = st.integers(0, 2**32)


@given(
    seed=SEEDS, odd=st.sampled_from([None, math.nan, math.inf, 0.0, -0.0, 1e-45, 3e38]), tolerance=TOLERANCES
)
def test_many_that_differ_come_out_as_one_by_one(seed, odd, tolerance):
    random = numpy.random.default_rng(seed)
    a = random.standard_normal(5000, dtype="f4")
    b = a + random.standard_normal(5000, dtype="f4") * numpy.float32(10.0 ** random.integers(-7, 2))
    if odd is not None:
        a[random.integers(0, 5000, 50)] = odd
        b[random.integers(0, 5000, 50)] = odd
    b[::7] = a[::7]
    found = apart(a, b, tolerance)
    with numpy.errstate(all="ignore"):
        assert (found.absolute, found.relative) == by_hand(a.astype("f8"), b.astype("f8"))
        near = numpy.isclose(b.astype("f8"), a.astype("f8"), tolerance.rtol, tolerance.atol, equal_nan=True)
    assert found.outside == 5000 - numpy.count_nonzero(near)
    one_by_one = sum((apart(a[n : n + 500], b[n : n + 500], tolerance) for n in range(0, 5000, 500)), Apart())
    assert repr(found) == repr(one_by_one)  # NaN is not equal to itself


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4"])
@given(data=st.data(), steps=st.integers(1, 50), up=st.booleans())
def test_units_in_the_last_place_are_steps_to_the_next_number(dtype, data, steps, up):
    start = data.draw(npst.from_dtype(numpy.dtype(dtype), allow_nan=False, allow_infinity=False))
    a = numpy.array([start], dtype)
    b = a.copy()
    for _ in range(steps):
        with numpy.errstate(over="ignore"):
            b = numpy.nextafter(b, numpy.array(math.inf if up else -math.inf, dtype)).astype(dtype)
    if numpy.isfinite(b[0]) and not numpy.signbit(a[0]) ^ numpy.signbit(b[0]):
        assert apart(a, b, EXACT).ulp == steps


@given(number=st.floats(-1e300, 1e300), steps=st.integers(1, 5))
def test_units_of_python_numbers(number, steps):
    other = number
    for _ in range(steps):
        other = math.nextafter(other, math.inf)
    found = Apart.of_values(number, other, EXACT)
    assert found.ulp == steps
    assert (found.absolute, found.compared) == (other - number, 1)


def test_a_unit_is_the_spacing():
    a = numpy.array([1.0, 1e10, 3e-5], "f4")
    assert apart(a, a + numpy.spacing(a), EXACT).ulp == 1


def test_those_of_bfloat16_are_its_own():
    a, b = (numpy.array(bits, "<u2").tobytes() for bits in ([0x3F80, 0x8000], [0x3F83, 0x0000]))
    found = apart(of_bytes(a, BFLOAT16), of_bytes(b, BFLOAT16), EXACT, spare=spare_bits(BFLOAT16))
    assert (found.ulp, found.differing, found.absolute) == (3, 1, 3 / 128)
    many = numpy.full(4000, 0x3F80, "<u2")
    more = [of_bytes(each.tobytes(), BFLOAT16) for each in (many, many + numpy.uint16(2))]
    assert apart(*more, EXACT, spare=16).ulp == 2


def test_zeros_are_equal_and_so_are_nans_in_one_place():
    a = numpy.array([0.0, -0.0, math.nan, math.inf])
    assert apart(a, numpy.array([-0.0, 0.0, -math.nan, math.inf]), EXACT) == Apart(compared=4)
    found = apart(a, numpy.array([0.0, 0.0, 1.0, -math.inf]), Tolerance(rtol=9, atol=9))
    assert (found.outside, found.absolute, found.relative, found.ulp) == (2, math.inf, math.inf, None)


@pytest.mark.parametrize(
    ("a", "b", "absolute"),
    [
        (numpy.array([-(2**63)]), numpy.array([2**63 - 1]), float(2**64 - 1)),
        (numpy.array([0], "u8"), numpy.array([2**64 - 1], "u8"), float(2**64 - 1)),
        (numpy.array([-1], "i8"), numpy.array([2**64 - 1], "u8"), 2.0**64),
        (numpy.array([5], "i8"), numpy.array([2**64 - 1], "u8"), float(2**64 - 6)),
        (numpy.array([2**53], "i8"), numpy.array([2**53 + 1], "i8"), 1.0),
        (numpy.array([True]), numpy.array([False]), 1.0),
        (numpy.array([-128], "i1"), numpy.array([127], "i1"), 255.0),
    ],
)
def test_whole_numbers_do_not_overflow(a, b, absolute):
    for one, other in ((a, b), (b, a)):
        found = apart(one, other, EXACT)
        assert (found.absolute, found.outside, found.ulp) == (absolute, 1, None)


@pytest.mark.parametrize(("expected", "got"), [(10**400, 10**400 + 1), (2**60, 2**60 + 1), (1, 1.5)])
def test_whole_numbers_of_any_size(expected, got):
    found = Apart.of_values(expected, got, EXACT)
    assert (found.outside, found.first, found.ulp) == (1, (expected, got), None)


@pytest.mark.parametrize("dtype", ["|i1", "|u1", "<i2", ">u2", "<i4", "<u4", "<i8", ">i8", "<u8"])
@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("tolerance", [EXACT, Tolerance(rtol=0.5, atol=1)])
def test_many_whole_numbers_are_compared_as_python_does(dtype, least, tolerance):
    random = numpy.random.default_rng(0)
    kind = numpy.dtype(dtype)
    for most in (1 << 7, 1 << 52, (1 << 62) + 1):  # those of 64 bits: all, or not all, in double precision
        low, high = max(numpy.iinfo(kind).min, -most), min(numpy.iinfo(kind).max, most)
        a, b = (random.integers(low, high, 70_000, endpoint=True).astype(kind) for _ in range(2))
        a[:5000] = b[:5000] = 3
        a[a == 0] = least
        a[60_000:] = b[60_000:]
        found = apart(a, b, tolerance)
        assert (found.absolute, found.relative) == pytest.approx(by_hand(a, b), rel=1e-15, abs=0)
        differ = [(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True) if x != y]
        outside = [each for each in differ if not tolerance.allows(*each)]
        assert (found.differing, found.outside, found.ulp) == (len(differ), len(outside), None)
        assert found.first == outside[0]
        assert all(isinstance(each, int) for each in found.first)
