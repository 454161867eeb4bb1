import json

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.ops import notes
from ledger.ops.note_subject import Subject
from ledger.ui.data.notes import answer


@pytest.fixture
def source(noted, of_maker):
    """That ledger as the page reads it."""
    return of_maker(noted)


@pytest.fixture
def noted(maker):
    """Two trials of two experiments, with a note on each, on a metric of one, and on both diffs."""
    a = maker.trial(name="a", experiment="x", metrics={"loss": 1.0})
    b = maker.trial(name="b", experiment="y, z")
    for text, subject in (
        ("*one*", Subject(trials=(a,))),
        ("step", Subject(trials=(a,), metric="loss", step=3)),
        ("two", Subject(trials=(b,))),
        ("trials", Subject(trials=(b, a))),
        ("experiments", Subject(experiments=("x", "y, z"))),
    ):
        notes.note(maker.journal, text, author="ann", subject=subject)
    return maker


def texts(source, **query):
    return [each["text"] for each in answer(source, query)["notes"]]


def test_all_notes_newest_first(source, accept):
    found = answer(source, {})
    assert [each["text"] for each in found["notes"]] == ["experiments", "trials", "two", "step", "*one*"]
    assert found["all"] == 5
    assert found["notes"][-1]["html"] == "<p><em>one</em></p>\n"
    assert found["notes"][3]["on"].startswith("loss at step 3 of ")
    own = [
        {name: value for name, value in each.items() if name not in ("html", "on")} for each in found["notes"]
    ]
    accept("notes.v1", own)


def test_of_one_thing(source):
    assert texts(source, trials="a") == ["trials", "step", "*one*"]
    assert texts(source, trials="a,b") == texts(source, trials="b,a") == ["trials"]
    assert texts(source, experiments=json.dumps(["x", "y, z"])) == ["experiments"]
    assert texts(source, experiments='["x"]') == ["experiments"]


def test_of_experiments_the_notes_alone_are_read(noted, source, monkeypatch):
    (first,) = (each for each in noted.trials.standing_notes if each.note.text == "experiments")
    notes.note(noted.journal, "better", author="bob", replaces=first)
    by_index = answer(source, {"experiments": '["y, z","x"]'})
    assert [(each["text"], len(each["before"])) for each in by_index["notes"]] == [("better", 1)]
    monkeypatch.setattr("ledger.ui.source.asked", lambda *_: None)  # as without an index
    assert answer(source, {"experiments": '["y, z","x"]'}) == by_index


def test_what_was_taken_back_can_be_read(noted, source):
    first = next(each for each in noted.trials.standing_notes if each.note.text == "step")
    notes.note(noted.journal, "step 3", author="bob", replaces=first)
    (second,) = (each for each in noted.trials.standing_notes if each.note.text == "step 3")
    notes.take_back(noted.journal, second, author="cy", reason="a slip")
    found = answer(source, {"trials": "a"})
    (gone,) = found["taken_back"]
    assert (gone["text"], gone["author"], gone["removed"]) == ("a slip", "cy", True)
    assert [each["text"] for each in gone["before"]] == ["step", "step 3"]
    assert "step" not in [each["text"] for each in found["notes"]]
    assert answer(source, {"trials": "b"})["taken_back"] == []


def test_many_long_notes_are_not_all_read_as_markdown(noted, source):
    subject = Subject(experiments=("x",))
    for number in range(10):
        notes.note(noted.journal, f"*{number}*" + " long" * 5_000, author="ann", subject=subject)
    shown = [each["html"][:4] for each in answer(source, {"experiments": '["x"]'})["notes"]]
    assert shown == ["<p><"] * 7 + ["<pre"] * 3 + ["<p>e"]


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"trials": "nobody"}, NotFoundError),
        ({"experiments": '["nobody"]'}, NotFoundError),
        ({"experiments": "x"}, UsageError),
        ({"experiments": "[" * 100_000}, UsageError),
        ({"experiments": '{"x": 1}'}, UsageError),
        ({"experiments": "[1]"}, UsageError),
        ({"trials": "a", "experiments": '["x"]'}, UsageError),
        ({"trials": "a,a"}, UsageError),
    ],
    ids=str,
)
def test_a_query_that_is_off(source, query, refusal):
    with pytest.raises(refusal):
        answer(source, query)
