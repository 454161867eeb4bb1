"""One suite for all kinds of sides: the same numbers, wherever they lie."""

import os
from contextlib import ExitStack

import numpy
import pytest

from ledger.compare.mapped import Stored, mapped
from ledger.compare.sides import AT_ONCE, ROW, HalfSides, Sides, StoredSides, widened

LENGTHS = [ROW - 1, ROW, 3 * ROW + 7, AT_ONCE * ROW, (AT_ONCE + 2) * ROW + 1]


def in_memory(stack, halves):
    return Sides(*(widened(each) for each in halves))


def stored(stack, halves):
    """In files, behind a header."""
    blocks = []
    for each in halves:
        number = os.memfd_create("numbers")
        stack.callback(os.close, number)
        os.pwrite(number, widened(each), 88)
        blocks.append(mapped(number, 88, 4 * len(each)))
    return StoredSides(
        *(numpy.frombuffer(each, "f4") for each in blocks), Stored(*(each.obj for each in blocks))
    )


def as_halves(stack, halves):
    return HalfSides(*halves)


@pytest.fixture(params=[in_memory, stored, as_halves])
def make(request):
    with ExitStack() as stack:
        yield lambda halves: request.param(stack, halves)


@pytest.fixture(params=LENGTHS)
def halves(request):
    random = numpy.random.default_rng(request.param)
    return [random.integers(0, 1 << 16, request.param, "<u2") for _ in range(2)]


def alike(pair, whole):
    """Whether two pairs are the same, NaNs by their bits."""
    return all(one.tobytes() == other.tobytes() for one, other in zip(pair, whole, strict=True))


def test_they_have_all_numbers(make, halves):
    sides, whole = make(halves), [widened(each) for each in halves]
    size = len(halves[0])
    assert (len(sides), sides.rows) == (size, size // ROW)
    assert alike(sides.numbers(0, size), whole)
    assert alike(sides.numbers(size - 3, size), [each[-3:] for each in whole])


def test_pieces_are_all_rows_in_order(make, halves):
    sides, whole = make(halves), [widened(each) for each in halves]
    at = 0
    for start, pair in sides.pieces():
        assert start * ROW == at
        assert {each.shape for each in pair} == {(min(AT_ONCE, sides.rows - start), ROW)}
        stop = at + pair[0].size
        assert alike(pair, [each[at:stop] for each in whole])
        at = stop
    assert at == sides.rows * ROW


def test_some_rows_are_those(make, halves):
    sides, whole = make(halves), [widened(each) for each in halves]
    if sides.rows:
        rows = numpy.unique([0, sides.rows // 2, sides.rows - 1])
        wanted = [each[: sides.rows * ROW].reshape(-1, ROW)[rows] for each in whole]
        assert alike(sides.some(rows), wanted)


def test_halves_widen_to_numbers_that_begin_with_their_bits():
    halves = numpy.array([0x3F80, 0xC000, 0x7F80, 0x0001], "<u2")
    assert widened(halves).tolist() == [1.0, -2.0, numpy.inf, 2.0**-133]
    into = numpy.empty(4, "f4")
    widened(halves, into)
    assert into.tolist() == widened(halves).tolist()
