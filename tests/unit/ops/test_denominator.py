import os
import shutil
from dataclasses import replace

import pytest

from ledger.journal import local
from ledger.journal.memory import MemoryJournal
from ledger.model import Head, Observed, OriginHead, Status, Tag, Tombstone, TrialLost, layout
from ledger.ops import denominator


def lose(maker, id):
    lost = TrialLost(
        trial=id,
        reason="gone",
        hyperparameters=(),
        observed=Observed(affinity=1),
        outcome=maker.outcome(status=Status.LOST),
        health=(),
    )
    maker.journal.append(lost)


@pytest.fixture(params=[2, 256], ids=["sealed", "tail"])
def filled(maker, request, monkeypatch):
    """Eight trials of one experiment, whatever came of them, and one of another and of none."""
    monkeypatch.setattr(local, "SEAL_AT", request.param)
    ids = [maker.trial(experiment="digits") for _ in range(3)]
    ids += [maker.trial(experiment="digits", status=Status.FAILED) for _ in range(2)]
    ids += [maker.start(experiment="digits")[0] for _ in range(3)]
    lose(maker, ids[-1])
    lose(maker, ids[0])  # its end was seen: that counts
    maker.trial(experiment="other")
    maker.trial()
    for id in (ids[0], ids[6]):
        maker.journal.append(Tombstone(target=id, reason="noise"))
    return maker


def heads(maker):
    """The head of now, and every one before it."""
    own = maker.journal.head().origins[0]
    for size in range(own.size + 1):
        yield Head(origins=(OriginHead(origin=own.origin, size=size, root=own.root),) if size else ())


def test_all_that_were_started_count(filled):
    found = denominator.count(filled.journal, filled.journal.head(), "digits")
    assert (found.trials, found.removed) == (8, 2)
    assert found.statuses == {Status.OK: 3, Status.FAILED: 2, Status.RUNNING: 2, Status.LOST: 1}
    assert denominator.count(filled.journal, filled.journal.head(), "none").trials == 0


def test_a_head_holds_what_is_in_it(filled):
    counts = [denominator.count(filled.journal, head, "digits") for head in heads(filled)]
    assert [each.trials for each in counts] == sorted(each.trials for each in counts)
    assert (counts[0].trials, counts[1].trials, counts[1].statuses) == (0, 1, {Status.RUNNING: 1})
    assert all(sum(each.statuses.values()) == each.trials for each in counts)


def read(journal, head, name):
    """As it is counted where there is no index."""
    tally = denominator._Tally(head, name)
    for recorded in journal.entries():
        tally.add(recorded)
    return tally.result()


@pytest.mark.parametrize("name", ["digits", "other", "none"])
def test_the_index_counts_as_reading_does(filled, name):
    for head in heads(filled):
        expected = read(filled.journal, head, name)
        assert denominator.count(filled.journal, head, name) == expected
        assert denominator.total(filled.journal, head, name) == expected.trials


def test_what_another_log_says_of_a_trial(filled, tmp_path, monkeypatch):
    """Where a log has not seen the trial's own, its entries may come before the start."""
    running = next(each for each in filled.trials if each.status is Status.RUNNING)
    for place in (0, 255):
        folder = tmp_path / f"other{place}" / ".ledger"
        with monkeypatch.context() as patched:
            patched.setattr(os, "urandom", lambda size, place=place: bytes([place]) * size)
            other = local.LocalJournal(folder)
            for name in ("a", "b"):
                other.append(Tag(trial=running.id, name=name))
        shutil.copytree(layout.log(folder, other.origin), layout.log(filled.folder, other.origin))
    first = next(local.LocalJournal(filled.folder).entries())
    assert isinstance(first.entry.payload, Tag)
    journal = local.LocalJournal(filled.folder)
    whole = journal.head()
    assert len(whole.origins) == 3
    for size in range(next(each.size for each in whole.origins if each.origin == filled.journal.origin)):
        cut = tuple(
            replace(each, size=size) if each.origin == filled.journal.origin else each
            for each in whole.origins
        )
        head = Head(origins=tuple(each for each in cut if each.size))
        expected = read(journal, head, "digits")
        assert denominator.count(journal, head, "digits") == expected
        assert denominator.total(journal, head, "digits") == expected.trials


def test_a_damaged_index_is_done_without(filled):
    head = filled.journal.head()
    expected = read(filled.journal, head, "digits")
    assert denominator.count(filled.journal, head, "digits") == expected
    for path in layout.index(filled.folder).iterdir():
        path.write_bytes(b"damaged")
    journal = local.LocalJournal(filled.folder)
    assert denominator.count(journal, head, "digits") == expected
    assert denominator.total(journal, head, "digits") == expected.trials


def test_an_experiment_that_was_taken_back_as_a_whole(maker):
    id = maker.trial(experiment="digits")
    maker.trial()
    maker.journal.append(Tombstone(target=id, reason="noise"))
    assert denominator.total(maker.journal, maker.journal.head(), "digits") == 1


def test_a_journal_without_an_index(maker):
    journal = MemoryJournal()
    journal.append(maker.start(experiment="digits")[1])
    assert denominator.total(journal, journal.head(), "digits") == 1
