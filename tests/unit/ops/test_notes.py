import getpass
import os
import subprocess

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.ops import notes


def test_a_note_on_a_trial_and_its_correction(maker):
    id = maker.trial()
    first = notes.note(maker.journal, "wrong", author="ann", trial=id)
    second = notes.note(maker.journal, "# right", author="ann", trial=id, replaces=first.id)
    (remark,) = maker.trials.notes[id]
    assert (remark.id, remark.note.text, remark.note.author) == (second.id, "# right", "ann")


def test_a_note_on_an_experiment(maker):
    notes.note(maker.journal, "all", author="ann", experiment="x")
    assert [remark.note.text for remark in maker.trials.experiment_notes["x"]] == ["all"]


@pytest.mark.parametrize("text", ["", "  \n", "\udcff"])
def test_bad_texts(maker, text):
    id = maker.trial()
    with pytest.raises(UsageError):
        notes.note(maker.journal, text, author="ann", trial=id)
    assert maker.trials.notes == {}


def test_a_note_is_about_one_thing(maker):
    id = maker.trial()
    for about in ({}, {"trial": id, "experiment": "x"}):
        with pytest.raises(UsageError):
            notes.note(maker.journal, "text", author="ann", **about)


def test_only_a_note_can_be_corrected(maker):
    id = maker.trial()
    with pytest.raises(NotFoundError):
        notes.note(maker.journal, "text", author="ann", trial=id, replaces=id)


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
