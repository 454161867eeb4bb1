import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pytest

import ledger
from ledger.journal import arrow
from ledger.journal.merkle import leaf_hash, root
from ledger.journal.rows import Row
from ledger.model import Entry, Note
from ledger.model.codec import encode_entry
from ledger.model.schema import load

ROOT = Path(ledger.__file__).parents[1]
ORIGIN = bytes(range(16))


def make_rows(count, first=0, text="a note"):
    found = []
    for seq in range(first, first + count):
        payload = Note(text=f"{text} {seq}", author="ann", experiment="mnist" if seq % 2 else None)
        body = encode_entry(Entry(time=seq * 10, nonce=bytes(16), origin=ORIGIN, payload=payload))
        found.append(Row(seq, leaf_hash(body), body))
    return found


def make_segment(path, rows):
    described = arrow.metadata(ORIGIN, rows[0].seq, rows[-1].seq + 1, root(row.leaf for row in rows))
    arrow.write(path, arrow.batches(rows), described)
    return path.read_bytes()


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
    table = arrow.checked(segment)
    assert list(arrow.rows(table)) == rows
    assert list(arrow.differing(table)) == []


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


def test_equal_rows_make_equal_files(tmp_path, rows, segment):
    assert make_segment(tmp_path / "y.arrow", rows) == segment


def test_batches_are_bounded(monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 2)
    assert [each.num_rows for each in arrow.batches(make_rows(5))] == [2, 2, 1]
    monkeypatch.setattr(arrow, "BATCH_ROWS", 100)
    monkeypatch.setattr(arrow, "BATCH_BYTES", 1)
    assert [each.num_rows for each in arrow.batches(make_rows(3))] == [1, 1, 1]


def test_a_table_has_an_origin_beside_each_seq(segment, rows):
    table = arrow.table([(ORIGIN, arrow.checked(segment)), (bytes(16), make_rows(2))])
    assert table.schema.names[:2] == ["seq", "origin"]
    assert table.column("origin").to_pylist() == [ORIGIN] * 5 + [bytes(16)] * 2
    assert table.column("seq").to_pylist() == [10, 11, 12, 13, 14, 0, 1]
    table.validate(full=True)
    assert arrow.table([]).num_rows == 0


def test_odd_bodies_are_rows_too(tmp_path):
    bodies = [b"", b"\xff", b"\xa2", b"x" * 100_000]
    rows = [Row(seq, leaf_hash(body), body) for seq, body in enumerate(bodies)]
    table = arrow.checked(make_segment(tmp_path / "x.arrow", rows))
    assert list(arrow.rows(table)) == rows
    assert table.column("kind").to_pylist() == [None] * 4
    assert table.column("time").null_count == 4


def test_a_changed_column_is_named(tmp_path, rows):
    honest = next(arrow.batches(rows))
    place = honest.schema.get_field_index("kind")
    forged = honest.set_column(place, honest.schema.field("kind"), pa.array(["note", "tag", *["note"] * 3]))
    arrow.write(tmp_path / "x.arrow", [forged], {})
    assert list(arrow.differing(arrow.checked((tmp_path / "x.arrow").read_bytes()))) == [(11, "kind")]


def test_other_columns_are_no_segment(tmp_path):
    with pa.ipc.new_file(tmp_path / "x.arrow", pa.schema([pa.field("seq", pa.int64())])):
        pass
    with pytest.raises(arrow.DAMAGE):
        arrow.checked((tmp_path / "x.arrow").read_bytes())


def test_a_whole_segment_is_salvaged_wholly(segment, rows):
    assert arrow.salvage(segment, 10, 15) == rows


def test_a_damaged_batch_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 2)
    rows = make_rows(6)
    content = make_segment(tmp_path / "x.arrow", rows)
    place = content.find(rows[2].body)
    damaged = content[:place] + bytes(len(rows[2].body)) + content[place + len(rows[2].body) :]
    assert arrow.salvage(damaged, 0, 6) == [*rows[:2], *rows[3:]]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 100, 1000, -1])
def test_a_cut_file_gives_what_it_can(segment, rows, size):
    found = arrow.salvage(segment[:size], 10, 15)
    assert set(found) <= set(rows)
    if size == -1:
        assert found == rows


def test_a_row_elsewhere_than_its_segment_says_is_not_believed(segment):
    assert arrow.salvage(segment, 0, 5) == []
    assert {row.seq for row in arrow.salvage(segment, 12, 20)} == {12, 13, 14}


_FUZZ = """
import sys
from pathlib import Path
from ledger.journal import arrow
content = Path(sys.argv[1]).read_bytes()
rows = arrow.salvage(content, 0, 3)
kept = set()
for mask in (0xFF, 0x04):
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= mask
        found = arrow.salvage(bytes(damaged), 0, 3)
        assert set(found) <= set(rows), place
        kept.add(len(found))
        try:
            list(arrow.differing(arrow.checked(bytes(damaged))))
        except arrow.DAMAGE:
            pass
print("kept", sorted(kept))
"""


def test_no_flipped_byte_crashes_the_reader(tmp_path):
    # In a process of its own: what is feared is a segmentation fault.
    path = tmp_path / "x.arrow"
    make_segment(path, make_rows(3))
    done = subprocess.run(
        [sys.executable, "-c", _FUZZ, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "kept [2, 3]\n"), done.stderr


def test_reading_imports_no_pandas(tmp_path):
    path = tmp_path / "x.arrow"
    make_segment(path, make_rows(3))
    code = (
        "import sys; from pathlib import Path; from ledger.journal import arrow\n"
        "content = Path(sys.argv[1]).read_bytes()\n"
        "rows = list(arrow.rows(arrow.checked(content)))\n"
        "arrow.table([(bytes(16), arrow.checked(content)), (bytes(16), rows)]).column('body').to_pylist()\n"
        "assert 'pandas' not in sys.modules and 'pyarrow' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)
