"""Notes by the index: the same as of one who reads the whole journal, and no more is read than they need."""

from types import SimpleNamespace

import pytest

from ledger.errors import NotFoundError
from ledger.journal.positions import Log
from ledger.model import Digest, Tombstone
from ledger.ops import note_subject, noted, notes, query
from ledger.ops.indexed import asked
from ledger.ops.note_subject import Subject
from ledger.ops.remarks import remark_of
from ledger.ui.data import notes as page
from ledger.ui.data import posted_note
from ledger.ui.data.posted_note import Posted
from ledger.ui.source import Source

NAMES = ("a", "b", "c")


@pytest.fixture
def ids(maker):
    """Three trials with notes on each, on a diff and on an experiment; one of them is removed."""
    found = {name: maker.trial(name=name, experiment=f"x{name}", metrics={"loss": 1.0}) for name in NAMES}
    a, b, c = found.values()
    for subject in (
        Subject(trials=(a,)),
        Subject(trials=(a,), metric="loss", step=1),
        Subject(trials=(b, a)),
        Subject(trials=(c,)),
        Subject(trials=(Digest.of(b"of another ledger"),)),
        Subject(experiments=("xa", "xb")),
    ):
        notes.note(maker.journal, "text", author="ann", subject=subject)
    maker.journal.append(Tombstone(target=c, reason="a mistake"))
    return found


def told(found):
    """What is said of all notes."""
    trials = found.trials
    return [(each, note_subject.described(each.note, trials)) for each in trials.standing_notes]


def everything(trials):
    return trials.standing_notes


@pytest.mark.parametrize(
    ("refs", "experiments"),
    [((), ()), (("@~1", "b"), ()), (("a",), ("xa",)), ((), ("xb", "xa"))],
    ids=str,
)
def test_the_index_tells_what_reading_all_tells(maker, ids, refs, experiments):
    read = noted.by_reading(query.load(maker.journal), refs, experiments)
    found = asked(maker.journal, lambda *index: noted.by_index(*index, refs, experiments, everything))
    assert found.ids == read.ids
    assert told(found) == told(read)
    for id in found.ids:
        assert found.trials.by_id[id] == read.trials.by_id[id]
    assert noted.find(maker.journal, refs, experiments, shown=everything).ids == read.ids


@pytest.mark.parametrize(
    ("refs", "experiments", "error"),
    [(("nobody",), (), NotFoundError), ((), ("nothing",), NotFoundError), (("c",), (), NotFoundError)],
    ids=str,
)
def test_what_is_not_there_is_refused_alike(maker, ids, refs, experiments, error):
    with pytest.raises(error) as read:
        noted.by_reading(query.load(maker.journal), refs, experiments)
    with pytest.raises(error) as found:
        noted.find(maker.journal, refs, experiments)
    assert str(found.value) == str(read.value)


@pytest.fixture
def entries_read(maker, monkeypatch):
    """How many entries a call reads, where the index is up to date."""

    def count(call):
        asked(maker.journal, lambda *_: True)
        read = []
        decode = Log._recorded
        with monkeypatch.context() as patched:
            patched.setattr(Log, "_recorded", lambda log, row: read.append(row.seq) or decode(log, row))
            patched.setattr(type(maker.journal), "entries", None)
            call()
        return len(read)

    return count


def test_no_more_is_read_however_many_trials_there_are(maker, ids, entries_read, ledger_environment):
    workspace = SimpleNamespace(journal=maker.journal, store=maker.store, root=maker.folder.parent)
    source = Source(workspace)
    note = notes.note(maker.journal, "1", author="ann", subject=Subject(trials=(ids["a"],)))

    def post():
        posted_note.write(workspace, Posted(text="new", trials=("a",)))

    def correct():
        posted_note.write(workspace, Posted(text="new", replaces=str(remark_of(note).id)))

    def look():
        page.answer(source, {"trials": f"{ids['a']},{ids['b']}"})

    calls = post, correct, look
    maker.store.flush()
    few = [entries_read(call) for call in calls]
    for place in range(40):
        maker.trial(name=f"other {place}")
    note = notes.note(maker.journal, "2", author="ann", subject=Subject(trials=(ids["a"],)))
    many = [entries_read(call) for call in calls]
    # Each call reads the notes, of which there are some more by then, and what is said of a trial or two.
    of_notes = len(query.load(maker.journal).standing_notes) + 2
    assert max(few) > 0
    assert max(many) <= max(few) + of_notes < 40
