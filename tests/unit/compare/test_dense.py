import math
from dataclasses import replace

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.compare.base import Tolerance
from ledger.compare.bounds import Known
from ledger.compare.closer import closer
from ledger.compare.dense import dense_single
from ledger.compare.numbers import Apart, apart, apart_halves
from ledger.compare.row_bounds import row_bounds
from ledger.compare.sides import ROW, HalfSides, Sides
from ledger.compare.ulps import most_ulps

EXACT = Tolerance()
ODD = [0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 3e38, -3e38, 1.0, -1.0, 2.0**-126, math.nan, -math.nan]
ODD += [math.inf, -math.inf]
FINITE = [each for each in ODD if math.isfinite(each)]
LENGTHS = st.sampled_from([1024, 4 * ROW + 7, 17 * ROW, 17 * ROW + 1, 33 * ROW + 2000])

SCALES = [(-44, 30), (-8, 2), (-44, 20)]
"""Powers of ten: of numbers, and of what others differ by, relatively and absolutely."""


@pytest.fixture(autouse=True, scope="module")
def parts_of_few_rows():
    """So that blocks of few rows have several parts."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("sides", "closer", "dense"):
            patch.setattr(f"ledger.compare.{module}.AT_ONCE", 5)
        yield


@st.composite
def pairs(draw, odd=FINITE):
    """Two arrays of many magnitudes that differ by little or much, with odd numbers here and there."""
    random = numpy.random.default_rng(draw(st.integers(0, 2**32)))
    size, spread = draw(LENGTHS), numpy.float32(draw(st.sampled_from([0, 1, 8])))
    scale, by, more = (numpy.float32(10.0 ** draw(st.integers(*each))) for each in SCALES)
    noise = [random.standard_normal(size, dtype="f4") for _ in range(4)]
    with numpy.errstate(all="ignore"):
        a = noise[0] * scale * numpy.exp(noise[1] * spread)
        a[~numpy.isfinite(a)] = 1
        b = a * (1 + noise[2] * by) + noise[3] * more
        b[~numpy.isfinite(b)] = -2
    if draw(st.booleans()):
        b = b[random.permutation(size)]
    if odd:
        for each in (a, b):
            places = random.integers(0, size, draw(st.sampled_from([0, 1, 20])))
            each[places] = random.choice(numpy.array(draw(st.lists(st.sampled_from(odd), min_size=1)), "f4"))
    same = random.random(size) < draw(st.sampled_from([0, 0.05, 0.5]))
    b[same] = a[same]
    return a, b


TOLERANCES = st.one_of(
    st.just(EXACT),
    st.builds(
        Tolerance,
        rtol=st.sampled_from([0, 1e-7, 1e-3, 0.5, 3, 1e9]),
        atol=st.sampled_from([0, 1e-40, 1e-9, 1e-5, 1, 1e30]),
    ),
)

KNOWN = st.sampled_from(
    [Known(), Known(1e-3, 1e-3, 9), Known(relative=math.inf), Known(ulp=2**20), Known(ulp=2**40)]
)


def by_hand(a, b, tolerance):
    """The same, number by number in double precision."""
    with numpy.errstate(all="ignore"):
        differ = ~((a == b) | ((a != a) & (b != b)))
        x, y = (each[differ].astype("f8") for each in (a, b))
        far = numpy.abs(y - x)
        far[numpy.isnan(far)] = math.inf
        relative = numpy.where((x == 0) | ~numpy.isfinite(x), math.inf, far / numpy.abs(x))
        near = numpy.isclose(y, x, tolerance.rtol, tolerance.atol)
    steps = [_steps(each[differ]) for each in (a, b)]
    outside = numpy.flatnonzero(differ)[~near]
    first = int((outside if len(outside) else numpy.flatnonzero(differ))[0]) if len(x) else None
    return Apart(
        absolute=float(far.max(initial=0)),
        relative=float(relative.max(initial=0)),
        ulp=int(numpy.abs(steps[1] - steps[0]).max(initial=0)) if numpy.isfinite([*x, *y]).all() else None,
        differing=len(x),
        outside=len(outside),
        compared=len(a),
        first=None if first is None else (a[first].item(), b[first].item()),
    )


def _steps(numbers):
    size = numbers.itemsize
    kind = "i8" if size < 8 else object  # i8 does not hold how far those may be apart
    bits = numbers.view(f"i{size}").astype(kind)
    return numpy.where(bits < 0, -(bits + 2 ** (8 * size - 1)), bits)


@settings(max_examples=60)
@given(pair=pairs(ODD), tolerance=TOLERANCES, shared=st.booleans())
def test_blocks_are_compared_as_number_by_number(pair, tolerance, shared):
    assert repr(apart(*pair, tolerance, shared=shared)) == repr(by_hand(*pair, tolerance))


@settings(max_examples=60)
@given(pair=pairs(), earlier=pairs(), tolerance=TOLERANCES)
def test_what_is_nearer_than_what_is_known_does_not_count(pair, earlier, tolerance):
    known = by_hand(*earlier, tolerance)
    found = known + apart(*pair, tolerance, known=known)
    assert repr(found) == repr(known + by_hand(*pair, tolerance))


@settings(max_examples=60)
@given(pair=pairs(ODD), earlier=pairs(), tolerance=TOLERANCES)
def test_halves_are_compared_as_the_numbers_that_they_stand_for(pair, earlier, tolerance):
    halves, before = ([each.view("<u2")[1::2].copy() for each in some] for some in (pair, earlier))
    known = apart_halves(*before, tolerance)
    for found, some, start in (
        (known, before, Apart()),
        (known + apart_halves(*halves, tolerance, known), halves, known),
    ):
        whole = by_hand(*(HalfSides.widened(each) for each in some), tolerance)
        whole = start + replace(whole, ulp=whole.ulp if whole.ulp is None else whole.ulp >> 16)
        assert repr(found) == repr(whole)


@settings(max_examples=30)
@given(pair=pairs(ODD), earlier=pairs(), tolerance=TOLERANCES, shift=st.sampled_from([0, 1e-9, 1e-16]))
def test_numbers_in_double_precision_are_compared_as_number_by_number(pair, earlier, tolerance, shift):
    some, before = ((a.astype("f8"), b.astype("f8") * (1 + shift)) for a, b in (pair, earlier))
    known = by_hand(*before, tolerance)
    assert repr(apart(*before, tolerance)) == repr(known)
    found = known + apart(*some, tolerance, known=known)
    assert repr(found) == repr(known + by_hand(*some, tolerance))


@settings(max_examples=60)
@given(pair=pairs(ODD), earlier=pairs(), tolerance=TOLERANCES, scale=st.sampled_from([0, 1, 20, 30]))
def test_numbers_in_half_precision_are_compared_as_number_by_number(pair, earlier, tolerance, scale):
    with numpy.errstate(all="ignore"):
        some, before = ([(each * 10.0**scale).astype("f2") for each in two] for two in (pair, earlier))
    halves = [[each.view("<u2") for each in two] for two in (before, some)]
    known = apart_halves(*halves[0], tolerance, dtype="<f2")
    assert repr(known) == repr(by_hand(*before, tolerance))
    found = known + apart_halves(*halves[1], tolerance, known, dtype="<f2")
    assert repr(found) == repr(known + by_hand(*some, tolerance))


@settings(max_examples=60)
@given(pair=pairs(), known=KNOWN, near=KNOWN)
def test_no_row_exceeds_its_bounds(pair, known, near):
    assume(len(pair[0]) >= ROW)
    a, b = (each[: len(each) // ROW * ROW].reshape(-1, ROW) for each in pair)
    sides = Sides(*pair)
    with numpy.errstate(all="ignore"):
        bounds = row_bounds(sides, EXACT, known)
        if bounds is None:
            assert not numpy.isfinite(b - a).all()
            return
        close = closer(sides, bounds, numpy.arange(len(a)), near)
    for row, (one, other) in enumerate(zip(a, b, strict=True)):
        exact = by_hand(one, other, EXACT)
        assert exact.absolute <= bounds.absolute[row]
        assert exact.relative <= bounds.relative[row]
        assert exact.ulp <= bounds.ulp[row]
        assert bounds.least[row] <= numpy.abs(one).min()
        assert close.ulp[row] <= bounds.ulp[row]
        assert exact.absolute <= close.absolute[row]
        assert exact.relative <= close.relative[row] <= bounds.relative[row]
        assert exact.ulp <= close.ulp[row]
    assert bounds.differing == numpy.count_nonzero(a != b)
    assert a.ravel()[: bounds.first].tolist() == b.ravel()[: bounds.first].tolist()


@pytest.mark.parametrize(("one", "other"), [(4e-6, -5e-6), (1e-6, 9e-6), (5.1e-6, 1e-40), (0.0, 1e-5)])
def test_a_single_pair_among_small_differences_is_found(one, other):
    random = numpy.random.default_rng(0)
    a = 1 + random.random(40 * ROW, dtype="f4")
    b = a + random.standard_normal(len(a), dtype="f4") * numpy.float32(1e-6)
    a[99_999], b[99_999] = one, other
    known = Known(absolute=1.0, relative=0.01, ulp=1000)
    with numpy.errstate(all="ignore"):
        found = dense_single(Sides(a, b), EXACT, known)
    exact = by_hand(a[99_999:100_000], b[99_999:100_000], EXACT)
    assert (found.relative, found.ulp) == (exact.relative, exact.ulp)
    assert found.ulp > known.ulp


def test_rows_are_skipped():
    random = numpy.random.default_rng(0)
    a = random.standard_normal(64 * ROW, dtype="f4")
    b = a + random.standard_normal(len(a), dtype="f4") * numpy.float32(1e-6)
    exact = by_hand(a, b, EXACT)
    known = Known(absolute=exact.absolute, relative=exact.relative, ulp=exact.ulp)
    bounds = row_bounds(Sides(a, b), EXACT, known)
    assert len(bounds.above(known, EXACT)) < 16
    assert len(bounds.above(Known(), EXACT)) == 64
    assert len(bounds.above(known, Tolerance(atol=exact.absolute * 2))) < 16


@pytest.mark.parametrize("share", [1e-6, -1e-6, 1e-3, -1e-3, 0.4, -0.4, -0.7, 2.0, -2.0])
@pytest.mark.parametrize("size", [1.0, -1.0, 1.9999999, 1e-39])
def test_a_single_pair_among_equal_ones_is_found(size, share):
    a = numpy.full(20 * ROW, size, "f4")
    b = a * numpy.float32(1 + share / 8)
    b[7 * ROW + 5] = size * (1 + share)
    exact = by_hand(a, b, EXACT)
    none = Known(absolute=math.inf, relative=math.inf, ulp=2**40)
    for field in ("absolute", "relative", "ulp"):
        known = none._replace(**{field: getattr(exact, field) * 0.9})
        with numpy.errstate(all="ignore"):
            assert getattr(dense_single(Sides(a, b), EXACT, known), field) == getattr(exact, field)
    for tolerance in (Tolerance(rtol=abs(share) * 0.9), Tolerance(atol=exact.absolute * 0.9)):
        with numpy.errstate(all="ignore"):
            found = dense_single(Sides(a, b), tolerance, none)
        assert (found.outside, found.first, found.differing) == (1, 7 * ROW + 5, exact.differing)


def test_what_is_not_finite_in_a_large_block_is_counted_in_parts():
    random = numpy.random.default_rng(0)
    a = random.standard_normal((1 << 21) + 9, dtype="f4")
    b = a + numpy.float32(1e-3)
    b[[5, 1 << 20, -1]] = [math.nan, math.inf, -math.inf]
    a[[5, 6]] = math.nan
    assert repr(apart(a, b, EXACT, shared=True)) == repr(by_hand(a, b, EXACT))
    halves = [each.view("<u2")[1::2].copy() for each in (a, b)]
    assert repr(apart_halves(*halves, EXACT)) == repr(
        by_hand(*(HalfSides.widened(each) for each in halves), EXACT)
    )


@pytest.mark.parametrize("tolerance", [EXACT, Tolerance(rtol=1e-3)])
def test_the_first_pair_may_be_in_a_late_row(tolerance):
    a = 1 + numpy.random.default_rng(0).random(40 * ROW, dtype="f4")
    b = a * numpy.float32(1.0001)
    b[: 22 * ROW + 9] = a[: 22 * ROW + 9]
    b[31 * ROW + 8] = a[31 * ROW + 8] * numpy.float32(1.01)
    assert repr(apart(a, b, tolerance)) == repr(by_hand(a, b, tolerance))


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), smaller=st.integers(0, 6))
def test_what_is_farther_only_by_its_sign_or_relatively_is_found_in_a_later_block(seed, smaller):
    random = numpy.random.default_rng(seed)
    a = random.standard_normal(40 * ROW, dtype="f4")
    b = a + random.standard_normal(len(a), dtype="f4") * numpy.float32(1e-6)
    known = by_hand(numpy.array([1.0, 1e-6], "f4"), numpy.array([2.0, -1e-6], "f4"), EXACT)
    place = int(random.integers(len(a)))
    a[place], b[place] = numpy.float32(10.0**-smaller) * numpy.array([1e-6, -1e-5], "f4")
    assert repr(known + apart(a, b, EXACT, known=known)) == repr(known + by_hand(a, b, EXACT))


def test_rows_that_differ_in_proportion_are_skipped_after_a_closer_look():
    random = numpy.random.default_rng(0)
    a = random.standard_normal(64 * ROW, dtype="f4")
    b = a * (1 + random.standard_normal(len(a), dtype="f4") * numpy.float32(1e-4))
    sides, exact = Sides(a, b), by_hand(a, b, EXACT)
    known = Known(absolute=exact.absolute, relative=exact.relative, ulp=exact.ulp)
    bounds = row_bounds(sides, EXACT, Known(relative=math.inf))  # whatever there is, it is near enough
    assert len(bounds.above(known, EXACT)) > 60
    close = closer(sides, bounds, numpy.arange(4, 64), Known())
    assert len(close.relative) == 60
    assert len(close.above(known, EXACT)) < 4
    assert len(close.above(known, Tolerance(rtol=exact.relative * 1.01))) < 4
    with numpy.errstate(divide="ignore"):
        at_once = row_bounds(sides, EXACT, Known())
    assert len(at_once.above(known, EXACT)) < 4
    assert at_once.relative[4:].tolist() == close.relative.tolist()
    assert at_once.least.tolist() == [*numpy.abs(a[: 5 * ROW]).reshape(-1, ROW).min(axis=1), *[0] * 59]


@pytest.mark.parametrize("size", [1.0, 1.0000001, 1.5, 1.9999999, 2.0**-126, 2.0**-127, 1e-44, -1.25])
@pytest.mark.parametrize("share", [1e-7, 0.1, 0.25, 0.48, -0.1, -0.25, -0.48])
def test_no_numbers_are_farther_apart_than_their_relative_difference_allows(size, share):
    one = numpy.array([size], "f4")
    exact = by_hand(one, one * numpy.float32(1 + share), EXACT)
    most = most_ulps(numpy.array([exact.relative]))[0]
    assert exact.ulp <= most < math.inf
    assert most_ulps(numpy.array([0.5])) == math.inf  # from 1 to 1/2, and beyond
    for dtype in ("f2", "f8"):
        one = numpy.array([size], dtype)
        with numpy.errstate(all="ignore"):
            exact = by_hand(one, one * numpy.array(1 + share, dtype), EXACT)
        assert exact.ulp <= most_ulps(exact.relative, dtype)


def test_units_are_not_counted_where_there_cannot_be_more(monkeypatch):
    random = numpy.random.default_rng(0)
    a = 1 + random.random(40 * ROW, dtype="f4")
    b = a * (1 + random.standard_normal(len(a), dtype="f4") * numpy.float32(1e-4))
    most = by_hand(a, b, EXACT).ulp
    rows = numpy.arange(40)
    for known, counted in ((0, True), (4 * most, False)):
        bounds = row_bounds(Sides(a, b), EXACT, Known(relative=math.inf))
        close = closer(Sides(a, b), bounds, rows, Known(ulp=known))
        by_row = [by_hand(*(each[row * ROW : (row + 1) * ROW] for each in (a, b)), EXACT).ulp for row in rows]
        assert (close.ulp == by_row).any() == counted
        assert (close.ulp >= by_row).all()
        assert len(close.above(Known(math.inf, math.inf, known), EXACT)) == (len(rows) if counted else 0)


@pytest.mark.parametrize("size", [1 << 10, 1 << 17])
def test_zeros_of_two_signs_in_halves_are_no_first_pair(size):
    zeros = numpy.zeros(size, "<u2"), numpy.full(size, 0x8000, "<u2")
    same = apart_halves(*zeros, EXACT)
    assert same == Apart(compared=size)
    near = Tolerance(rtol=0, atol=1)
    one, other = numpy.full(size, 0x3F80, "<u2"), numpy.full(size, 0x3F81, "<u2")
    assert (same + apart_halves(one, other, near)).first == (1.0, 1.0078125)
