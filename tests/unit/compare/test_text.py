import io

import pytest

from ledger.compare import text


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
