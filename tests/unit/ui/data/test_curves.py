"""Curves of many trials, and which trials a query chooses."""

import io
import json

import pyarrow as pa
import pytest

from ledger.analysis.smoothing import smoothed
from ledger.errors import NotFoundError, UsageError
from ledger.ui.data import chosen as chosen_module
from ledger.ui.data import curves, diff
from ledger.ui.data.chosen import chosen
from ledger.ui.source import Source

SCRIPT = """
import sys, ledger
lr = float(sys.argv[1])
ledger.param("lr", lr)
for step in range(0 if lr == 4 else 50):
    ledger.log(step=49 - step, loss=lr * (49 - step))
ledger.log(once=1)
open("out.csv", "w").write("a,b\\n1,%s\\n" % sys.argv[1])
open("same.txt", "w").write("x")
"""


@pytest.fixture
def source(project):
    project.write(train=SCRIPT)
    for lr in (1, 2, 4):
        project.run("python", "train.py", lr, name=f"lr{lr}")
    return Source(project.workspace)


def about(table):
    return json.loads(table.schema.metadata[b"about"])


def ids(source):
    return [each.id.hex()[:12] for each in source.trials().ordered]


def test_each_curve_is_a_stretch_of_the_columns_in_the_order_of_steps(source, served):
    got = served().ask("/data/curves?where=%20&metric=loss")
    table = pa.ipc.open_stream(io.BytesIO(got.body)).read_all()
    told = about(table)
    assert (told["metrics"], told["total"]) == (["loss"], 3)
    assert [each["name"] for each in told["curves"]] == ["lr2", "lr1"]
    assert [(each["name"], each["reason"]) for each in told["without"]] == [("lr4", "it has no such metric")]
    for each, lr in zip(told["curves"], (2, 1), strict=True):
        held = table.slice(each["first"], each["end"] - each["first"])
        assert held["step"].to_pylist() == list(range(50))
        assert held["value"].to_pylist() == [lr * step for step in range(50)]
        assert each["points"] == 50


@pytest.mark.slow
def test_curves_are_smoothed_before_they_are_thinned_out(source, monkeypatch):
    monkeypatch.setattr(curves, "POINTS", 8)
    table = curves.answer(source, {"of": ids(source)[0], "metric": "loss", "smooth": "0.5"})
    steps, values = table["step"].to_pylist(), table["value"].to_pylist()
    assert len(steps) <= 8
    whole = smoothed([float(step) for step in range(50)], 0.5)
    assert values == pytest.approx([whole[int(step)] for step in steps])
    for weight in ("1", "-1", "x", "nan"):
        with pytest.raises(UsageError, match="bad weight"):
            curves.answer(source, {"of": "lr1", "smooth": weight})


def test_trials_are_chosen_by_ids_names_and_filters_with_an_index_and_without(source, project, monkeypatch):
    one, _, four = ids(source)
    for lr in (8, 16):
        project.run("python", "train.py", lr, name=f"lr{lr}", experiment="e")
    questions = {
        f"{four},{one}": ["lr4", "lr1"],
        f"lr2,{one}": ["lr2", "lr1"],
        f"{one},{one}": ["lr1"],
    }
    for without in (False, True):
        if without:
            monkeypatch.setattr(chosen_module, "asked", lambda journal, ask: None)
        for of, names in questions.items():
            assert [each.name for each in chosen(source, {"of": of}, 9).ordered] == names
        found = chosen(source, {"where": "lr < 4"}, 1)
        assert ([each.name for each in found.ordered], found.total) == (["lr2"], 2)
        with pytest.raises(NotFoundError):
            chosen(source, {"of": f"{one},fedcba987654"}, 9)
        with pytest.raises(UsageError, match="no trials are named"):
            chosen(source, {}, 9)
        with pytest.raises(UsageError):
            chosen(source, {"where": "lr <"}, 9)
        assert [each.name for each in chosen(source, {"experiment": "e"}, 9).ordered] == ["lr16", "lr8"]
        found = chosen(source, {"experiment": "e", "where": "lr < 16"}, 9)
        assert ([each.name for each in found.ordered], found.total) == (["lr8"], 1)
        with pytest.raises(NotFoundError):
            chosen(source, {"experiment": "none"}, 9)


@pytest.mark.slow
def test_two_trials_side_by_side(source, project, accept):
    project.write(train=SCRIPT.replace('open("same', "# new\nopen('same").replace('.txt"', ".txt'"))
    project.run("python", "train.py", 8, name="lr8")
    told = diff.answer(source, {"of": "lr1,lr8"})
    accept("diff.v1", told["diff"])
    assert [each["name"] for each in told["trials"]] == ["lr1", "lr8"]
    assert "+# new" in told["code"]
    assert told["code"][:2] == ["--- a/train.py", "+++ b/train.py"]
    assert [(each["path"], each["same"]) for each in told["outputs"]] == [
        ("out.csv", False),
        ("same.txt", True),
    ]
    assert told["metrics"] == ["loss"]
    assert told["more"] is False
    with pytest.raises(UsageError, match="two trials or more"):
        diff.answer(source, {"of": "lr1"})


@pytest.mark.slow
def test_of_three_only_what_some_has_otherwise_than_the_first(source):
    told = diff.answer(source, {"of": "lr1,lr2,lr4"})
    rows = {(each["section"], each["path"]): each for each in told["rows"]}
    assert rows["hyperparameters", "lr"]["cells"] == [1.0, 2.0, 4.0]
    assert rows["hyperparameters", "lr"]["others"] == [1, 2]
    counted = {section for (section, _), each in rows.items() if each["counted"]}
    assert counted == {"hyperparameters", "metrics", "outputs"}
    assert rows["outputs", "out.csv"]["others"] == [1, 2]
