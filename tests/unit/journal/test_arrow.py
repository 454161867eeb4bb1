import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pytest

import ledger
from ledger.journal import arrow, ipc
from ledger.journal.merkle import leaf_hash, root
from ledger.journal.rows import Row
from ledger.model.schema import load
from tests.segments import ORIGIN, make_plain_segment, make_rows, make_segment, rows_of

ROOT = Path(ledger.__file__).parents[1]


def differing(content):
    return [each for batch in arrow.checked(content) for each in arrow.differing(batch)]


@pytest.fixture
def rows():
    return make_rows(5, first=10)


@pytest.fixture
def segment(tmp_path, rows):
    return make_segment(tmp_path / "x.arrow", rows)


def test_the_schema_is_the_published_one():
    published = load("arrow/segment.v1")["fields"]
    assert arrow.schema().names == [field["name"] for field in published]
    assert [str(field.nullable) for field in arrow.schema()] == [
        str(field["nullable"]) for field in published
    ]


def test_rows_come_back(segment, rows):
    assert rows_of(segment) == rows
    assert differing(segment) == []


def test_any_arrow_reader_can_read_it(segment, rows):
    table = pa.ipc.open_file(segment).read_all()
    assert table.column("seq").to_pylist() == [row.seq for row in rows]
    assert table.column("body").to_pylist() == [row.body for row in rows]
    assert table.column("leaf").to_pylist() == [row.leaf for row in rows]
    assert table.column("kind").to_pylist() == ["note"] * 5
    assert table.column("experiment").to_pylist() == [None, "mnist", None, "mnist", None]
    assert table.column("time").cast(pa.int64()).to_pylist() == [100, 110, 120, 130, 140]
    described = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert described == {
        "ledger.format": "1",
        "ledger.origin": ORIGIN.hex(),
        "ledger.first": "10",
        "ledger.end": "15",
        "ledger.root": root(row.leaf for row in rows).hex(),
    }


def test_it_is_compressed(tmp_path):
    rows = make_rows(100)
    plain = make_plain_segment(tmp_path / "plain.arrow", rows)
    assert len(make_segment(tmp_path / "x.arrow", rows)) < len(plain) / 2
    assert rows[50].body in plain


def test_one_that_is_not_compressed_is_read(tmp_path):
    rows = make_rows(100)
    content = make_plain_segment(tmp_path / "x.arrow", rows)
    assert rows_of(content) == rows
    assert differing(content) == []


def test_batches_are_cut_anew_whatever_they_come_in(monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 8)
    rows = make_rows(45)
    given = [arrow.batch(rows[:3]), arrow.batch(rows[3:40]), arrow.batch(rows[40:41]), arrow.batch(rows[41:])]
    again = list(arrow.again(given))
    assert [each.num_rows for each in again] == [8, 8, 8, 8, 8, 5]
    assert [row for each in again for row in arrow.rows(each)] == rows
    assert [each for part in again for each in arrow.differing(part)] == []


def test_batches_that_are_cut_anew_are_bounded(monkeypatch):
    rows = make_rows(4) + make_rows(1, 4, "x" * 5000) + make_rows(4, 5)
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1000)
    for given in ([arrow.batch(rows)], [arrow.batch([row]) for row in rows]):
        again = list(arrow.again(given))
        assert [row for each in again for row in arrow.rows(each)] == rows
        sizes = [[len(row.body) for row in arrow.rows(each)] for each in again]
        assert all(sum(each) <= 1000 or len(each) == 1 for each in sizes)
        assert len(sizes) == 3
    assert list(arrow.again([])) == []


def test_equal_rows_make_equal_files(tmp_path, rows, segment):
    assert make_segment(tmp_path / "y.arrow", rows) == segment


def test_batches_are_bounded(monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 2)
    assert [each.num_rows for each in arrow.batches(make_rows(5))] == [2, 2, 1]
    monkeypatch.setattr(arrow, "BATCH_ROWS", 100)
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    assert [each.num_rows for each in arrow.batches(make_rows(3))] == [1, 1, 1]


def test_a_table_has_an_origin_beside_each_seq(segment, rows):
    table = arrow.table([(ORIGIN, arrow.checked(segment)), (bytes(16), arrow.batches(make_rows(2)))])
    assert table.schema.names[:2] == ["seq", "origin"]
    assert table.column("origin").to_pylist() == [ORIGIN] * 5 + [bytes(16)] * 2
    assert table.column("seq").to_pylist() == [10, 11, 12, 13, 14, 0, 1]
    table.validate(full=True)
    assert arrow.table([]).num_rows == 0


def test_odd_bodies_are_rows_too(tmp_path):
    bodies = [b"", b"\xff", b"\xa2", b"x" * 100_000]
    rows = [Row(seq, leaf_hash(body), body) for seq, body in enumerate(bodies)]
    content = make_segment(tmp_path / "x.arrow", rows)
    assert rows_of(content) == rows
    table = pa.ipc.open_file(content).read_all()
    assert table.column("kind").to_pylist() == [None] * 4
    assert table.column("time").null_count == 4


def test_a_changed_column_is_named(tmp_path, rows):
    honest = next(arrow.batches(rows))
    place = honest.schema.get_field_index("kind")
    forged = honest.set_column(place, honest.schema.field("kind"), pa.array(["note", "tag", *["note"] * 3]))
    arrow.write(tmp_path / "x.arrow", [forged], {})
    assert differing((tmp_path / "x.arrow").read_bytes()) == [(11, "kind")]


def test_other_columns_are_no_segment(tmp_path):
    with pa.ipc.new_file(tmp_path / "x.arrow", pa.schema([pa.field("seq", pa.int64())])):
        pass
    with pytest.raises(ipc.DAMAGE):
        list(arrow.checked((tmp_path / "x.arrow").read_bytes()))


def test_reading_imports_no_pandas(tmp_path):
    path = tmp_path / "x.arrow"
    make_segment(path, make_rows(3))
    code = (
        "import sys; from pathlib import Path; from ledger.journal import arrow\n"
        "content = Path(sys.argv[1]).read_bytes()\n"
        "rows = [row for batch in arrow.checked(content) for row in arrow.rows(batch)]\n"
        "parts = [(bytes(16), arrow.checked(content)), (bytes(16), arrow.batches(rows))]\n"
        "arrow.table(parts).column('body').to_pylist()\n"
        "assert 'pandas' not in sys.modules and 'pyarrow' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)
