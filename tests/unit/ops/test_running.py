"""Which trials run here, and how far they have come."""

import os

from ledger.model import layout
from ledger.ops import running


def test_only_what_grows_moves_the_mark_of_a_spool(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    record = running.RECORD.pack(0, 1, 2, 3.0)
    series = spool / "series-1-0.bin"
    series.write_bytes(record * 3 + bytes(1 << 16))
    (spool / "stdout").write_bytes(b"12")
    (spool / "lock").write_bytes(b"1234")
    os.mkfifo(spool / "rungs")
    os.symlink("/etc/passwd", spool / "stderr")
    assert running.written(series) == 3
    assert running.mark(spool) == 5
    with open(series, "r+b") as file:
        file.seek(3 * len(record))
        file.write(record)
    assert running.mark(spool) == 6
    series.write_bytes(record * 2 + record[:-1])
    assert running.written(series) == 2
    assert running.mark(tmp_path / "none") == 0


def test_a_spool_is_a_directory_of_this_ledger(project):
    ledger = project.workspace.directory
    parent = layout.spool(ledger)
    parent.mkdir(exist_ok=True)
    (parent / "0123456789abcdef").mkdir()
    assert running.directory(ledger, "0123456789abcdef") == parent / "0123456789abcdef"
    for name in ("../objects", "..", ".", "", "fedcba9876543210", "/etc"):
        assert running.directory(ledger, name) is None
    assert running.marks(ledger) == {}
