"""A search's history by its index, which comes back whatever becomes of it; the entries are real."""

import os

import pytest

from ledger.journal.local import SEAL_AT, LocalJournal
from ledger.model import Note, ProposalSource, TrialProposed, layout
from ledger.model.space import Objective
from ledger.ops import searches
from ledger.ops.tune.history import History
from ledger.ops.tune.reading import Reading
from tests.searches import search


class Searches:
    """Two searches in one ledger, which ask for different metrics of the same trials."""

    def __init__(self, maker):
        self.maker, self.ledger = maker, maker.folder
        self.searches = {name: search(Objective(metric=name)) for name in ("loss", "score")}
        self.ids = {
            name: maker.journal.append(searches.created(name, each)).id
            for name, each in self.searches.items()
        }

    def trial(self, number):
        """Proposed by both, run for one, and adopted by the other."""
        trial = self.maker.trial(
            metrics={"loss": float(number), "score": float(-number)},
            experiment="loss",
            proposal=self.propose("loss", number),
        )
        self.propose("score", number, adopted=trial)

    def propose(self, name, number, **more):
        return self.maker.journal.append(
            TrialProposed(
                experiment=name,
                search=self.ids[name],
                number=number,
                values=(("lr", 0.5),),
                point=(0.5,),
                head=self.maker.journal.head(),
                source=ProposalSource.SAMPLER,
                **more,
            )
        ).id

    def reading(self, name="loss"):
        journal = LocalJournal(self.ledger)
        return Reading(journal, self.ledger, lambda: History(self.ids[name], self.searches[name]))

    def whole(self, name="loss"):
        found = History(self.ids[name], self.searches[name])
        for each in self.maker.journal.entries():
            found.add(each)
        return found.at()

    def index(self):
        """Contents of the files."""
        folder = layout.index(self.ledger)
        names = [each for each in os.listdir(folder) if each.startswith("searches") and each[8:] != ".lock"]
        return {name: (folder / name).read_bytes() for name in sorted(names)}


@pytest.fixture
def told(maker):
    found = Searches(maker)
    for number in range(5):
        found.trial(number)
    return found


def read(reading):
    history, _ = reading.up_to_now()
    reading.keep()
    return history.at()


def test_no_entry_is_read_twice(told, monkeypatch):
    assert read(told.reading()) == told.whole()
    monkeypatch.setattr("ledger.ops.tune.reading.fact_of", None)
    assert read(told.reading()) == told.whole()
    assert read(told.reading("score")) == told.whole("score")
    assert [each.measured.values for each in told.whole("score")][-1] == (-4.0,)


@pytest.mark.parametrize("damage", ["sheet", "batch", "gone", "sheet gone"])
def test_an_index_that_is_damaged_comes_back_the_same(told, damage):
    assert read(told.reading()) == told.whole()
    before = told.index()
    sheet, batch = (layout.index(told.ledger) / name for name in before)
    if damage == "sheet":
        sheet.write_bytes(sheet.read_bytes()[:-1])
    elif damage == "batch":
        content = bytearray(batch.read_bytes())
        content[len(content) // 2] ^= 1
        batch.write_bytes(content)
    elif damage == "gone":
        batch.unlink()
    else:
        sheet.unlink()
    assert read(told.reading()) == told.whole()
    (_, now), (_, then) = told.index().items(), before.items()
    assert now[1][8:-16] == then[1][8:-16]  # all but the length and the check, which no two have


def test_one_that_is_deleted_meanwhile_has_all_again(told):
    """Of what was had from the index, the other search's metrics are not known: all is read again."""
    read(told.reading())
    going = told.reading()
    read(going)
    for name in told.index():
        (layout.index(told.ledger) / name).unlink()
    told.trial(5)
    for _ in range(2):
        assert read(going) == told.whole()
    assert read(told.reading("score")) == told.whole("score")


def test_who_is_behind_leaves_it_to_who_is_not(told):
    first, second = told.reading(), told.reading()
    first.up_to_now(), second.up_to_now()
    told.trial(5)
    read(second)
    before = told.index()
    first.keep()
    assert told.index() == before
    assert read(first) == told.whole()
    assert read(told.reading()) == told.whole()


def test_small_batches_become_one(told):
    reading = told.reading()
    for number in range(5, 20):
        told.trial(number)
        read(reading)
    assert len(told.index()) <= 7
    assert read(told.reading()) == told.whole()


def test_the_index_of_another_release_is_made_anew(told, monkeypatch):
    read(told.reading())
    monkeypatch.setattr("ledger.ops.tune.fact_columns.VERSION", 2)
    assert read(told.reading()) == told.whole()
    monkeypatch.setattr("ledger.ops.tune.reading.fact_of", None)
    assert read(told.reading()) == told.whole()


def test_a_ledger_that_cannot_be_written_is_read(told, monkeypatch):
    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr("ledger.fs.try_lock", refused)
    assert read(told.reading()) == told.whole()
    assert not any(each.startswith("searches") for each in os.listdir(layout.index(told.ledger)))


def test_the_tail_is_kept_short(told):
    for _ in range(SEAL_AT):
        told.maker.journal.append(Note(text="x", author="ann"))
    reading = told.reading()
    read(reading)
    (log,) = layout.journal(told.ledger).glob("[0-9a-f]*")
    assert any(layout.segment_span(each) for each in os.listdir(log))
    assert read(reading) == told.whole()
