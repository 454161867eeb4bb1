"""What the page says of two or more experiments is what ``ledger diff --json`` says."""

import json

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.model import Status
from ledger.ops import compare_table, diff, experiments
from ledger.ops.compare_document import table_document
from ledger.ops.experiments import Asked
from ledger.ops.observations import Selection
from ledger.ops.result_documents import diff_document
from ledger.ui.data import compared


@pytest.fixture
def sides(maker, of_maker):
    """Three experiments of two configurations, three seeds each, of which the second is better."""
    for name, shift in (("sgd", 0.0), ("adam", -0.3), ("rms", 0.001)):
        for lr in (0.1, 0.2):
            for seed in (1, 2, 3):
                maker.trial(
                    experiment=name,
                    params={"lr": lr, "seed": seed},
                    metrics={"loss": 1 + lr + seed / 100 + shift, **({"only": 1.0} if name == "rms" else {})},
                    code={"train.py": b"print('%b')\n" % name.encode()},
                    outputs={"model": name.encode()},
                )
    maker.trial(experiment="failed", params={"lr": 1.0}, status=Status.FAILED)
    return of_maker(maker)


def asked(source, *names, **query):
    return compared.answer(source, {"experiments": json.dumps(names)} | query)


def plain(document):
    """A document without the values, of which the page has some, and without notes."""
    if isinstance(document, dict):
        return {name: plain(each) for name, each in document.items() if name not in ("values", "notes")}
    return [plain(each) for each in document] if isinstance(document, list) else document


@pytest.mark.parametrize("query", [{}, {"metric": "loss"}, {"metric": "loss", "direction": "maximize"}])
def test_two_are_told_as_the_command_tells_them(sides, query):
    found = asked(sides, "sgd", "adam", **query)
    wanted = {} if not query else {query.get("direction", "minimize"): "loss"}
    told = diff.compare(sides.trials(), "sgd", "adam", sides.workspace.store, asked=Asked(**wanted))
    told = diff_document(told)
    assert plain(found["diff"]) == plain(told)
    (quality,) = found["diff"]["comparison"]["quality"]
    assert quality["a"]["values"] == sorted(told["comparison"]["quality"][0]["a"]["values"])
    assert len(quality["a"]["values"]) == 6
    assert found["metrics"] == ["loss", "duration_s", "peak_memory"]
    assert "-print('sgd')" in found["code"]
    assert "+print('adam')" in found["code"]
    assert (found["more"], set(found["more_differences"].values())) == (False, {0})
    if query == {"metric": "loss"}:
        assert quality["sentence"].startswith("adam is better by 0.3 in loss")


def test_more_are_a_table_as_the_command_makes_it(sides):
    names = ["sgd", "adam", "rms"]
    found = asked(sides, *names, metric="loss")
    chosen = [experiments.chosen(sides.workspace, Selection(experiment=each)) for each in names]
    assert plain(found["table"]) == plain(table_document(compare_table.table(chosen, Asked(minimize="loss"))))
    assert [each["label"] for each in found["table"]["sides"]] == ["adam", "sgd", "rms"]
    assert all(len(each["metrics"]["loss"]["values"]) == 6 for each in found["table"]["sides"])
    assert found["metrics"] == ["loss", "duration_s", "peak_memory"]


def test_it_is_found_once_and_again_when_there_is_more(sides, maker, monkeypatch):
    found = asked(sides, "sgd", "adam")
    monkeypatch.setattr(compared.experiments, "compare", None)  # were it asked for again, it would fail
    assert asked(sides, "sgd", "adam") == found
    monkeypatch.undo()
    maker.trial(experiment="sgd", params={"lr": 0.1, "seed": 4}, metrics={"loss": 1.0})
    assert asked(sides, "sgd", "adam")["diff"]["comparison"]["trials"] == [7, 6]


@pytest.mark.parametrize(
    ("names", "query", "error", "words"),
    [
        (["sgd"], {}, UsageError, "got 1"),
        (["sgd", "sgd"], {}, UsageError, "named twice"),
        (["sgd", "sdg"], {}, NotFoundError, "sdg"),
        (["sgd", "failed"], {}, NotFoundError, "ended well"),
        (["sgd", "adam"], {"metric": "los"}, UsageError, "loss"),
        (["sgd", "adam"], {"metric": "loss", "direction": "up"}, UsageError, "up"),
        (["sgd", "adam"], {"ignore": '["depth"]'}, UsageError, "depth"),
        (["sgd", "adam"], {"ignore": '"lr"'}, UsageError, "ignore"),
        (["sgd", "adam"], {"experiments": "sgd"}, UsageError, "JSON"),
    ],
)
def test_what_is_not_there_is_told(sides, names, query, error, words):
    with pytest.raises(error) as told:
        asked(sides, *names, **query)
    assert words in f"{told.value} {told.value.cause}"
