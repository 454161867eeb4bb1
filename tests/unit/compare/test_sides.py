"""One suite for all kinds of sides: the same numbers, wherever they lie."""

import os
from contextlib import ExitStack

import numpy
import pytest

from ledger.compare.mapped import Stored, mapped
from ledger.compare.sides import AT_ONCE, ROW, HalfPrecisionSides, HalfSides, Sides, StoredSides

LENGTHS = [ROW - 1, ROW, 3 * ROW + 7, AT_ONCE * ROW, (AT_ONCE + 2) * ROW + 1]


def in_memory(stack, halves):
    return Sides(*(HalfSides.widened(each) for each in halves))


def stored(stack, halves):
    """In files, behind a header."""
    blocks = []
    for each in halves:
        number = os.memfd_create("numbers")
        stack.callback(os.close, number)
        os.pwrite(number, HalfSides.widened(each), 88)
        blocks.append(mapped(number, 88, 4 * len(each)))
    return StoredSides(
        *(numpy.frombuffer(each, "f4") for each in blocks), Stored(*(each.obj for each in blocks))
    )


def as_halves(stack, halves):
    return HalfSides(*halves)


def in_half_precision(stack, halves):
    return HalfPrecisionSides(*halves)


@pytest.fixture(params=[in_memory, stored, as_halves, in_half_precision])
def make(request):
    """Makes sides of halves; and what the numbers of these are."""
    widened = of_half_precision if request.param is in_half_precision else HalfSides.widened
    with ExitStack() as stack:
        yield lambda halves: (request.param(stack, halves), [widened(each) for each in halves])


def of_half_precision(halves):
    return halves.view("<f2").astype("f4")


@pytest.fixture(params=LENGTHS)
def halves(request):
    """All that there are, infinite ones among them; or those that are finite in half precision."""
    random = numpy.random.default_rng(request.param)
    return [random.integers(0, 1 << 16, request.param, "<u2") & most for most in (0xFFFF, 0xFBFF)]


def alike(pair, whole):
    """Whether two pairs are the same, NaNs by their bits."""
    return all(one.tobytes() == other.tobytes() for one, other in zip(pair, whole, strict=True))


def test_they_have_all_numbers(make, halves):
    sides, whole = make(halves)
    size = len(halves[0])
    assert (len(sides), sides.rows) == (size, size // ROW)
    assert alike(sides.numbers(0, size), whole)
    assert alike(sides.numbers(size - 3, size), [each[-3:] for each in whole])


def test_pieces_are_all_rows_in_order(make, halves):
    sides, whole = make(halves)
    at = 0
    for start, pair in sides.pieces():
        assert start * ROW == at
        assert {each.shape for each in pair} == {(min(AT_ONCE, sides.rows - start), ROW)}
        stop = at + pair[0].size
        assert alike(pair, [each[at:stop] for each in whole])
        at = stop
    assert at == sides.rows * ROW


def test_some_rows_are_those(make, halves):
    sides, whole = make(halves)
    if sides.rows:
        rows = numpy.unique([0, sides.rows // 2, sides.rows - 1])
        wanted = [each[: sides.rows * ROW].reshape(-1, ROW)[rows] for each in whole]
        assert alike(sides.some(rows), wanted)


def test_halves_widen_to_numbers_that_begin_with_their_bits():
    halves = numpy.array([0x3F80, 0xC000, 0x7F80, 0x0001], "<u2")
    assert HalfSides.widened(halves).tolist() == [1.0, -2.0, numpy.inf, 2.0**-133]
    into = numpy.empty(4, "f4")
    HalfSides.widened(halves, into)
    assert into.tolist() == HalfSides.widened(halves).tolist()


def test_all_numbers_in_half_precision_are_what_numpy_says():
    halves = numpy.arange(1 << 16, dtype="<u2")
    finite = halves[numpy.isfinite(halves.view("<f2"))]
    for each in (finite, halves, finite[:0]):
        found = HalfPrecisionSides.widened(each)
        assert found.tobytes() == of_half_precision(each).tobytes()


def test_units_are_those_of_what_is_stored():
    numbers = [numpy.array(each, "f4") for each in ([1.0, 2.0**-24, 3.0], [1.0 + 2.0**-9, -(2.0**-24), 3.0])]
    halves = [each.astype("f2").view("<u2") for each in numbers]
    assert HalfPrecisionSides(*halves).ulps(*numbers) == 2 << 13
    assert Sides(*numbers).ulps(*(each[:1] for each in numbers)) == 2 << 13
    assert Sides(*numbers).ulps(*numbers) > 1 << 30
