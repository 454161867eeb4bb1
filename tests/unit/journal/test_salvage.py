import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import ledger
from ledger.journal import arrow, ipc
from ledger.journal.salvage import salvage
from tests.segments import make_plain_segment, make_rows, make_segment

ROOT = Path(ledger.__file__).parents[1]
FRAME = b"\x28\xb5\x2f\xfd"


@pytest.fixture
def rows():
    return make_rows(5, first=10)


@pytest.fixture(params=[make_segment, make_plain_segment], ids=["compressed", "plain"])
def segment(request, tmp_path, rows):
    return request.param(tmp_path / "x.arrow", rows)


def places_of(content, what):
    """Where something stands, each time."""
    found = content.find(what)
    while found >= 0:
        yield found
        found = content.find(what, found + 1)


def test_a_whole_segment_is_salvaged_wholly(segment, rows):
    assert salvage(segment, 10, 15) == rows


def test_a_damaged_body_that_is_not_compressed_costs_no_other(tmp_path):
    rows = make_rows(6)
    content = make_plain_segment(tmp_path / "x.arrow", rows)
    place = content.find(rows[2].body)
    damaged = content[:place] + bytes(len(rows[2].body)) + content[place + len(rows[2].body) :]
    assert salvage(damaged, 0, 6) == [*rows[:2], *rows[3:]]


def test_a_damaged_frame_costs_no_other_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 2)
    rows = make_rows(6)
    content = make_segment(tmp_path / "x.arrow", rows)
    leaves = content.index(rows[2].leaf + rows[3].leaf)  # what has no order is not made smaller
    of_bodies, of_leaves = [place for place in places_of(content, FRAME) if place < leaves][-2:]
    for place in (of_bodies, of_leaves):
        damaged = content[:place] + bytes(8) + content[place + 8 :]
        assert salvage(damaged, 0, 6) == [*rows[:2], *rows[4:]]


def test_without_any_metadata_all_is_found(segment, rows):
    # What tells of the batches, in the messages and in the footer, names their buffers by these numbers.
    schema = len(pa.ipc.open_file(segment).schema.serialize())
    metadata = segment.index(b"\xff\xff\xff\xff", 8 + schema - 16)
    damaged = bytearray(segment)
    damaged[metadata + 8 : metadata + 40] = bytes(32)
    damaged[-100:-4] = bytes(96)
    with pytest.raises(ipc.DAMAGE):
        list(arrow.checked(bytes(damaged)))
    assert salvage(bytes(damaged), 10, 15) == rows


@pytest.mark.parametrize("size", [0, 1, 7, 8, 100, 1000, -1])
def test_a_cut_file_gives_what_it_can(segment, rows, size):
    found = salvage(segment[:size], 10, 15)
    assert set(found) <= set(rows)
    if size == -1:
        assert found == rows


def test_a_row_elsewhere_than_its_segment_says_is_not_believed(segment):
    assert salvage(segment, 0, 5) == []
    assert {row.seq for row in salvage(segment, 12, 20)} == {12, 13, 14}


_FUZZ = """
import sys
from pathlib import Path
from ledger.journal import arrow, ipc
from ledger.journal.salvage import salvage
content = Path(sys.argv[1]).read_bytes()
rows = salvage(content, 0, 3)
kept = set()
for mask in (0xFF, 0x04):
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= mask
        found = salvage(bytes(damaged), 0, 3)
        assert set(found) <= set(rows), place
        kept.add(len(found))
        try:
            for part in arrow.checked(bytes(damaged)):
                list(arrow.differing(part))
        except ipc.DAMAGE:
            pass
print("kept", sorted(kept))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "kept"), [(make_segment, "kept [0, 1, 2, 3]"), (make_plain_segment, "kept [2, 3]")]
)
def test_no_flipped_byte_crashes_the_reader(tmp_path, make, kept):
    # In a process of its own: what is feared is a segmentation fault.
    path = tmp_path / "x.arrow"
    make(path, make_rows(3))
    done = subprocess.run(
        [sys.executable, "-c", _FUZZ, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{kept}\n"), done.stderr
