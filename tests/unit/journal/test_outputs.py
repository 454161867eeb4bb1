import os
import subprocess
import sys
from pathlib import Path

import pytest

import ledger as package
from ledger import fs
from ledger.journal import index
from ledger.journal.local import LocalJournal
from ledger.journal.outputs import Outputs
from ledger.model import Digest, layout

ROOT = Path(package.__file__).parents[1]
A, B = Digest.of(b"a"), Digest.of(b"b")


@pytest.fixture
def files(ledger):
    main = layout.output_index(ledger)
    return main, main.with_name("outputs.recent")


def fresh(ledger, path="out", digest=A):
    """The answer of another process that opens the ledger now."""
    return LocalJournal(ledger).is_output(path, digest)


def test_an_output_is_known_by_its_path_and_content(ledger, journal, finished):
    assert not journal.is_output("out", A)
    journal.append(finished(("out", b"a"), ("dir/b", b"b")))
    for each in (journal, LocalJournal(ledger)):
        assert each.is_output("out", A)
        assert each.is_output("dir/b", B)
        assert not each.is_output("out", B)
        assert not each.is_output("b", B)


def test_paths_that_are_no_utf8(journal, finished):
    journal.append(finished(("\udcff/x", b"a")))
    assert journal.is_output("\udcff/x", A)


def test_two_handles_see_what_the_other_appends(ledger, journal, finished):
    other = LocalJournal(ledger)
    assert not other.is_output("out", A)
    journal.append(finished(("out", b"a")))
    assert other.is_output("out", A)


def test_it_is_written_down(ledger, journal, finished):
    journal.append(finished(("out", b"a")))
    held = index.read(ledger)
    assert held.sound
    assert index.key(b"out", A) in held
    assert [place.seq for place in held.places.values()] == [1]


def test_what_is_known_is_not_read_again(ledger, journal, finished, note, monkeypatch):
    journal.append(finished(("out", b"a")))
    for _ in range(3):
        journal.append(note())
    answers = Outputs(ledger)
    assert answers.has("out", A)
    assert not answers.has("out", B)
    monkeypatch.setattr(answers, "refresh", None)
    for _ in range(3):
        assert not answers.has("out", B)


@pytest.mark.parametrize("which", [0, 1])
def test_a_lost_or_damaged_file_comes_back_the_same(ledger, journal, finished, files, which):
    for place in range(3):
        journal.append(finished((f"out{place}", b"a")))
    whole = [path.read_bytes() for path in files]
    for damage in (None, b"", b"other", bytes(len(whole[which])), whole[which][:-1], whole[which] + b"x"):
        for path, content in zip(files, whole, strict=True):
            path.write_bytes(content)
        if damage is None:
            files[which].unlink()
        else:
            files[which].write_bytes(damage)
        assert all(fresh(ledger, f"out{place}") for place in range(3))
        assert not fresh(ledger, "out3")
        held = index.read(ledger)
        assert len(set(held.keys())) == 6  # of each output its path with its content, and its path alone
        assert held.sound


def test_every_flipped_bit_is_found_out(ledger, journal, finished, files, flip):
    journal.append(finished(("out0", b"a")))
    journal.append(finished(("out1", b"a")))
    for path in files:
        for place in range(path.stat().st_size):
            flip(path, place, 1 << place % 8)
            assert fresh(ledger, "out0")
            assert fresh(ledger, "out1")
            assert not fresh(ledger, "out2")


def test_a_deleted_index_comes_back_from_segments(ledger, journal, finished, files):
    journal.append(finished(("out", b"a")))
    journal.seal()
    journal.append(finished(("later", b"a")))
    for path in files:
        path.unlink()
    assert fresh(ledger, "out")
    assert fresh(ledger, "later")


def test_an_append_does_not_read_segments(ledger, journal, finished, files):
    journal.append(finished(("out", b"a")))
    journal.seal()
    for path in files:
        path.unlink()
    other = LocalJournal(ledger)
    other.append(finished(("later", b"a")))
    assert fresh(ledger, "out")
    assert fresh(ledger, "later")


def test_the_usual_question_needs_no_pyarrow(ledger, journal, finished, note):
    journal.append(finished(("out", b"a")))
    journal.append(note())
    journal.seal()
    journal.append(finished(("later", b"a")))
    code = (
        "import sys; from pathlib import Path; from ledger.journal.local import LocalJournal\n"
        "from ledger.model import Digest, Note\n"
        "journal = LocalJournal(Path(sys.argv[1]))\n"
        "assert journal.is_output('out', Digest.of(b'a')) and journal.is_output('later', Digest.of(b'a'))\n"
        "assert not journal.is_output('other', Digest.of(b'a'))\n"
        "journal.append(Note(text='x', author='y')); journal.head()\n"
        "heavy = {'pyarrow', 'numpy', 'pandas', 'hashlib', 'asyncio', 'importlib.metadata'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(ledger)], cwd=ROOT, check=True)


def test_recent_keys_are_merged_when_they_are_many(ledger, journal, finished, monkeypatch, files):
    monkeypatch.setattr(index, "_COMPACT", 5)
    for place in range(20):
        journal.append(finished((f"out{place}", b"a")))
        assert len(index.read(ledger).recent) <= 5
    assert index.read(ledger).count >= 15
    assert all(fresh(ledger, f"out{place}") for place in range(20))


def test_recent_records_stay_few(ledger, journal, finished, monkeypatch):
    monkeypatch.setattr(index, "_RECORDS", 4)
    for place in range(23):
        journal.append(finished((f"out{place}", b"a")))
        held = index.read(ledger)
        assert held.sound
        assert held.records <= 5
        assert len(held.recent) == 2 * (place + 1) - held.count
    assert all(fresh(ledger, f"out{place}") for place in range(23))


def test_a_merge_that_died_between_its_files_is_no_harm(ledger, journal, finished, files, monkeypatch):
    journal.append(finished(("out0", b"a")))
    journal.append(finished(("out1", b"a")))
    old = files[1].read_bytes()
    monkeypatch.setattr(index, "_COMPACT", 0)
    journal.append(finished(("out2", b"a")))
    files[1].write_bytes(old)  # belongs to the keys before
    assert not index.read(ledger).sound
    assert all(fresh(ledger, f"out{place}") for place in range(3))


def test_many_entries_without_outputs_are_marked_as_read(ledger, journal, note):
    for _ in range(index._IDLE - 1):
        journal.append(note())
    fresh(ledger)
    before = index.read(ledger).places
    journal.append(note())
    fresh(ledger)
    assert index.read(ledger).places == before
    for _ in range(index._IDLE):
        journal.append(note())
    fresh(ledger)
    assert index.read(ledger).places != before


def test_only_what_is_durable_is_written_down(ledger, log, journal, finished):
    head = layout.log_head(log).read_bytes()
    journal.append(finished(("out", b"a")))
    layout.log_head(log).write_bytes(head)
    for path in layout.index(ledger).iterdir():
        path.unlink()
    assert fresh(ledger)
    assert index.key(b"out", A) not in index.read(ledger)


def test_a_journal_shorter_than_the_index_is_read_anew(ledger, log, journal, finished):
    journal.append(finished(("out", b"a")))
    assert fresh(ledger)
    os.truncate(layout.tail(log, 0), 200)
    assert not fresh(ledger)


def test_a_log_that_is_gone_is_not_remembered(ledger, log, journal, finished):
    import shutil

    journal.append(finished(("out", b"a")))
    shutil.rmtree(log)
    assert not fresh(ledger)


def test_a_busy_index_is_answered_from_memory(ledger, journal, finished):
    fs.make_directory(layout.index(ledger))
    with fs.locked(layout.output_index(ledger).with_name("outputs.lock")):
        journal.append(finished(("out", b"a")))
        assert fresh(ledger)
        assert not layout.output_index(ledger).exists()
    assert fresh(ledger)
    assert layout.output_index(ledger).exists()


def test_outputs_of_all_origins_count(ledger, journal, finished, tmp_path):
    import shutil

    journal.append(finished(("out", b"a")))
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    other = LocalJournal(copy)
    other.append(finished(("here", b"a")))
    assert fresh(copy, "out")
    assert fresh(copy, "here")
    assert not fresh(ledger, "here")
