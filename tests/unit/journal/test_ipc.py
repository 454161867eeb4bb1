import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import ledger
from ledger.journal import arrow, ipc
from ledger.journal.merkle import leaf_hash
from ledger.journal.rows import Row
from tests.segments import make_plain_segment, make_rows, make_segment

ROOT = Path(ledger.__file__).parents[1]
FRAME = b"\x28\xb5\x2f\xfd"


@pytest.fixture
def rows():
    return make_rows(300)


@pytest.fixture(params=[make_segment, make_plain_segment], ids=["compressed", "plain"])
def segment(request, tmp_path, rows, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 100)
    return request.param(tmp_path / "x.arrow", rows)


def claiming(content, told):
    """A segment whose first frame is said to hold so many bytes."""
    place = content.index(FRAME) - 8
    return content[:place] + told.to_bytes(8, "little", signed=True) + content[place + 8 :]


def test_batches_are_read_in_any_order(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 100)
    reader = ipc.Reader(make_segment(tmp_path / "x.arrow", rows))
    assert len(reader) == 3
    for place in (2, 0, 1):
        assert list(arrow.rows(reader.batch(place))) == rows[100 * place : 100 * place + 100]


def test_a_batch_tells_its_rows(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 200)
    reader = ipc.Reader(make_segment(tmp_path / "x.arrow", rows))
    assert [reader.rows(place) for place in range(len(reader))] == [200, 100]


def test_columns_are_read_alone(segment, rows):
    reader = ipc.Reader(segment, ("seq", "leaf"))
    found = [each for batch in reader for each in batch.to_pylist()]
    assert found == [{"seq": row.seq, "leaf": row.leaf} for row in rows]
    assert reader.schema.equals(arrow.schema())


def test_the_messages_alone_tell_the_batches(segment, rows):
    assert [row for batch in ipc.messages(pa.py_buffer(segment)) for row in arrow.rows(batch)] == rows


def test_an_empty_file_has_no_batch(tmp_path):
    with pa.ipc.new_file(tmp_path / "x.arrow", arrow.schema()):
        pass
    assert list(ipc.Reader((tmp_path / "x.arrow").read_bytes())) == []


@pytest.mark.parametrize("told", [-2, -(1 << 63), 0, 1, ipc.MOST + 1, 1 << 40, (1 << 63) - 1])
def test_a_size_that_is_not_so_is_refused_and_takes_no_memory(tmp_path, rows, told):
    content = claiming(make_segment(tmp_path / "x.arrow", rows), told)
    before = pa.total_allocated_bytes()
    for reader in (ipc.Reader(content), ipc.messages(pa.py_buffer(content))):
        with pytest.raises(ipc.DAMAGE):
            list(reader)
    assert pa.total_allocated_bytes() == before


def test_what_would_take_too_much_is_refused_before_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(ipc, "MOST", 1 << 20)
    body = bytes(4 << 20)
    content = make_segment(tmp_path / "x.arrow", [Row(0, leaf_hash(body), body)])
    assert len(content) < 10_000
    for reader in (ipc.Reader(content), ipc.messages(pa.py_buffer(content))):
        with pytest.raises(ValueError, match="are allowed"):
            list(reader)


_BOMB = """
import re, sys
from pathlib import Path
from ledger.journal import arrow, ipc
from ledger.journal.salvage import salvage
content = Path(sys.argv[1]).read_bytes()
try:
    list(arrow.checked(content))
except ipc.DAMAGE as error:
    print(type(error).__name__)
print(salvage(content, 0, 1))
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) < 300 << 10)
"""


@pytest.mark.slow
def test_a_segment_that_is_a_bomb_is_damaged(tmp_path):
    body = bytes(ipc.MOST + 1)
    make_segment(tmp_path / "x.arrow", [Row(0, leaf_hash(body), body)])
    del body
    words = [sys.executable, "-c", _BOMB, str(tmp_path / "x.arrow")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "ValueError\n[]\nTrue\n"


def test_lz4_is_read_too(tmp_path, rows):
    with pa.ipc.new_file(
        tmp_path / "x.arrow", arrow.schema(), options=pa.ipc.IpcWriteOptions(compression="lz4")
    ) as writer:
        writer.write_batch(arrow.batch(rows))
    content = (tmp_path / "x.arrow").read_bytes()
    assert [row for batch in ipc.Reader(content) for row in arrow.rows(batch)] == rows


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"ARROW1\0\0ARROW1", bytes(100), b"\xff" * 100])
def test_what_is_no_file_is_refused(content):
    with pytest.raises(ipc.DAMAGE):
        ipc.Reader(content)
