"""RECORD's rows: what installers write, and what a standard reader makes of it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.record_rows import Row, parse, record_rows, sha256

FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.tuples(FIELD.filter(bool), FIELD, FIELD), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_wrote_is_read(rows, end):
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=end).writerows([("x.py", "", ""), *rows])
    assert parse(file.getvalue()) == [("x.py", "", ""), *rows]


def test_rows_without_quotes():
    text = "a.py,sha256=A,1\r\nb.py,,\n\nc,d.py,sha256=C,3\nalone\nline\u2028end.py,,\n"
    assert parse(text) == [
        *(Row("a.py", "sha256=A", "1"), Row("b.py", "", ""), Row("c,d.py", "sha256=C", "3")),
        *(Row("alone", "", ""), Row("line\u2028end.py", "", "")),
    ]


def test_short_rows_with_quotes():
    assert parse('"a,b.py"\n"c ""d"".py",sha256=C,3\n') == [
        Row("a,b.py", "", ""),
        Row('c "d".py', "sha256=C", "3"),
    ]


def test_a_file(tmp_path):
    (tmp_path / "RECORD").write_bytes(b"\xff.py,,\n")
    assert record_rows(f"{tmp_path}/RECORD") == [Row("\udcff.py", "", "")]
    assert record_rows(f"{tmp_path}/none") is None


@pytest.mark.parametrize("text", ["", "md5=AAAA", "sha256=", "sha256=AAAA", "sha256=é" + "A" * 42])
def test_no_sha256(text):
    assert sha256(Row("a", text, "")) is None


def test_a_sha256():
    digest = sha256(Row("a", "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "0"))
    assert digest.hex().startswith("e3b0c442")
