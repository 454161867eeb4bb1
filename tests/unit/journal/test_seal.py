import itertools
import os
import time

import pytest

from ledger.journal import arrow, merkle, state, view
from ledger.journal import seal as sealing
from ledger.journal.seal import seal
from ledger.model import Digest, layout


def segments(place):
    return sorted(name for name in os.listdir(place) if layout.segment_span(name))


def spans(place):
    return [layout.segment_span(name) for name in segments(place)]


def test_the_tail_becomes_a_segment(journal, log, texts):
    before, head = list(journal.entries()), journal.head()
    journal.seal()
    assert spans(log) == [(0, 5)]
    assert not any(layout.tail_first(name) is not None for name in os.listdir(log))
    assert list(journal.entries()) == before
    assert journal.head() == head
    assert journal.verify() == []


def test_an_empty_tail_changes_nothing(journal, log):
    journal.seal()
    before = {name: (log / name).stat().st_mtime_ns for name in os.listdir(log)}
    journal.seal()
    assert {name: (log / name).stat().st_mtime_ns for name in os.listdir(log)} == before


def test_a_journal_without_a_log_has_nothing_to_seal(journal):
    journal.seal()
    assert list(journal.entries()) == []


def test_sealed_knows_the_file(journal, log):
    journal.seal()
    (record,) = state.read_sealed(log).segments
    assert record.digest == Digest.of((log / segments(log)[0]).read_bytes())


def test_segments_stay_few(journal, log, note):
    for place in range(40):
        journal.append(note(f"more {place}"))
        journal.seal()
    assert len(segments(log)) <= 6
    assert spans(log)[0][0] == 0
    assert spans(log)[-1][1] == 45
    assert [each.seq for each in journal.entries()] == list(range(45))
    assert journal.verify() == []


@pytest.mark.slow
def test_a_thousand_seals_leave_few_segments_and_every_proof_as_it_was(journal, log, note):
    leaves = [each.id for each in journal.entries()]
    heads, first = [journal.head().origins[0]], merkle.inclusion_proof(leaves, 3)
    for place in range(1000):
        leaves.append(journal.append(note(f"more {place}")).id)
        before = journal.head()
        journal.seal()
        assert journal.head() == before
        assert len(segments(log)) <= 2 + (place + 6).bit_length()
        if place % 100 == 0:
            heads.append(before.origins[0])
    stored = [each.id for each in journal.entries()]
    assert stored == leaves
    assert journal.verify() == []
    assert merkle.inclusion_proof(stored[:5], 3) == first
    for old, new in itertools.pairwise(heads):
        proof = merkle.consistency_proof(stored[: new.size], old.size)
        assert merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)


def test_large_segments_are_not_merged(journal, log, note, monkeypatch):
    monkeypatch.setattr(sealing, "MERGE_LIMIT", 1)
    for _ in range(3):
        journal.append(note())
        journal.seal()
    assert spans(log) == [(0, 6), (6, 7), (7, 8)]


def test_a_large_segment_is_left_alone_by_small_ones(journal, log, note):
    for _ in range(100):
        journal.append(note("x" * 500))
    journal.seal()
    journal.append(note())
    journal.seal()
    assert spans(log) == [(0, 105), (105, 106)]


def test_a_torn_end_is_not_sealed(journal, log):
    with open(layout.tail(log, 0), "ab") as file:
        file.write(b"LDGF torn")
    journal.seal()
    assert spans(log) == [(0, 5)]
    assert journal.verify() == []


def test_a_damaged_tail_stays_as_it_is(journal, log, flip, note):
    flip(layout.tail(log, 0), 64)
    before = layout.tail(log, 0).read_bytes()
    journal.seal()
    journal.table()
    assert layout.tail(log, 0).read_bytes() == before
    assert [finding.where.rpartition("@")[2] for finding in journal.verify()] == ["0"]
    assert journal.append(note("more")).seq == 5


def test_a_log_that_lost_something_stays_as_it_is(journal, log):
    os.truncate(layout.tail(log, 0), 100)
    before = sorted(os.listdir(log))
    journal.seal()
    assert sorted(os.listdir(log)) == before


def test_a_damaged_segment_is_not_merged_away(journal, log, flip, note):
    journal.seal()
    damaged = segments(log)[0]
    flip(log / damaged, 1500)
    for _ in range(3):
        journal.append(note())
        journal.seal()
    assert damaged in segments(log)
    assert journal.verify()


def test_a_merge_that_died_is_cleared_away(journal, log, note):
    journal.seal()
    small = (log / segments(log)[0]).read_bytes()
    name = segments(log)[0]
    journal.append(note())
    journal.seal()
    assert spans(log) == [(0, 6)]
    (log / name).write_bytes(small)  # as if the merge had died before it removed this one
    layout.tail(log, 0).write_bytes(b"an old tail")
    assert len(list(journal.entries())) == 6
    journal.append(note())
    journal.seal()
    assert name not in segments(log)
    assert not layout.tail(log, 0).exists()
    assert journal.verify() == []


def test_what_may_be_needed_is_not_cleared_away(journal, log, note, flip):
    journal.seal()
    name = segments(log)[0]
    small = (log / name).read_bytes()
    journal.append(note())
    journal.seal()
    (log / name).write_bytes(small)
    flip(log / segments(log)[-1], 1500)
    journal.append(note())
    journal.seal()
    assert name in segments(log)


def test_half_made_files_are_cleared_away_when_they_are_old(journal, log):
    new, old = log / ".segment.1", log / ".segment.2"
    for path in (new, old):
        path.write_bytes(b"half")
    long_ago = time.time() - 7 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    journal.seal()
    assert new.exists()
    assert not old.exists()


def test_a_seal_that_died_before_it_counted_is_done_again(journal, log, monkeypatch, note):
    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(state, "encode_sealed", die)
    with pytest.raises(KeyboardInterrupt):
        seal(log, lambda: None)
    monkeypatch.undo()
    assert spans(log) == [(0, 5)]
    journal.append(note("six"))
    assert journal.verify() == []
    journal.seal()
    assert spans(log) == [(0, 6)]
    assert len(list(journal.entries())) == 6
    assert journal.verify() == []


def test_a_reader_of_segments_that_are_merged_away_goes_on(journal, log, note, monkeypatch):
    monkeypatch.setattr(sealing, "MERGE_LIMIT", 1)
    journal.seal()
    for _ in range(3):
        journal.append(note())
        journal.seal()
    reader = journal.entries()
    first = next(reader)
    monkeypatch.undo()
    journal.append(note())
    journal.seal()
    assert spans(log) == [(0, 9)]
    assert [each.seq for each in (first, *reader)] == list(range(8))


def test_a_table_outlives_a_merge(journal, log, note):
    table = journal.table()
    for _ in range(3):
        journal.append(note())
        journal.seal()
    assert table.column("seq").to_pylist() == list(range(5))
    seqs = [row.seq for batch in table.to_batches() for row in arrow.rows(batch) if row.whole]
    assert seqs == list(range(5))


def test_a_view_that_was_opened_while_a_seal_ran_is_one_moment(journal, log, monkeypatch):
    # The seal happens between the look at `sealed` and the look at the tail.
    real, calls = view._tail, []

    def racing(*arguments):
        if not calls:
            calls.append(1)
            journal.seal()
        return real(*arguments)

    monkeypatch.setattr(view, "_tail", racing)
    with view.opened(log) as seen:
        assert [row.seq for row in seen.rows()] == list(range(5))
    assert calls


def test_the_hook_runs_while_the_tail_is_there_and_told_of(log):
    seen = []

    def look():
        seen.append((layout.tail(log, 0).exists(), state.read_head(log).frontier.size))

    seal(log, look)
    assert seen == [(True, 5)]
