import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare.account import Account
from ledger.compare.base import Tolerance
from ledger.compare.media.drawn_text import ATTRIBUTES, OPERANDS, compare_texts


def compare(expected, got, pattern=ATTRIBUTES, **tolerance):
    account = Account(Tolerance(**tolerance))
    compare_texts("", expected, got, account, pattern)
    return account.comparison()


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b'x="1.5"', b'x="2.5"'),
        (b'd="M10 20L30-40"', b'd="M11 20L30-40"'),
        (b'd="M10 20L30-40"', b'd="M10 20L29-40"'),
        (b'd="M10 20L30-40"', b'd="M10 20L30-39"'),
        (b'd="M 1e1,.5"', b'd="M 1.1e1,0.6"'),
        (b'"translate(10 -20)"', b'"translate(10 -21)"'),
        (b'"12px"', b'"13px"'),
        (b"<text>0.93</text>", b"<text>0.95</text>"),
    ],
)
def test_numbers_may_be_near_each_other(expected, got):
    assert compare(expected, got, atol=1).same
    found = compare(expected, got)
    assert not found.same
    assert found.distance is not None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b"#1f77b4", b"#1f78b4"),
        (b"#111111", b"#111112"),
        (b"&#65;", b"&#66;"),
        (b"font2", b"font3"),
        (b"utf8", b"utf7"),
        (b"1.5 a", b"1.5 b"),
        (b"1 2", b"1 2 3"),
        (b"1e999", b"1e998"),
        (b"9" * 500, b"9" * 499 + b"8"),
        (b"\x00", b"1"),
    ],
)
def test_what_is_no_number_is_equal_or_not(expected, got):
    assert not compare(expected, got, atol=1).same
    assert not compare(got, expected, atol=1).same


def test_of_operators_numbers_are_words():
    assert compare(b"10 20 m [3] (4)", b"11 20 m [4] (5)", OPERANDS, atol=1).same
    assert not compare(b"/F1 10 Tf", b"/F2 10 Tf", OPERANDS, atol=1).same
    assert not compare(b"12ab", b"13ab", OPERANDS, atol=1).same
    assert not compare(b"5sdq,77Kd", b"5sdq,78Kd", OPERANDS, atol=1).same


def test_other_spellings_of_a_number_are_the_same():
    assert compare(b'"1.0"', b'"1.00"').detail == "the values are the same"


def test_where_texts_part_is_shown():
    assert compare(b"a\nb 1 cccc", b"a\nb 2 dddd").detail == "line 2: 'b 1 cccc' and 'b 2 dddd'"
    long = b"x" * 1000
    assert compare(long + b"a", long + b"b").detail == "line 1: 'xxxxxxxxxxa' and 'xxxxxxxxxxb'"
    assert compare(b"3 a 4", b"1 a").detail == "line 1: '3 a 4' and '1 a'"
    assert compare(b"1 a", b"3 a 4").detail == "line 1: '1 a' and '3 a 4'"
    assert compare(b"1 a 2", b"1 a b").detail == "line 1: '1 a 2' and '1 a b'"
    assert compare(b"a\n", b"a\nb").detail == "line 2: '' and 'b'"


@pytest.mark.parametrize("pattern", [ATTRIBUTES, OPERANDS])
@given(
    text=st.text('0123456789.eE+-MLz #,"a('), at=st.integers(0, 30), other=st.sampled_from("0123456789xM-.")
)
def test_without_tolerance_only_other_spellings_are_the_same(pattern, text, at, other):
    changed = text[:at] + other + text[at + 1 :]
    found = compare(text.encode(), changed.encode(), pattern)
    if found.same and changed != text:
        numbers = [
            [float(each) for each in pattern.findall(each.encode()) if each[:1] != b"#"]
            for each in (text, changed)
        ]
        assert numbers[0] == numbers[1]
