import os
from contextlib import contextmanager

import numpy
import pytest
from hypothesis import given, settings

from ledger.compare import mapped as module
from ledger.compare.account import Account
from ledger.compare.array import Array, held
from ledger.compare.base import Tolerance, Unfit
from ledger.compare.leaves import compare_leaves
from ledger.compare.mapped import Stored, mapped
from ledger.compare.numbers import apart
from ledger.compare.parts import items_at
from tests.unit.compare.test_dense import ODD, TOLERANCES, by_hand, pairs

BEFORE = 88
"""Bytes of a file before its numbers, as a header takes them."""


@contextmanager
def files(*contents):
    """Descriptors of files with these contents behind a header."""
    opened = [os.memfd_create("numbers") for _ in contents]
    try:
        for number, content in zip(opened, contents, strict=True):
            os.pwrite(number, bytes(content), BEFORE)
        yield opened
    finally:
        for number in opened:
            os.close(number)


def blocks(opened, sizes):
    return [mapped(number, BEFORE, size) for number, size in zip(opened, sizes, strict=True)]


@settings(max_examples=30)
@given(pair=pairs(ODD), tolerance=TOLERANCES)
def test_what_is_read_is_compared_as_number_by_number(pair, tolerance):
    with files(*pair) as opened:
        sides = blocks(opened, [each.nbytes for each in pair])
        stored = Stored(*(each.obj for each in sides))
        found = apart(*(numpy.frombuffer(each, "f4") for each in sides), tolerance, stored=stored)
    assert repr(found) == repr(by_hand(*pair, tolerance))


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2", "bfloat16", "<i4"])
def test_files_are_compared_as_what_lies_in_memory(monkeypatch, dtype, small):
    asked = []
    monkeypatch.setattr(module, "_in_small_steps", lambda _: asked.append(small) or small)
    random = numpy.random.default_rng(0)
    kind, shape = ("<u2" if dtype == "bfloat16" else dtype), ((1 << 20) + 4099,)
    a = random.standard_normal(shape[0]) * 1000
    b = a + random.standard_normal(shape[0])
    contents = [each.astype("f4").astype(kind).tobytes() for each in (a, b)]
    accounts = [Account(Tolerance(rtol=1e-2)) for _ in range(2)]
    compare_leaves("x", *(held(each, dtype, shape) for each in contents), accounts[0])
    with files(*contents) as opened:
        sides = [os.fdopen(number, "rb", closefd=False) for number in opened]
        size = numpy.dtype(kind).itemsize
        arrays = [
            Array(dtype=dtype, shape=shape, blocks=lambda file=file: items_at(file, BEFORE, shape[0], size))
            for file in sides
        ]
        compare_leaves("x", *arrays, accounts[1])
    assert accounts[1].comparison() == accounts[0].comparison()
    assert accounts[0].comparison().distance.differing > shape[0] // 2
    assert bool(asked) is (dtype == "<f4")


def test_only_two_mapped_blocks_are_read(monkeypatch):
    monkeypatch.setattr(module, "_in_small_steps", lambda _: True)
    content = numpy.arange(5000, dtype="f4").tobytes()
    with files(content, content) as opened:
        sides = blocks(opened, [len(content)] * 2)
        assert bytes(sides[0]) == content
        assert Stored.of(*sides)
        assert Stored.of(content, sides[1]) is None
        assert Stored.of(sides[0], memoryview(content)) is None
        assert Stored.of(*(each[4:] for each in sides)) is None  # where these begin is not known


def test_whether_a_block_is_read_is_told_by_how_it_is_mapped(tmp_path):
    content = os.urandom(4 << 20)
    (tmp_path / "numbers").write_bytes(content)
    number = os.open(tmp_path / "numbers", os.O_RDONLY)
    try:
        block = mapped(number, 0, len(content))
        module._in_small_steps(block)
        assert module._in_small_steps(block) is False  # each of its pages is mapped by now
    finally:
        os.close(number)


def test_a_file_that_became_shorter_ends_early():
    numbers = numpy.ones(5000, "f4")
    with files(numbers, numbers) as opened:
        stored = Stored(*(each.obj for each in blocks(opened, [numbers.nbytes] * 2)))
        into = numpy.empty((2, 5000), "f4")
        stored.read(0, *into)
        assert (into == 1).all()
        os.ftruncate(opened[1], BEFORE + 100)
        with pytest.raises(Unfit, match="ends early"):
            stored.read(0, *into)
