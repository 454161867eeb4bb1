"""The report as a document."""

import json

import pytest

from ledger.model import Note
from ledger.model.space import Objective
from ledger.reports.forms import Form, make
from tests.searches import proposals
from tests.searches import search as tuned


@pytest.fixture
def document(workspace, maker, accept):
    """Return a function: as `make`, the document, which is one of its form."""

    def made(*references, **options):
        maker.store.flush()
        found = json.loads(make(workspace, references, form=Form.JSON, **options).content)
        accept("report.v1", found)
        return found

    return made


@pytest.mark.slow
def test_it_says_what_the_page_says(document, search, maker):
    one, _ = search("one"), search("two", 1.0)
    maker.replay(one[0.2, 1])
    maker.journal.append(Note(trial=one[0.2, 1], text="a", author="Ann"))
    found = document("one", "two", minimize="loss")
    first = found["choices"][0]
    assert first["best"][0]["trial"] == str(one[0.2, 1]) == first["seeded"][0]["trial"]
    assert first["best"][0]["interval"][0] < first["best"][0]["mean"] < first["best"][0]["interval"][1]
    assert (first["measured"], first["configurations"], first["front"]) == (12, 4, None)
    (depends,) = first["dependence"]
    assert depends["history"][-1]["value"] == min(each["metrics"]["loss"] for each in found["trials"][:12])
    assert depends["importance"]["trials"] == 12
    assert len(found["trials"]) == 24
    assert found["compared"][0]["comparison"]["trials"] == [12, 12]
    assert found["curves"][0]["curves"][0]["points"] == 9
    assert found["focused"][0]["proof"]["entries"]
    assert [each["verdict"] for each in found["replays"]] == ["identical"]
    assert [each["text"] for each in found["notes"]] == ["a"]
    assert found["diffs"][0]["diff"]["kind"] == "trials"


def test_of_several_objectives_it_has_the_front(document, maker):
    objectives = Objective(metric="loss"), Objective(metric="accuracy", maximize=True)
    values = ((0.1, 0.5), (0.2, 0.9), (0.3, 0.8))
    ids = proposals(maker, tuned(*objectives), [loss for loss, _ in values])
    for (loss, accuracy), id in zip(values, ids, strict=True):
        maker.trial(experiment="tuned", proposal=id, metrics={"loss": loss, "accuracy": accuracy})
    (choice,) = document("tuned")["choices"]
    assert choice["best"] == []
    assert [each["values"] for each in choice["front"]] == [[0.1, 0.5], [0.2, 0.9]]
    assert [each["direction"] for each in choice["dependence"]] == ["minimize", "maximize"]
    (choice,) = document("tuned", maximize="accuracy")["choices"]
    assert (choice["front"], choice["best"][0]["value"]) == (None, 0.9)


def test_text_that_is_no_utf_8_and_values_that_are_no_numbers(document, maker):
    maker.trial(
        experiment="\udcff",
        metrics={"loss": [(0, float("nan")), (1, float("inf")), (2, 1.0)], "l": float("nan")},
    )
    found = document("\udcff", minimize="loss")
    assert found["title"] == "\ufffd"
    assert found["curves"][0]["curves"][0]["values"] == ["NaN", "NaN", 1.0]
