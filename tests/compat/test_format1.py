"""A ledger as the first format has it: segments whose buffers are not compressed, no packs.

It was made once, and stays as it is: six trials and three notes in two segments, a note in the tail.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from ledger import workspace
from ledger.journal.seal import seal
from ledger.model import Digest, Note, layout
from ledger.ops import search
from ledger.ops.search import Question

FROZEN = Path(__file__).parent / "format1" / "ledger"
READER = Path(__file__).parents[1] / "golden" / "reader.py"
ROOT = "b3:a6a2c656e5ff"


@pytest.fixture
def ledger(tmp_path):
    directory = tmp_path / layout.DIRECTORY
    shutil.copytree(FROZEN, directory)
    return directory


@pytest.fixture
def found(ledger):
    return workspace.find(ledger.parent)


def segments(ledger):
    return sorted(ledger.glob("journal/*/*.arrow"))


def is_compressed(path):
    """Whether there is what zstd's frames begin with."""
    return b"\x28\xb5\x2f\xfd" in path.read_bytes()


def test_it_is_not_compressed():
    assert [is_compressed(path) for path in segments(FROZEN)] == [False, False]
    assert (FROZEN / "format").read_text() == "1\n"


def test_it_is_read(found):
    (head,) = found.journal.head().origins
    assert (head.size, str(head.root)[: len(ROOT)]) == (16, ROOT)
    assert found.journal.verify() == []
    entries = list(found.journal.entries())
    assert [each.seq for each in entries] == list(range(16))
    assert [each.entry.payload.text for each in entries if isinstance(each.entry.payload, Note)] == [
        "note 0",
        "note 1",
        "note 2",
        "in the tail",
    ]
    assert found.journal.get(entries[3].id) == entries[3]
    assert found.journal.table().column("leaf").to_pylist() == [each.id for each in entries]


def test_its_trials_are_found(found):
    asked = Question(where="digits_rate0 < 0.5", sort="-metric0")
    trials = search.find(found.journal, asked)
    assert (trials.all, trials.matching) == (6, 4)
    chosen = [{each.name: each.value for each in trial.hyperparameters} for trial in trials.chosen]
    assert all(each["digits_rate0"] < 0.5 for each in chosen)


def test_reading_changes_nothing_in_it(ledger, found):
    before = {path: path.read_bytes() for path in segments(ledger)}
    list(found.journal.entries())
    found.journal.verify()
    assert {path: path.read_bytes() for path in segments(ledger)} == before
    assert layout.format_file(ledger).read_text() == "1\n"


def test_a_new_segment_beside_it_is_compressed_and_raises_the_format(ledger, found):
    before = [each.id for each in found.journal.entries()]
    (log,) = (ledger / "journal").iterdir()
    assert seal(log, lambda: None, lambda: workspace.admit_packs(ledger))
    old, new = segments(ledger)
    assert (old.name, layout.segment_span(new.name)) == (segments(FROZEN)[0].name, (12, 16))
    assert not is_compressed(old)
    assert is_compressed(new)
    assert layout.format_file(ledger).read_text() == "2\n"
    again = workspace.find(ledger.parent)
    assert [each.id for each in again.journal.entries()] == before
    assert again.journal.head() == found.journal.head()
    assert again.journal.verify() == []


def test_old_and_new_are_merged(ledger, found, monkeypatch):
    before = list(found.journal.entries())
    (log,) = (ledger / "journal").iterdir()
    seal(log, lambda: None)
    monkeypatch.setattr("ledger.journal.seal._small", lambda parts: parts)
    seal(log, lambda: None)
    (merged,) = segments(ledger)
    assert is_compressed(merged)
    assert merged.stat().st_size < sum(path.stat().st_size for path in segments(FROZEN)) / 2
    assert list(found.journal.entries()) == before
    assert found.journal.verify() == []


@pytest.mark.parametrize("sealed", [False, True])
def test_a_reader_of_the_text_alone_reads_both(ledger, sealed):
    if sealed:
        (log,) = (ledger / "journal").iterdir()
        seal(log, lambda: None)
    done = subprocess.run([sys.executable, READER, ledger], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f" 16 {ROOT}" in done.stdout


def test_a_flipped_bit_costs_one_entry(ledger, found):
    old = segments(ledger)[0]
    table = pa.ipc.open_file(old.read_bytes()).read_all()
    body = table.column("body")[4].as_py()
    content = bytearray(old.read_bytes())
    content[content.index(body) + 40] ^= 1
    old.write_bytes(content)
    assert [each.seq for each in found.journal.entries()] == [*range(4), *range(5, 16)]
    assert "@4" in "".join(finding.where for finding in found.journal.verify())
    assert Digest(table.column("leaf")[5].as_py()) in [each.id for each in found.journal.entries()]
