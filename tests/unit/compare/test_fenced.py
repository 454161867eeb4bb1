import io
from contextlib import ExitStack

import numpy
import pyarrow
import pyarrow.parquet
import pytest

from ledger.compare import fenced
from ledger.compare.base import Tolerance
from ledger.compare.tables import tables

TRAP = """
import os, signal
from ledger.compare import base

def compare_files(expected, got, account):
    {}
"""


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """What comes of a reader that does something."""

    def compare(does, file=io.BytesIO):
        (tmp_path / "trap.py").write_text(TRAP.format(does))
        package = tmp_path / "sitecustomize.py"
        package.write_text(f"import ledger.compare; ledger.compare.__path__.append({str(tmp_path)!r})")
        monkeypatch.syspath_prepend(tmp_path)
        reader = fenced.of_reader("trap", {"text/plain"}, "no text")
        return reader(file(b"Ma"), file(b"Mb"), Tolerance(rtol=0.25, atol=0.5))

    return compare


def test_what_it_finds_comes_back(compared):
    found = compared("account.values('a', os.pread(expected, 9, 0)[1] / 2, os.pread(got, 9, 0)[1] / 2)")
    assert (found.same, found.detail) == (True, "within rtol 0.25, atol 0.5: a: 48.5 and 49.0")
    assert found.distance.absolute == 0.5


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "its reader crashed"),
        ("os.abort()", "its reader crashed"),
        ("raise RuntimeError", "its reader crashed"),
        ("os._exit(0)", "its reader crashed"),
        ("bytearray(2 << 30)", "reading it takes more than 500 MiB"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "reading it takes more than 60 s"),
        ("raise base.Unfit('why')", "why"),
    ],
)
def test_a_reader_that_fails_harms_nothing(compared, does, why):
    found = compared(does)
    assert (found.same, found.exact) == (False, False)
    assert found.detail == f"bytes differ from offset 1 on (compared as bytes: {why})"


def test_time_is_limited(compared, monkeypatch):
    monkeypatch.setattr(fenced, "_PATIENCE", 1)
    assert "reading it takes more than 1 s" in compared("while True: pass").detail


def test_nothing_is_written(compared, tmp_path):
    made = tmp_path / "made"
    assert "its reader crashed" in compared(f"open({str(made)!r}, 'w').write('x' * 99999)").detail
    assert made.read_bytes() == b""


def test_what_a_working_directory_holds_is_not_imported(compared, tmp_path, monkeypatch):
    hostile = tmp_path / "cwd"
    hostile.mkdir()
    (hostile / "json.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(hostile)
    assert compared("pass").detail == "the values are the same"


def test_a_file_that_is_open_is_not_copied(compared, tmp_path):
    def opened(content):
        path = tmp_path / content.decode()
        path.write_bytes(content)
        return stack.enter_context(path.open("rb"))

    with ExitStack() as stack:
        found = compared("account.differ(os.readlink('/proc/self/fd/' + str(expected)), 'seen')", opened)
    assert found.detail == f"{tmp_path}/Ma: seen"


@pytest.mark.slow
def test_a_bomb_takes_no_memory():
    bomb = pyarrow.table({"x": pyarrow.array(["x" * (1 << 20)] * 900)})
    contents = []
    for each in (bomb, bomb.append_column("y", pyarrow.array(numpy.arange(900)))):
        file = io.BytesIO()
        options = {"use_dictionary": False, "data_page_size": 1 << 40, "compression": "zstd"}
        pyarrow.parquet.write_table(each, file, **options)
        contents.append(file.getvalue())
    assert len(contents[0]) < 1 << 20
    found = tables.compare_parquet(*map(io.BytesIO, contents), Tolerance())
    assert "compared as bytes: reading it takes more than 500 MiB" in found.detail
