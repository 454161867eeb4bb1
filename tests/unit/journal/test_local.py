import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ledger as package
from ledger import fs
from ledger.errors import FormatError, NewerFormatError, StorageError
from ledger.journal import origins, state
from ledger.journal.local import LocalJournal
from ledger.journal.merkle import leaf_hash
from ledger.journal.tail import HEADER
from ledger.journal.writer import Writer
from ledger.model import Digest, Status, TrialLost, layout

ROOT = Path(package.__file__).parents[1]


def test_nothing_is_made_before_the_first_append(ledger):
    journal = LocalJournal(ledger)
    assert list(journal.entries()) == []
    assert journal.head().origins == ()
    assert journal.get(Digest(bytes(32))) is None
    assert journal.verify() == []
    assert journal.table().num_rows == 0
    assert os.listdir(ledger) == []
    assert not journal.is_output("x", Digest(bytes(32)))
    assert not layout.journal(ledger).exists()


def test_the_directory_is_made_when_it_is_needed(tmp_path, note):
    journal = LocalJournal(tmp_path / "a" / ".ledger")
    assert journal.append(note()).seq == 0
    assert len(list(journal.entries())) == 1


def test_origin_is_the_one_that_entries_carry(journal, note):
    origin = journal.origin
    assert journal.append(note()).entry.origin == origin == journal.origin


def test_what_append_returns_is_what_is_stored(journal, note):
    recorded = journal.append(note("x"), time=5)
    assert recorded.entry.time == 5
    assert recorded.id == leaf_hash(recorded.body)
    assert journal.get(recorded.id) == recorded
    assert list(LocalJournal(journal._ledger).entries()) == [recorded]


def test_few_entries_are_read_without_pyarrow(ledger, journal, note):
    for _ in range(10):
        journal.append(note())
    code = (
        "import sys; from pathlib import Path; from ledger.journal.local import LocalJournal\n"
        "journal = LocalJournal(Path(sys.argv[1]))\n"
        "assert len(list(journal.entries())) == 10 and journal.verify() == []\n"
        "assert 'pyarrow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(ledger)], cwd=ROOT, check=True)


def test_reading_many_entries_seals_them(journal, note, monkeypatch):
    from ledger.journal import local

    monkeypatch.setattr(local, "SEAL_AT", 3)
    place = layout.log(journal._ledger, journal.origin)
    for _ in range(2):
        journal.append(note())
    list(journal.entries())
    assert not layout.log_sealed(place).exists()
    journal.append(note())
    assert len(list(journal.entries())) == 3
    assert state.read_sealed(place).frontier.size == 3


def test_a_table_seals_first(journal, note, log):
    table = journal.table()
    assert table.column("seq").to_pylist() == [0, 1, 2, 3, 4]
    assert table.column("origin").to_pylist() == [journal.origin] * 5
    assert state.read_sealed(log).frontier.size == 5
    assert table.to_pandas().shape == (5, 9)


def test_reading_goes_on_where_sealing_fails(journal, log, monkeypatch):
    from ledger.journal import seal

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(seal, "seal", full)
    assert journal.table().num_rows == 5
    with pytest.raises(StorageError, match="No space left"):
        journal.seal()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_read_only_directory_is_not_sealed(journal, log, monkeypatch, code):
    from ledger.journal import seal

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(seal, "seal", refuse)
    journal.seal()
    assert journal.table().num_rows == 5


def test_a_log_that_lost_something_is_left_for_a_new_one(ledger, journal, log, note, texts):
    first = journal.origin
    os.truncate(layout.tail(log, 0), layout.tail(log, 0).stat().st_size - 1)
    recorded = journal.append(note("after the loss"))
    assert recorded.seq == 0
    assert journal.origin == recorded.entry.origin != first
    assert [each.size for each in recorded.entry.seen] == [5]
    assert texts(journal) == ["note 0", "note 1", "note 2", "note 3", "after the loss"]
    assert LocalJournal(ledger).append(note("more")).seq == 1
    assert {each.what for each in journal.verify()} >= {"journal.truncated"}


def test_entries_have_seen_the_other_origins_once(ledger, journal, log, note, tmp_path, texts):
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    other = LocalJournal(copy)
    first = other.append(note("a"))
    assert [(each.origin, each.size) for each in first.entry.seen] == [(journal.origin, 5)]
    assert first.entry.seen[0].root == journal.head().origins[0].root
    assert other.append(note("b")).entry.seen == ()
    assert LocalJournal(copy).append(note("c")).entry.seen == first.entry.seen
    assert texts(other) == [*(f"note {place}" for place in range(5)), "a", "b", "c"]
    assert journal.append(note()).entry.seen == ()


def test_what_has_grown_is_seen_again(ledger, journal, log, note, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ledger, copy)
    other = LocalJournal(copy)
    other.append(note("a"))
    journal.append(note("five"))
    shutil.copytree(log, copy / "journal" / log.name, dirs_exist_ok=True)
    assert [each.size for each in other.append(note("b")).entry.seen] == [6]
    assert other.verify() == []


def test_head_is_the_root_of_all_entries(journal, log, note):
    from ledger.journal.merkle import root

    entries = list(journal.entries())
    (head,) = journal.head().origins
    assert (head.origin, head.size, head.root) == (journal.origin, 5, root(each.id for each in entries))
    journal.seal()
    assert journal.head().origins == (head,)


def test_an_entry_of_a_newer_format_is_refused_by_name_when_asked_for(journal, log, note):
    import cbor2

    body = cbor2.dumps({"v": 9}, canonical=True)
    Writer(log).write(body, leaf_hash(body))
    with pytest.raises(NewerFormatError):
        journal.get(leaf_hash(body))
    junk = b"\xff"
    Writer(log).write(junk, leaf_hash(junk))
    with pytest.raises(FormatError):
        journal.get(leaf_hash(junk))
    assert len(list(journal.entries())) == 5


def test_a_newer_log_is_refused(journal, log, note):
    layout.log_head(log).write_bytes(state.encode_sheet(state.HEAD, {"v": 9}))
    with pytest.raises(NewerFormatError):
        journal.append(note())
    with pytest.raises(NewerFormatError):
        list(journal.entries())
    assert not journal.is_output("x", Digest(bytes(32)))


def test_a_failed_sync_poisons_the_handle_and_no_other(ledger, journal, log, note, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(StorageError) as caught:
        journal.append(note("lost?"))
    assert caught.value.cause == os.strerror(errno.EIO)
    monkeypatch.undo()
    with pytest.raises(StorageError, match="takes no more entries") as caught:
        journal.append(note())
    assert caught.value.hint
    reopened = LocalJournal(ledger)
    assert reopened.append(note("after")).seq == 6
    assert reopened.verify() == []


def test_a_failed_head_does_not_fail_an_append(journal, log, note, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(state, "put_head", fail)
    assert journal.append(note()).seq == 5
    monkeypatch.undo()
    assert journal.append(note()).seq == 6
    assert journal.verify() == []


def test_lost_trials_have_outputs_too(journal, finished):
    whole = finished(("out", b"a"))
    journal.append(
        TrialLost(
            trial=whole.trial,
            reason="killed",
            hyperparameters=(),
            observed=whole.observed,
            outcome=whole.outcome,
            health=(),
        )
    )
    assert whole.outcome.status is Status.OK
    assert journal.is_output("out", Digest.of(b"a"))


def test_a_fork_appends_beside_its_parent(journal, log, note, texts, forked):
    def work():
        for place in range(20):
            journal.append(note(f"child {place}"))

    went_well = forked(work)
    for place in range(20):
        journal.append(note(f"parent {place}"))
    assert went_well()
    entries = list(journal.entries())
    assert [each.seq for each in entries] == list(range(45))
    assert len({each.entry.nonce for each in entries}) == 45
    found = texts(journal)
    for who in ("child", "parent"):
        assert [text for text in found if text.startswith(who)] == [f"{who} {place}" for place in range(20)]
    assert journal.verify() == []


def test_threads_share_a_handle(journal, note, texts):
    def work(who):
        for place in range(10):
            journal.append(note(f"{who} {place}"))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = texts(journal)
    for who in range(4):
        assert [text for text in found if text.startswith(f"{who} ")] == [f"{who} {n}" for n in range(10)]
    assert journal.verify() == []


def test_a_reader_in_the_middle_is_not_disturbed(journal, log, note):
    reader = journal.entries()
    next(reader)
    journal.append(note())
    journal.seal()
    assert [each.seq for each in reader] == [1, 2, 3, 4]


def test_two_claims_at_once_make_one_origin(ledger, forked):
    children = [forked(lambda: origins.claim(ledger)) for _ in range(6)]
    outcomes = [went_well() for went_well in children]
    assert all(outcomes)
    assert len(origins.logs(ledger)) == 1


def test_an_entry_is_synced_after_the_lock_is_free_and_before_head_tells_of_it(
    journal, log, note, monkeypatch
):
    seen = []

    def sync(descriptor):
        free = fs.try_lock(layout.log_lock(log))
        seen.append((free is not None, state.read_head(log).frontier.size, os.fstat(descriptor).st_size))
        os.close(free)

    monkeypatch.setattr(os, "fdatasync", sync)
    before = layout.tail(log, 0).stat().st_size
    recorded = journal.append(note())
    assert seen == [(True, 5, before + HEADER + len(recorded.body))]
    assert state.read_head(log).frontier.size == 6


def test_the_name_of_a_new_tail_is_synced_before_its_first_entry(journal, log, note, monkeypatch):
    journal.seal()
    synced = []
    real = fs.sync_directory

    def sync(path):
        synced.append((path, layout.tail(log, 5).stat().st_size))
        real(path)

    monkeypatch.setattr(fs, "sync_directory", sync)
    journal.append(note())
    journal.append(note())
    assert synced == [(log, 0)]


def test_a_segment_is_durable_before_its_tail_goes(journal, log, monkeypatch):
    calls = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)

        def sync(descriptor, real=real):
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            if log in (path, path.parent):
                calls.append(path.name[:6])
            real(descriptor)

        monkeypatch.setattr(os, name, sync)
    unlink = Path.unlink

    def gone(path, **options):
        if path.name.startswith("tail"):
            calls.append("gone")
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", gone)
    journal.seal()
    folder = log.name[:6]
    assert calls == ["tail-0", ".segme", folder, ".seale", folder, "head", "gone"]
