import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare.base import Tolerance
from ledger.compare.texts import text


def compare(expected, got):
    return text.compare_masked(io.BytesIO(expected), io.BytesIO(got))


def test_the_same_is_exact():
    assert (compare(b"a\nb", b"a\nb").same, compare(b"a\nb", b"a\nb").exact) == (True, True)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b"2026-01-31 12:00:00 start", b"2027-12-01 01:59:59 start"),
        (b"2026-01-31T12:00:00.123Z", b"2027-12-01T01:59:59.9+01:00"),
        (b"took 1.25 s", b"took 10.5 s"),
        (b"12ms/step", b"9ms/step"),
        (b"3.5it/s", b"120.25it/s"),
        (b"[00:12<00:03]", b"[00:14<00:02]"),
        (b"<object at 0x7f1234567890>", b"<object at 0x7fffffffffff>"),
        ("3 µs".encode(), "41 µs".encode()),
        (b"[pid 24685] pid=7 PID: 31", b"[pid 1] pid=123456 PID: 9"),
    ],
)
def test_what_the_clock_wrote_is_masked(expected, got):
    result = compare(b"x\n" + expected, b"x\n" + got)
    assert (result.same, result.exact, result.detail) == (True, False, "only clock text differs")


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (b"loss 0.5", b"loss 0.6", "they part at line 1"),
        (b"a\nb\nc", b"a\nb\nd", "they part at line 3"),
        (b"a\nb", b"a", "one of them ends before line 2"),
        (b"took 1.25 s, loss 0.5", b"took 1.25 s, loss 0.6", "they part at line 1"),
        (b"step 3", b"step 4", "they part at line 1"),
        (b"version 1.2", b"version 1.3", "they part at line 1"),
        (b"5 sheep", b"6 sheep", "they part at line 1"),
        (b"\xff", b"\xfe", "they part at line 1"),
    ],
)
def test_everything_else_counts(expected, got, detail):
    result = compare(expected, got)
    assert (result.same, result.exact, result.detail) == (False, False, detail)


def test_what_is_too_long_is_left_to_its_digest(monkeypatch):
    monkeypatch.setattr(text, "_MOST", 10)
    assert compare(b"x" * 11, b"y").detail == "too long to compare by line"


def test_a_long_row_of_digits_takes_no_time():
    digits = b"1" * 300_000
    assert not compare(digits + b" a", digits + b" b").same


MODEL = b"""tree
version=v4
feature_names=a b
Tree=0
num_leaves=3
split_gain=%s 0.25
threshold=0.5 1.0000000180025095e-35
leaf_value=-0.13 0.125 %s
shrinkage=0.1
"""


def content(expected, got, **tolerance):
    return text.compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def test_numbers_of_a_model_are_compared_within_the_tolerance():
    one, other = MODEL % (b"2.5", b"4"), MODEL % (b"2.5000001", b"4")
    apart, near = content(one, other), content(one, other, rtol=1e-6)
    assert not apart.same
    assert apart.detail.startswith("line 6: 1 of 2 numbers differ, by up to 1e-07")
    assert near.same
    assert near.detail.startswith("within rtol 1e-06, atol 0: line 6: ")
    assert near.distance.differing == 1
    assert near.distance.absolute == pytest.approx(1e-7)


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (b"a\nsaid yes\n", b"a\nsaid no\n", "line 2: 'said yes' and 'said no'"),
        (b"v1.2.3", b"v1.2.4", "line 1: 'v1.2.3' and 'v1.2.4'"),
        (b"1.2.3", b"1.2.4", "line 1: '1.2.3' and '1.2.4'"),
        (b"x1", b"x2", "line 1: 'x1' and 'x2'"),
        (b"a 1", b"a 1 2", "line 1: 'a 1' and 'a 1 2'"),
        (b"a\nb", b"a", "line 2: only the first goes on"),
        (b"a", b"a\nb\n", "line 2: only the second goes on"),
        (b"\xff", b"\xfe", "line 1: '\ufffd' and '\ufffd'"),
        (
            b"a\nb\nc\nd\n",
            b"A\nB\nC\nD\n",
            "line 1: 'a' and 'A'; line 2: 'b' and 'B'; line 3: 'c' and 'C'; 1 more",
        ),
    ],
)
def test_what_is_no_number_counts_whatever_the_tolerance(expected, got, detail):
    result = content(expected, got, rtol=1, atol=100)
    assert (result.same, result.detail) == (False, detail)


@pytest.mark.parametrize(
    ("expected", "got", "what"),
    [
        (b"took 1.25 s\n", b"took 2 s\n", "clock texts"),
        (b"<A at 0x7f1234567890>", b"<A at 0x7f1234567899>", "clock texts"),
        (b"a\r\nb\r\n", b"a\nb\n", "line ends"),
        (b"a\nb", b"a\nb\n", "line ends"),
        (b"at 12:30:00\r\n", b"at 12:31:00\n", "line ends and clock texts"),
    ],
)
def test_what_the_clock_wrote_and_line_ends_do_not_count(expected, got, what):
    result = content(expected, got)
    assert (result.same, result.exact, result.detail) == (True, False, f"only {what} differ")


def test_a_clock_beside_a_number_is_masked_alone():
    assert content(b"took 1 s, loss 0.5", b"took 2 s, loss 0.500001", atol=1e-5).same
    assert not content(b"took 1 s, loss 0.5", b"took 2 s, loss 0.6", atol=1e-5).same


def test_what_is_no_text_is_compared_as_bytes():
    result = content(b"a\0b", b"a\0c", atol=9)
    assert result.detail == "bytes differ from offset 2 on (compared as bytes: no text: a NUL in line 1)"


@given(st.lists(st.floats(allow_nan=True, width=32)), st.randoms())
def test_a_spelling_of_the_same_numbers_is_the_same(numbers, random):
    spellings = [repr, "{:.17g}".format, "{:+.20e}".format]
    one, other = (" ".join(random.choice(spellings)(each) for each in numbers).encode() for _ in range(2))
    assert content(one, other).same


def test_a_line_without_an_end_takes_bounded_memory():
    size = 40 << 20
    tracemalloc.start()
    result = content(b"x" * size + b"1", b"x" * size + b"2")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not result.same
    assert peak - 4 * size < 8 << 20  # two contents, and what `BytesIO` holds of them


def test_a_number_across_two_pieces_of_a_long_line_counts(monkeypatch):
    monkeypatch.setattr(text, "_LONGEST", 4)
    assert not content(b"1e10 1", b"1e11 1", atol=9).same
    assert not content(b"a 1e10", b"a 1e11", atol=9).same
    assert content(b"1e1", b"9", atol=9).same
