import csv
import io
import tracemalloc

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare.base import Tolerance
from ledger.compare.tables import delimited


def compare(expected, got, **tolerance):
    return delimited.compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


FRAME = pandas.DataFrame(
    {
        "step": range(3000),
        "loss": numpy.random.default_rng(1).random(3000),
        "who": [f"name {each}" for each in range(3000)],
    }
)


def written(frame, **options):
    return frame.to_csv(**{"index": False, **options}).encode()


def test_numbers_are_compared_by_column():
    other = FRAME.assign(loss=FRAME.loss * (1 + 1e-9))
    apart, near = compare(written(FRAME), written(other)), compare(written(FRAME), written(other), rtol=1e-8)
    assert not apart.same
    assert apart.detail.startswith("loss: 3000 of 3000 numbers differ, by up to 1e-09, relatively 1e-09")
    assert near.same
    assert near.detail.startswith("within rtol 1e-08, atol 0: loss: 3000 of 3000 numbers differ")
    assert (near.distance.differing, near.distance.compared) == (3000, 6000)


def test_text_is_told_by_its_column_and_first_row():
    other = FRAME.assign(who=FRAME.who.where(FRAME.step < 2990, "x"))
    result = compare(written(FRAME), written(other), atol=9)
    assert (result.same, result.distance) == (False, None)
    assert result.detail == "who: 10 values differ, first row 2991: 'name 2990' and 'x'"


@pytest.mark.parametrize(
    ("options", "ignored"),
    [
        ({"quoting": csv.QUOTE_ALL}, "quotes"),
        ({"lineterminator": "\r\n"}, "line ends"),
        ({"sep": ";"}, "delimiters"),
        ({"quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"}, "quotes and line ends"),
    ],
)
def test_how_it_is_written_does_not_count(options, ignored):
    result = compare(written(FRAME), written(FRAME, **options))
    assert (result.same, result.exact, result.detail) == (True, False, f"only {ignored} differ")


def test_tabs_and_a_mark_of_utf8_are_read():
    one, other = written(FRAME, sep="\t"), b"\xef\xbb\xbf" + written(FRAME.assign(loss=0.5), sep="\t")
    assert compare(one, other).detail.startswith("loss: 3000 of 3000 numbers differ")


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (b"a,b\n1,2\n", b"a,b\n1,2\n3,4\n", "rows: 1 and 2"),
        (b"1,2\n", b"1,2\n3,4\n", "rows: 1 and 2"),
        (b"1,2\n", b"1,2,3\n", "columns: 2 and 3"),
        (b"a,b\n1,2\n", b"a,c\n1,2\n", "b: only the first has it; c: only the second has it"),
        (b"a,b\n1,2\n", b"b,a\n2,1\n", "columns: another order"),
        (b"a,b\n1,2\n", b"a,b\n1\n", "row 1: 2 and 1 cells"),
        (b"a\n1\n", b"a\nx\n", "a: row 1: 1 and 'x'"),
        (b"a\n\n1\n", b"a\n2\n", "a: 1 and 2"),
        (b"a,a\n1,2\n", b"a,a\n1,3\n", "column 2: 2 and 3"),
        (b"a,\n1,2\n", b"a,\n1,3\n", "column 2: 2 and 3"),
        (b"1,2\n", b"1,3\n", "column 2: 2 and 3"),
        (b"a\n9007199254740993\n", b"a\n9007199254740992\n", "a: 9007199254740993 and 9007199254740992"),
        (
            b"a\n18446744073709551617\n",
            b"a\n18446744073709551616\n",
            "a: 18446744073709551617 and 18446744073709551616",
        ),
        (b"a\n\n", b"a\n\n\n1\n", "rows: 0 and 1"),
        (b"", b"a\n1\n", "columns: 0 and 1; rows: 1 and 2"),
    ],
)
def test_what_differs_is_said(expected, got, detail):
    result = compare(expected, got)
    assert (result.same, result.detail) == (False, detail)


def test_numbers_may_be_spelled_otherwise():
    assert compare(b"a,b\n1.0,nan\n", b"a,b\n1.00e0,NaN\n").detail == "the values are the same"
    assert not compare(b"a\n1000\n", b"a\n1_000\n").same


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a,b\n\0", "no table: it holds a NUL"),
        (b"a" * (1 << 19) + b"\n1", "no table: field larger than field limit (131072)"),
        (b"1," * (1 << 19) + b"1", "a row is too long"),
        (b'"\n",' * (1 << 21), "a row is too long"),
        (b"a\rb\n1", "no table: new-line character seen in unquoted field"),
    ],
)
def test_what_cannot_be_read_as_a_table_is_compared_as_bytes(content, why):
    result = compare(content, content + b"1")
    assert not result.same
    assert f"compared as bytes: {why}" in result.detail


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r")) | st.floats().map(repr)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), st.booleans())
def test_the_same_cells_are_the_same_however_they_are_quoted(rows, header):
    contents = []
    for quoting, end in ((csv.QUOTE_MINIMAL, "\n"), (csv.QUOTE_ALL, "\r\n")):
        file = io.StringIO()
        csv.writer(file, quoting=quoting, lineterminator=end).writerows([["x", "y"], *rows])
        contents.append(file.getvalue().encode())
    assert compare(*contents).same


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.data())
def test_one_other_number_is_found(numbers, data):
    place = data.draw(st.integers(0, len(numbers) - 1))
    others = list(numbers)
    others[place] = data.draw(st.floats(allow_nan=False).filter(lambda each: each != numbers[place]))
    sides = ["x\n" + "".join(f"{each!r}\n" for each in side) for side in (numbers, others)]
    result = compare(*(each.encode() for each in sides))
    assert not result.same
    assert (result.distance.differing, result.distance.compared) == (1, len(numbers))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table():
    sizes = []
    for rows in (30_000, 120_000):
        content = b"a,b\n" + b"0.5,0.25\n" * rows
        tracemalloc.start()
        assert not compare(content + b"1,1\n", content + b"1,2\n").same
        sizes.append(tracemalloc.get_traced_memory()[1] - 2 * len(content))
        tracemalloc.stop()
    assert sizes[1] < sizes[0] + (4 << 20)
