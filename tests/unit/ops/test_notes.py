import getpass
import os
import subprocess

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.ops import note_signatures, note_subject, notes, query
from ledger.ops.note_signatures import Signing, State
from ledger.ops.note_subject import Subject


def on(*trials, **more):
    return Subject(trials=trials, **more)


def texts(remarks):
    return [each.note.text for each in remarks]


def test_a_note_on_a_trial_and_its_correction(maker):
    id = maker.trial()
    first = notes.note(maker.journal, "wrong", author="ann", subject=on(id))
    (found,) = maker.trials.standing_notes
    second = notes.note(maker.journal, "# right", author="ben", replaces=found)
    (remark,) = maker.trials.notes[id]
    assert (remark.id, remark.note.text, remark.note.author) == (second.id, "# right", "ben")
    assert [each.id for each in remark.before] == [first.id]
    assert maker.trials.replaced_notes == {first.id: second.id}


def test_a_note_that_is_taken_back_stays_in_the_journal(maker):
    id = maker.trial()
    notes.note(maker.journal, "wrong", author="ann", subject=on(id))
    (found,) = maker.trials.standing_notes
    notes.take_back(maker.journal, found, author="ann")
    assert (maker.trials.standing_notes, maker.trials.notes) == ((), {})
    assert [each.entry.kind for each in maker.journal.entries()][-2:] == ["note", "note"]


def test_notes_on_experiments_metrics_and_diffs(maker):
    a, b = maker.trial(), maker.trial()
    for text, subject in (
        ("all", Subject(experiments=("x",))),
        ("both", Subject(experiments=("x", "y"))),
        ("spike", on(a, metric="loss", step=200)),
        ("only the seed", on(a, b)),
    ):
        notes.note(maker.journal, text, author="ann", subject=subject)
        assert note_subject.of(maker.trials.standing_notes[-1].note) == subject
    assert texts(maker.trials.experiment_notes["x"]) == ["all", "both"]
    assert texts(maker.trials.experiment_notes["y"]) == ["both"]
    assert texts(maker.trials.notes[a]) == ["spike", "only the seed"]
    assert texts(maker.trials.notes[b]) == ["only the seed"]


@pytest.mark.parametrize("text", ["", "  \n", "\udcff", "x" * (notes.MOST + 1)])
def test_bad_texts(maker, text):
    id = maker.trial()
    with pytest.raises(UsageError):
        notes.note(maker.journal, text, author="ann", subject=on(id))
    assert maker.trials.notes == {}


def test_a_correction_is_on_the_same_thing(maker):
    a, b = maker.trial(), maker.trial()
    notes.note(maker.journal, "one", author="ann", subject=on(a))
    (found,) = maker.trials.standing_notes
    with pytest.raises(UsageError, match="stays on"):
        notes.note(maker.journal, "two", author="ann", subject=on(b), replaces=found)


def test_tags(maker):
    first, second = (maker.made() for _ in range(2))
    notes.tag(maker.journal, first, "best")
    notes.tag(maker.journal, second, "best")
    notes.untag(maker.journal, maker.trials, maker.trials.by_id[second.id], "best")
    assert [trial.tags for trial in maker.trials] == [("best",), ()]
    with pytest.raises(UsageError, match="not a good tag"):
        notes.tag(maker.journal, first, "a b")


def test_a_tag_that_is_not_there_cannot_be_taken_off(maker):
    maker.trial(tags=("best",))
    maker.trial(tags=("old",))
    trials = maker.trials
    with pytest.raises(NotFoundError) as caught:
        notes.untag(maker.journal, trials, trials.ordered[1], "best")
    assert "its tags: old; it is on " in caught.value.cause
    assert len(list(maker.journal.entries())) == 4


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def configure(repository, key, value):
    subprocess.run(["git", "-C", repository, "config", key, value], check=True)


def test_the_author_is_whom_git_knows(repository):
    assert notes.author(repository) == getpass.getuser()
    configure(repository, "user.email", "ann@example.org")
    assert notes.author(repository) == "ann@example.org"
    configure(repository, "user.name", "Ann Ä")
    assert notes.author(repository) == "Ann Ä <ann@example.org>"


def test_without_git_the_author_is_the_login(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ann")
    assert notes.author(tmp_path) == "ann"


# --- between machines ---------------------------------------------------------------------------------------


def standing(machine):
    return {each.id: each for each in query.load(machine.journal).standing_notes}


@pytest.mark.usefixtures("ledger_environment")
def test_notes_travel_with_push_and_pull(ann, ben, remote, make_key):
    a, b = ann.trial("first"), ann.trial("second")
    by = Signing(key=make_key("ann"))
    for subject in (on(a), on(a, metric="loss", step=200), on(a, b), Subject(experiments=("x", "y"))):
        notes.note(ann.journal, f"**{subject}**", author="Ann", subject=subject, signing=by)
    ann.push(remote)
    assert ben.pull(remote).ok
    told = standing(ben)
    assert told == standing(ann)
    assert len(told) == 4
    assert {note_signatures.check(each).state for each in told.values()} == {State.GOOD}
    # Ben corrects one and takes another back; Ann has not seen that when she writes one more.
    first, second, *others = told.values()
    corrected = notes.note(ben.journal, "better", author="Ben", replaces=first).id
    notes.take_back(ben.journal, second, author="Ben")
    own = notes.note(ann.journal, "meanwhile", author="Ann", subject=on(b)).id
    ann.push(remote)
    assert ben.pull(remote).ok
    assert ben.push(remote).ok
    assert ann.pull(remote).ok
    assert standing(ann) == standing(ben)
    assert standing(ann).keys() == {corrected, own, *(each.id for each in others)}
    assert [each.note.author for each in standing(ann)[corrected].before] == ["Ann"]
    assert ann.bodies() == ben.bodies()


@pytest.mark.usefixtures("ledger_environment")
def test_a_statement_that_was_taken_back_is_not_brought_back_by_another(ann, ben, remote, make_key):
    id, by = ann.trial("first"), Signing(key=make_key("ann"))
    notes.note(ann.journal, "I was wrong", author="Ann", subject=on(id), signing=by)
    ann.push(remote)
    ben.pull(remote)
    (said,) = standing(ben).values()
    ben.journal.append(said.note, time=said.time)
    notes.take_back(ann.journal, said, author="Ann", signing=by)
    ben.push(remote)
    ann.pull(remote)
    ann.push(remote)
    ben.pull(remote)
    assert standing(ann) == standing(ben) == {}


def test_two_corrections_of_one_note_stand_both(ann, ben, remote):
    id = ann.trial("first")
    notes.note(ann.journal, "one", author="Ann", subject=on(id))
    ann.push(remote)
    ben.pull(remote)
    (one,) = standing(ann).values()
    made = {
        notes.note(each.journal, name, author=name, replaces=one).id
        for each, name in ((ann, "Ann"), (ben, "Ben"))
    }
    ann.push(remote)
    ben.pull(remote)
    assert standing(ben).keys() == made
