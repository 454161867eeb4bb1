"""One trial by the index: the same as of one who reads the whole journal."""

import pytest

from ledger.errors import LedgerError
from ledger.journal.positions import Log
from ledger.model import Allowance, Note, Tag, Tombstone
from ledger.ops import one_trial, query, references
from ledger.ops.documents import trial_document
from ledger.ops.indexed import asked
from ledger.ops.note_subject import described


def by_index(project, ref):
    return asked(project.workspace.journal, lambda held, logs: one_trial.find(held, logs, ref))


@pytest.fixture
def full(project):
    """A ledger with all that can be said of trials, sealed in part."""
    journal = project.workspace.journal
    for name, experiment in (("a", "x"), ("b", "x"), ("a", "y"), ("5ca1ab1e", "b")):
        project.run("python", "-c", "print(1)", name=name, experiment=experiment)
    a, b, c, d = (each.id for each in project.trials)
    journal.append(Tag(trial=c, name="good"))
    journal.append(Tag(trial=a, name="good"))
    journal.append(Tag(trial=d, name=f"why-{a.short}-{b.short}"))
    note = journal.append(Note(author="ann", trial=b, text="first"))
    journal.append(Note(author="ann", trial=b, text="second", replaces=note.id))
    journal.append(Note(author="ann", trial=a, against=(b,), text="on both"))
    journal.seal()
    project.replay(project.trials[0])
    taken = journal.append(
        Allowance(trial=a, experiment=None, part="metrics", path="x", rtol=0.1, atol=0.0, replays=())
    )
    journal.append(
        Allowance(trial=b, experiment="x", part="metrics", path="y", rtol=0.2, atol=0.0, replays=())
    )
    journal.append(Tombstone(target=taken.id, reason="taken back"))
    inner = "subprocess.run([sys.executable, '-m', 'ledger', 'run', 'true'], check=True)"
    project.write(train=f"import subprocess, sys\n{inner}")
    project.run("python", "train.py", name="parent")
    project.run("python", "-c", "", name="gone")
    journal.append(Tombstone(target=project.last.id, reason="a mistake"))
    return project


def test_it_is_told_as_by_who_reads_all(full):
    trials = query.load(full.workspace.journal)
    store = full.workspace.store
    assert any(trials.children(each.id) for each in trials)
    for trial in trials:
        found, around = by_index(full, str(trial.id))
        assert found == trial
        assert trial_document(found, around, store) == trial_document(trial, trials, store)
        for remark in trials.notes.get(trial.id, ()):
            assert described(remark.note, around) == described(remark.note, trials)


def references_of(trials):
    first, gone = trials.ordered[0].id, next(iter(trials.removed))
    named = [
        "@",
        "@~",
        "@~2",
        "@~99",
        "a",
        "a~1",
        "a~2",
        "good",
        "good~1",
        "x",
        "x~1",
        "b",
        "b~1",
        "y",
        "5ca1ab1e",
    ]
    ids = [
        first.hex(),
        f"b3:{first.hex()}",
        first.hex()[:9],
        first.hex()[:6],
        f"{first.short}~1",
        first.hex().upper(),
    ]
    removed = [str(gone), gone.hex()[:10], "gone"]
    nothing = ["", "~", "0" * 64, "abc", "parnet", "xx~3", "1234567", "ä\udcff", "a" * 500, "0~1"]
    return named + ids + removed + nothing


def told(find):
    """What it finds, or how it refuses."""
    try:
        return find()
    except LedgerError as error:
        return type(error), error.message, error.cause, error.hint


def test_each_reference_means_the_same_trial_or_is_refused_in_the_same_words(full):
    trials = query.load(full.workspace.journal)
    for ref in references_of(trials):
        expected = told(lambda ref=ref: references.resolve(trials, ref))
        assert told(lambda ref=ref: by_index(full, ref)[0]) == expected, ref


def test_an_empty_ledger_says_so(project):
    project.run("python", "-c", "")
    project.workspace.journal.append(Tombstone(target=project.last.id, reason="a mistake"))
    with pytest.raises(LedgerError, match="no trial '@'") as refused:
        by_index(project, "@")
    assert "no trial yet" in refused.value.cause


def test_no_more_is_read_than_what_is_about_it(full, monkeypatch):
    trial = full.trials[1]
    by_index(full, str(trial.id))  # the index is up to date now
    read, entry = [], Log.entry

    def counted(log, seq):
        read.append(seq)
        return entry(log, seq)

    monkeypatch.setattr(Log, "entry", counted)
    by_index(full, str(trial.id))
    assert len(set(read)) < full.workspace.journal.head().size / 2
