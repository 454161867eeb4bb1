import json

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.ops import notes, references
from ledger.ops.note_subject import Subject
from ledger.ui.data.notes import answer


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


class Source:
    def __init__(self, maker):
        self.trials = lambda: maker.trials

    def around(self, ref):
        trials = self.trials()
        return references.resolve(trials, ref), trials


def texts(maker, **query):
    return [each["text"] for each in answer(Source(maker), query)["notes"]]


def test_all_notes_newest_first(noted, accept):
    found = answer(Source(noted), {})
    assert [each["text"] for each in found["notes"]] == ["experiments", "trials", "two", "step", "*one*"]
    assert found["all"] == 5
    assert found["notes"][-1]["html"] == "<p><em>one</em></p>\n"
    assert found["notes"][3]["on"].startswith("loss at step 3 of ")
    own = [
        {name: value for name, value in each.items() if name not in ("html", "on")} for each in found["notes"]
    ]
    accept("notes.v1", own)


def test_of_one_thing(noted):
    assert texts(noted, trials="a") == ["trials", "step", "*one*"]
    assert texts(noted, trials="a,b") == texts(noted, trials="b,a") == ["trials"]
    assert texts(noted, experiments=json.dumps(["x", "y, z"])) == ["experiments"]
    assert texts(noted, experiments='["x"]') == ["experiments"]


def test_what_was_taken_back_can_be_read(noted):
    first = next(each for each in noted.trials.standing_notes if each.note.text == "step")
    notes.note(noted.journal, "step 3", author="bob", replaces=first)
    (second,) = (each for each in noted.trials.standing_notes if each.note.text == "step 3")
    notes.take_back(noted.journal, second, author="cy", reason="a slip")
    found = answer(Source(noted), {"trials": "a"})
    (gone,) = found["taken_back"]
    assert (gone["text"], gone["author"], gone["removed"]) == ("a slip", "cy", True)
    assert [each["text"] for each in gone["before"]] == ["step", "step 3"]
    assert "step" not in [each["text"] for each in found["notes"]]
    assert answer(Source(noted), {"trials": "b"})["taken_back"] == []


def test_many_long_notes_are_not_all_read_as_markdown(noted):
    subject = Subject(experiments=("x",))
    for number in range(10):
        notes.note(noted.journal, f"*{number}*" + " long" * 5_000, author="ann", subject=subject)
    shown = [each["html"][:4] for each in answer(Source(noted), {"experiments": '["x"]'})["notes"]]
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
def test_a_query_that_is_off(noted, query, refusal):
    with pytest.raises(refusal):
        answer(Source(noted), query)
