import os

import pytest

from ledger import fs
from ledger.errors import NewerFormatError
from ledger.journal import log as logs
from ledger.journal import state
from ledger.journal.log import UnsoundError, look, standing
from ledger.journal.merkle import Frontier, leaf_hash, root
from ledger.journal.seal import seal
from ledger.journal.state import HeadRecord
from ledger.journal.writer import Writer
from ledger.model import layout

BODIES = [f"body {place}".encode() for place in range(5)]
LEAVES = [leaf_hash(body) for body in BODIES]


def add(log, body, *, published=True):
    writer = Writer(log)
    written = writer.write(body, leaf_hash(body))
    if published:
        writer.publish(written.record)
    return written


@pytest.fixture
def log(tmp_path):
    path = tmp_path / bytes(16).hex()
    logs.create(path)
    return path


@pytest.fixture
def filled(log):
    for body in BODIES:
        add(log, body)
    return log


def tail_size(log, first=0):
    return layout.tail(log, first).stat().st_size


def test_a_new_log_is_empty(log):
    now = standing(log)
    assert (now.size, now.first, now.offset, now.unsound) == (0, 0, 0, None)


def test_entries_follow_one_another(filled):
    now = standing(filled)
    assert now.frontier == Frontier().extend(LEAVES)
    assert now.offset == now.length == tail_size(filled)
    assert now.head == now.record()


def test_what_head_does_not_tell_yet_is_found(log):
    for body in BODIES:
        add(log, body, published=False)
    assert standing(log).head.frontier.size == 0
    assert standing(log).frontier.root() == root(LEAVES)


@pytest.mark.parametrize("name", ["head", "sealed"])
def test_one_sheet_is_enough(filled, name):
    before = standing(filled).frontier
    for damage in (b"", b"other bytes" * 100):
        (filled / name).write_bytes(damage)
        assert standing(filled).frontier == before
        assert standing(filled).unsound is None
    (filled / name).unlink()
    assert standing(filled).frontier == before


@pytest.mark.parametrize("name", ["head", "sealed"])
def test_one_sheet_is_enough_once_sealed(filled, name):
    seal(filled, lambda: None)
    add(filled, b"behind the segment")
    before = standing(filled).frontier
    (filled / name).write_bytes(b"other bytes")
    assert standing(filled).frontier == before
    assert standing(filled).unsound is None
    assert add(filled, b"more").seq == 6


def test_without_both_sheets_nothing_is_appended(filled):
    seal(filled, lambda: None)
    for name in ("head", "sealed"):
        (filled / name).write_bytes(b"other bytes")
    with pytest.raises(UnsoundError, match="has lost entries"):
        Writer(filled).write(b"x", leaf_hash(b"x"))
    for name in ("head", "sealed"):
        (filled / name).unlink()
    assert standing(filled).unsound


def test_a_torn_end_is_cut_off(filled):
    size = tail_size(filled)
    with open(layout.tail(filled, 0), "ab") as file:
        file.write(b"LDGF torn" * 1000)
    assert standing(filled).offset == size
    assert add(filled, b"six").seq == 5
    now = standing(filled)
    assert now.size == 6
    assert now.length == now.offset


def test_a_tail_shorter_than_head_says_takes_no_more(filled):
    os.truncate(layout.tail(filled, 0), tail_size(filled) - 1)
    now = standing(filled)
    assert "should hold" in now.unsound
    assert now.size == 4
    with pytest.raises(UnsoundError):
        Writer(filled).write(b"x", leaf_hash(b"x"))


def test_a_lost_tail_takes_no_more(filled):
    layout.tail(filled, 0).unlink()
    assert standing(filled).unsound
    assert standing(filled).size == 0


def test_a_damaged_body_in_front_of_others_does_not_stop_appends(log, flip):
    for body in BODIES:
        add(log, body, published=False)
    flip(layout.tail(log, 0), 64)
    assert add(log, b"six").seq == 5
    assert standing(log).frontier.root() == root([*LEAVES, leaf_hash(b"six")])


def test_a_lost_leaf_in_front_of_others_does(log, flip):
    for body in BODIES:
        add(log, body, published=False)
    flip(layout.tail(log, 0), 70 + 8)
    now = standing(log)
    assert "entry 1 is missing" in now.unsound
    assert now.size == 1


def test_head_never_goes_back(filled):
    writer, late = Writer(filled), Writer(filled)
    older = late.write(b"six", leaf_hash(b"six"))
    newer = writer.write(b"seven", leaf_hash(b"seven"))
    writer.publish(newer.record)
    late.publish(older.record)
    assert state.read_head(filled) == newer.record


def test_a_busy_log_is_published_by_the_other(filled):
    writer = Writer(filled)
    written = writer.write(b"six", leaf_hash(b"six"))
    with fs.locked(layout.log_lock(filled)):
        writer.publish(written.record)
    assert state.read_head(filled).frontier.size == 5
    writer.publish(written.record)
    assert state.read_head(filled).frontier.size == 6


def test_a_crash_between_sealed_and_head_loses_nothing(filled):
    head = layout.log_head(filled).read_bytes()
    tail = layout.tail(filled, 0).read_bytes()
    seal(filled, lambda: None)
    layout.log_head(filled).write_bytes(head)
    layout.tail(filled, 0).write_bytes(tail)
    now = standing(filled)
    assert (now.size, now.first, now.unsound) == (5, 5, None)
    assert add(filled, b"six").seq == 5
    assert tail_size(filled, 5) > 0


def test_a_head_that_tells_of_more_than_sealed_holds_is_not_believed_blindly(filled):
    seal(filled, lambda: None)
    more = Frontier().extend([*LEAVES, LEAVES[0]])
    state.write_head(filled, HeadRecord(frontier=more, first=0, offset=0))
    assert "tells of 6" in standing(filled).unsound


def test_a_newer_log_is_refused(filled):
    layout.log_head(filled).write_bytes(state.encode_sheet(state.HEAD, {"v": 2}))
    with pytest.raises(NewerFormatError):
        Writer(filled).write(b"x", leaf_hash(b"x"))


def test_looking_does_not_take_the_lock(filled):
    with fs.locked(layout.log_lock(filled)):
        assert look(filled).size == 5


def test_a_failed_write_leaves_the_log_as_it_was(filled, monkeypatch):
    size = tail_size(filled)
    real = os.write
    calls = []

    def short(descriptor, content):
        calls.append(len(content))
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(content)[:10])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="No space"):
        Writer(filled).write(b"x" * 100, leaf_hash(b"x" * 100))
    monkeypatch.undo()
    assert len(calls) == 2
    assert tail_size(filled) == size
    assert add(filled, b"six").seq == 5


def test_a_process_forked_while_a_lock_is_held_does_not_keep_it(log, forked):
    # A recorder's pump is forked by one thread while another one may append; it lives as long as its trial.
    reading, writing = os.pipe()
    with fs.locked(layout.log_lock(log)):
        done = forked(lambda: os.read(reading, 1))
    lock = fs.try_lock(layout.log_lock(log))
    assert lock is not None
    other = forked(lambda: os.read(reading, 1))
    fs.release(lock)
    assert add(log, b"one").seq == 0
    os.write(writing, b"..")
    assert done()
    assert other()
