"""A writer that keeps its files open does as one that opens them each time."""

import fcntl
import os
import shutil
import threading
from pathlib import Path

import pytest

from ledger import fs
from ledger.errors import NewerFormatError
from ledger.journal import log as logs
from ledger.journal import state
from ledger.journal.local import LocalJournal
from ledger.journal.log import UnsoundError, standing
from ledger.journal.merkle import leaf_hash, root
from ledger.journal.seal import seal
from ledger.journal.state import HeadRecord
from ledger.journal.tail import encode_frame
from ledger.journal.writer import Writer
from ledger.model import layout


def put(writer, text, *, published=True):
    body = text.encode()
    written = writer.write(body, leaf_hash(body))
    if published:
        writer.publish(written.record)
    return written.seq


@pytest.fixture
def place(tmp_path):
    path = tmp_path / bytes(16).hex()
    logs.create(path)
    return path


@pytest.fixture
def writer(place):
    made = Writer(place)
    for text in ("0", "1", "2"):
        put(made, text)
    return made


def whole(place, count):
    now = standing(place)
    assert (now.size, now.unsound, now.offset) == (count, None, now.length)
    assert now.frontier.root() == root(leaf_hash(str(number).encode()) for number in range(count))


def test_two_writers_in_turns_follow_one_another(place, writer):
    other = Writer(place)
    for number in range(3, 40):
        assert put((writer, other)[number % 2], str(number), published=number % 5 == 0) == number
    whole(place, 40)


@pytest.mark.parametrize("relay", [b"", b"\xff" * 200, None])
def test_what_another_has_left_in_the_lock_file_is_not_needed(place, writer, relay):
    other = Writer(place)
    put(other, "3", published=False)
    lock = layout.log_lock(place)
    lock.write_bytes(lock.read_bytes()[:-1] if relay is None else relay)
    assert put(writer, "4") == 4
    whole(place, 5)


def test_what_was_left_for_an_earlier_length_is_not_believed(place, writer):
    other = Writer(place)
    left = layout.log_lock(place).read_bytes()
    put(other, "3", published=False)
    layout.log_lock(place).write_bytes(left)
    assert put(writer, "4") == 4
    whole(place, 5)


def test_a_new_writer_believes_only_the_tail(place, writer):
    put(writer, "3", published=False)
    with open(layout.tail(place, 0), "r+b") as file:  # as a power cut may leave it: the length, not the bytes
        file.seek(-1, os.SEEK_END)
        file.write(b"\0")
    assert put(Writer(place), "3") == 3
    whole(place, 4)


def test_anothers_torn_end_is_cut_off(place, writer):
    frame = encode_frame(3, leaf_hash(b"3"), b"3" * 1)
    with open(layout.tail(place, 0), "ab") as file:
        file.write(frame[:-1])
    assert put(writer, "3") == 3
    whole(place, 4)


def test_a_seal_by_another_is_noticed(place, writer):
    assert seal(place, lambda: None)
    assert put(writer, "3") == 3
    assert layout.tail(place, 3).stat().st_size > 0
    assert not layout.tail(place, 0).exists()
    assert state.read_head(place).first == 3


@pytest.mark.parametrize("call", ["write_head", "tail"])
def test_a_seal_that_died_with_its_tail_still_there_is_noticed(place, writer, monkeypatch, call):
    unlink = Path.unlink

    def die(path, **options):
        if path.name.startswith("tail"):
            raise KeyboardInterrupt
        unlink(path, **options)

    with monkeypatch.context() as patched:
        if call == "tail":
            patched.setattr(Path, "unlink", die)
        else:
            real, calls = state.write_head, []

            def second(log, record, **options):
                calls.append(record)
                if len(calls) == 2:  # the first tells of the tail; the second, of the segment
                    raise KeyboardInterrupt
                real(log, record, **options)

            patched.setattr(state, call, second)
        with pytest.raises(KeyboardInterrupt):
            seal(place, lambda: None)
    assert layout.tail(place, 0).exists()
    assert state.read_sealed(place).frontier.size == 3
    assert put(writer, "3") == 3
    assert layout.tail(place, 3).stat().st_size > 0
    assert standing(place).size == 4


def test_a_late_publication_does_not_undo_a_seal(place, writer):
    body = b"3"
    written = writer.write(body, leaf_hash(body))
    seal(place, lambda: None)
    writer.publish(written.record)
    assert (state.read_head(place).first, state.read_head(place).frontier.size) == (4, 4)


def test_a_lock_file_that_was_removed_is_made_again(place, writer):
    layout.log_lock(place).unlink()
    assert put(writer, "3") == 3
    with fs.locked(layout.log_lock(place)):
        taken = threading.Thread(target=put, args=(writer, "4"))
        taken.start()
        taken.join(0.2)
        assert taken.is_alive()  # it waits for the lock that is there now
    taken.join()
    whole(place, 5)


def test_a_lock_file_that_is_removed_while_it_is_waited_for_is_made_again(place, writer, monkeypatch):
    real, calls = fcntl.flock, []

    def flock(descriptor, operation):
        real(descriptor, operation)
        calls.append(operation)
        if len(calls) == 1:
            layout.log_lock(place).unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    assert put(writer, "3") == 3
    assert calls[:3] == [fcntl.LOCK_EX, fcntl.LOCK_UN, fcntl.LOCK_EX]
    assert layout.log_lock(place).exists()


@pytest.mark.parametrize("damage", ["gone", "torn", "other file"])
def test_a_head_that_was_damaged_is_written_again(place, writer, damage):
    head = layout.log_head(place)
    if damage == "torn":
        head.write_bytes(b"torn")
    else:
        head.unlink()
        if damage == "other file":
            state.write_head(place, HeadRecord(frontier=state.EMPTY, first=0, offset=0))
    assert put(writer, "3") == 3
    assert state.read_head(place).frontier.size == 4
    whole(place, 4)


def test_a_head_of_a_newer_format_is_refused(place, writer):
    layout.log_head(place).write_bytes(state.encode_sheet(state.HEAD, {"v": 2}))
    with pytest.raises(NewerFormatError):
        put(writer, "3")


def test_a_tail_that_lost_something_takes_no_more(place, writer):
    path = layout.tail(place, 0)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(UnsoundError):
        put(writer, "3")


def test_numbers_that_are_other_files_by_now_are_not_written_to(place, writer, tmp_path):
    # A program may close every descriptor that it finds, and open its own.
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    numbers = [writer._lock.number, writer._known.tail.number, writer._known.head.number]
    for number in numbers:
        os.close(number)
    opened = [os.open(other, os.O_RDWR) for _ in numbers]
    assert set(opened) == set(numbers)
    assert put(writer, "3") == 3
    assert other.read_bytes() == b"mine"
    for number in opened:
        assert os.pread(number, 4, 0) == b"mine"  # nor closed
        os.close(number)
    whole(place, 4)


def test_numbers_that_are_closed_are_opened_again(place, writer):
    for number in (writer._lock.number, writer._known.tail.number, writer._known.head.number):
        os.close(number)
    assert put(writer, "3") == 3
    whole(place, 4)


def test_a_forked_child_lets_go_of_what_it_inherits(place, writer, forked):
    numbers = (writer._lock.number, writer._known.tail.number, writer._known.head.number)

    def work():
        for number in numbers:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(number)
        assert put(writer, "3") == 3

    assert forked(work)()
    assert put(writer, "4") == 4
    whole(place, 5)


def test_a_child_forked_while_a_thread_appends_can_append(place, writer, forked):
    going = threading.Event()
    stop = threading.Event()

    def appending():
        count = 0
        while not stop.is_set():
            put(writer, f"thread {count}")
            going.set()
            count += 1

    thread = threading.Thread(target=appending)
    thread.start()
    going.wait()
    children = [forked(lambda: put(writer, "child")) for _ in range(20)]
    outcomes = [went_well() for went_well in children]
    assert all(outcomes)
    stop.set()
    thread.join()
    now = standing(place)
    assert (now.unsound, now.offset) == (None, now.length)


def test_a_ledger_that_a_copy_was_put_in_place_of_gets_an_origin_of_its_own(ledger, journal, log, note):
    first = journal.origin
    shutil.copytree(ledger, ledger.with_name("copy"))
    ledger.rename(ledger.with_name("kept"))  # keeps its inodes, so that they are not given to the copy
    ledger.with_name("copy").rename(ledger)
    recorded = journal.append(note("in the copy"))
    assert recorded.entry.origin != first
    assert [(each.origin, each.size) for each in recorded.entry.seen] == [(first, 5)]


def test_a_ledger_that_was_removed_is_made_anew(ledger, journal, log, note):
    shutil.rmtree(ledger)
    ledger.mkdir()
    assert journal.append(note("anew")).seq == 0
    assert len(list(LocalJournal(ledger).entries())) == 1
    assert journal.verify() == []


@pytest.mark.parametrize("age", [0, 3600])
def test_an_origin_that_came_since_is_seen(ledger, journal, log, note, tmp_path, age):
    past = layout.journal(ledger).stat().st_mtime - age
    os.utime(layout.journal(ledger), (past, past))
    journal.append(note("listed"))
    shutil.copytree(ledger, tmp_path / "copy")
    other = LocalJournal(tmp_path / "copy")
    origin = other.append(note("elsewhere")).entry.origin
    shutil.copytree(layout.log(tmp_path / "copy", origin), layout.log(ledger, origin))
    assert [each.origin for each in journal.append(note("seen")).entry.seen] == [origin]
    assert journal.append(note("not again")).entry.seen == ()
