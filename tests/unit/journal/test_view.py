import os

from ledger import fs
from ledger.journal import state
from ledger.journal.seal import seal
from ledger.journal.view import opened
from ledger.model import layout


def seqs(log, **options):
    with opened(log, **options) as view:
        return [row.seq for row in view.rows()]


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_reader_waits_for_nobody(log):
    with fs.locked(layout.log_lock(log)):
        assert seqs(log) == [0, 1, 2, 3, 4]


def test_a_still_view_is_opened_between_writes_and_blocks_nobody_while_it_is_read(log, journal, note):
    with opened(log, still=True) as view:
        journal.append(note("six"))
        assert [row.seq for row in view.rows()] == [0, 1, 2, 3, 4]
    assert seqs(log, still=True) == [0, 1, 2, 3, 4, 5]


def test_no_descriptor_is_left(log, journal, note):
    journal.seal()
    journal.append(note())
    before = descriptors()
    for _ in range(3):
        assert len(seqs(log)) == 6
        assert len(seqs(log, still=True)) == 6
    assert descriptors() == before


def test_a_log_without_a_lock_file_can_be_read(log):
    layout.log_lock(log).unlink()
    assert seqs(log, still=True) == [0, 1, 2, 3, 4]


def test_entries_behind_what_head_tells_are_read(log, journal, note):
    head = layout.log_head(log).read_bytes()
    journal.append(note())
    layout.log_head(log).write_bytes(head)
    assert seqs(log) == [0, 1, 2, 3, 4, 5]


def test_without_sealed_the_names_tell(log, journal, note):
    journal.seal()
    journal.append(note())
    for damage in (b"other bytes", b""):
        layout.log_sealed(log).write_bytes(damage)
        assert seqs(log) == [0, 1, 2, 3, 4, 5]
    layout.log_sealed(log).unlink()
    assert seqs(log) == [0, 1, 2, 3, 4, 5]


def test_without_head_and_sealed_the_names_tell(log, journal, note):
    journal.seal()
    journal.append(note())
    layout.log_sealed(log).unlink()
    layout.log_head(log).unlink()
    assert seqs(log) == [0, 1, 2, 3, 4, 5]


def test_no_entry_is_read_twice_where_a_seal_died_and_the_sheets_are_lost(log):
    tail = layout.tail(log, 0).read_bytes()
    seal(log, lambda: None)
    layout.tail(log, 0).write_bytes(tail)
    layout.log_sealed(log).write_bytes(b"other bytes")
    layout.log_head(log).write_bytes(b"other bytes")
    assert seqs(log) == [0, 1, 2, 3, 4]


def test_a_missing_segment_costs_its_entries(log, journal, note):
    for _ in range(3):
        journal.append(note(os.urandom(2500).hex()))
    journal.seal()
    journal.append(note())
    journal.seal()
    journal.append(note())
    first = state.read_sealed(log).segments[0]
    layout.segment(log, first.first, first.end).unlink()
    assert seqs(log) == [8, 9]


def test_an_empty_segment_file_costs_its_entries(log, journal, note):
    journal.seal()
    journal.append(note())
    layout.segment(log, 0, 5).write_bytes(b"")
    assert seqs(log) == [5]


def test_a_segment_that_is_sealed_as_it_is_and_no_segment_costs_its_entries(log, journal, note):
    from ledger.model import Digest

    journal.seal()
    journal.append(note())
    layout.segment(log, 0, 5).write_bytes(b"ARROW1 but not so")
    sealed = state.read_sealed(log)
    forged = sealed.segments[0]._replace(digest=Digest.of(b"ARROW1 but not so"))
    layout.log_sealed(log).write_bytes(state.encode_sealed(sealed._replace(segments=(forged,))))
    assert seqs(log) == [5]
    assert journal.table().num_rows == 1
    assert journal.verify()
