from collections import Counter

import pytest

from ledger.errors import AmbiguousError, NotFoundError, UsageError
from ledger.model import Digest, Note
from ledger.ops import note_subject, notes
from ledger.ops.note_subject import Subject


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"trials": 1, "experiments": ("x",)},
        {"trials": 0, "experiments": ("x",), "metric": "loss"},
        {"trials": 2, "metric": "loss"},
        {"trials": 1, "step": 3},
        {"trials": 1, "metric": "loss", "step": 1 << 63},
        {"experiments": ("x", "x")},
    ],
    ids=str,
)
def test_what_does_not_go_together(wrong):
    ids = tuple(Digest.of(bytes([each])) for each in range(wrong.pop("trials", 0)))
    with pytest.raises(UsageError):
        Subject(trials=ids, **wrong)


def test_what_a_person_names(maker):
    a = maker.made(name="first", experiment="x", metrics={"loss": 1.0})
    b = maker.made(name="second", experiment="y")
    trials = maker.trials
    assert note_subject.named(trials, ["first", "@"]) == Subject(trials=(a.id, b.id))
    assert note_subject.named(trials, (), ["x", "y"]) == Subject(experiments=("x", "y"))
    found = note_subject.named(trials, ["first"], metric="loss", step=0)
    assert note_subject.words(found, trials) == f"loss at step 0 of {a.id.short} first"
    with pytest.raises(NotFoundError, match="no metric"):
        note_subject.named(trials, ["first"], metric="nothing")
    with pytest.raises(NotFoundError, match="no experiment"):
        note_subject.named(trials, (), ["z"])
    assert note_subject.words(Subject(experiments=("x", "y")), trials) == "the diff of experiments x and y"


def test_a_running_trial_may_get_any_metric(maker):
    id, _ = maker.start()
    assert note_subject.named(maker.trials, [str(id)], metric="later").metric == "later"


def test_a_note_is_found_by_its_id(maker):
    id = maker.trial()
    first = notes.note(maker.journal, "one", author="ann", subject=Subject(trials=(id,)))
    found = note_subject.find(maker.trials, first.id.hex()[:8])
    assert found.id == note_subject.find(maker.trials, str(first.id)).id == first.id
    notes.note(maker.journal, "two", author="ann", replaces=found)
    with pytest.raises(NotFoundError, match="does not stand"):
        note_subject.find(maker.trials, first.id.hex()[:8])
    for wrong in ("b3:", "123", "zzzz", id.hex()):
        with pytest.raises(NotFoundError):
            note_subject.find(maker.trials, wrong)


def test_the_start_of_two_ids(maker, monkeypatch):
    monkeypatch.setattr(note_subject, "MIN_PREFIX", 1)
    subject = Subject(trials=(maker.trial(),))
    made = [notes.note(maker.journal, "one", author="ann", subject=subject).id.hex()[0] for _ in range(17)]
    (twice, _), *_ = Counter(made).most_common(1)
    with pytest.raises(AmbiguousError, match="of notes"):
        note_subject.find(maker.trials, twice)


def test_which_notes_concern_a_diff(maker):
    a, b, c = (maker.trial() for _ in range(3))
    for text, ids in (("both", (b, a)), ("one", (a,)), ("all", (a, b, c))):
        notes.note(maker.journal, text, author="ann", subject=Subject(trials=ids))

    def about(*ids):
        asked = Subject(trials=ids)
        return [each.note.text for each in maker.trials.standing_notes if note_subject.concerns(each, asked)]

    assert about(a, b) == ["both"]
    assert about(a) == ["both", "one", "all"]
    assert about(c) == ["all"]


def test_a_note_that_nobody_here_would_write_is_shown_all_the_same(maker):
    a = maker.trial(name="a")
    for each in (
        Note(text="x", author="ann"),
        Note(text="x", author="ann", trial=a, experiment="x"),
        Note(text="x", author="ann", trial=a, against=(a,)),
        Note(text="x", author="ann", trial=a, step=3),
        Note(text="x", author="ann", trial=Digest.of(b"nowhere")),
        Note(text="x", author="ann", experiment="nowhere"),
    ):
        maker.journal.append(each)
    trials = maker.trials
    told = [note_subject.described(each.note, trials) for each in trials.standing_notes]
    assert told[:4] == ["nothing that this release knows"] * 4
    assert told[4:] == [Digest.of(b"nowhere").short, "experiment nowhere"]
    assert len(trials.notes[a]) == 3


def test_notes_on_a_diff(maker):
    a, b = maker.trial(), maker.trial()
    notes.note(maker.journal, "both", author="ann", subject=Subject(trials=(a, b)))
    assert [each.note.text for each in note_subject.on_diff(maker.trials, ids=(b, a))] == ["both"]
    assert note_subject.on_diff(maker.trials, ids=(a, a)) == ()
    assert note_subject.on_diff(maker.trials) == ()
    assert note_subject.on_diff(maker.trials, experiments=("x", "y")) == ()


def test_a_step_without_a_point_is_refused_with_the_nearest(maker):
    made = maker.made(name="first", metrics={"loss": [(step, 1.0) for step in (0, 10, 20, 30)], "one": 1.0})
    trials, get = maker.trials, maker.store.get

    def check(step, **more):
        note_subject.check_step(Subject(trials=(made.id,), step=step, **more), trials, get)

    check(10, metric="loss")
    check(None, metric="loss")
    with pytest.raises(NotFoundError) as caught:
        check(12, metric="loss")
    assert caught.value.cause == "it has 4 steps, from 0 to 30"
    assert caught.value.hint == "the nearest: --step 10, --step 20, --step 0"
    check(12, metric="of another release")
    note_subject.check_step(Subject(experiments=("x",)), trials, get)

    def get(digest):
        raise NotFoundError("not in this clone")

    check(12, metric="loss")
