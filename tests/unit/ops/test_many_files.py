"""A trial that reads and makes very many files: directories stand for them, everywhere."""

import pytest

from ledger.model import Mode
from ledger.ops import verify
from ledger.ops.checkout import Part, checkout
from ledger.ops.content import find
from ledger.ops.diff_results import inputs
from ledger.ops.query import load

COUNT = 1_200
PROGRAM = f"""
    import os
    os.makedirs("made", exist_ok=True)
    for number in range({COUNT}):
        text = open(f"data/{{number % 10}}/{{number}}").read()
        open(f"made/{{number}}", "w").write(text * 2)
"""


@pytest.fixture
def many(project):
    for number in range(COUNT):
        file = project.path / "data" / str(number % 10) / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n")
    project.write(train=PROGRAM)
    project.run("python", "train.py")
    return project


def test_they_are_one_artifact_each_way_and_every_file_is_to_be_had(many, tmp_path):
    trial, store = many.last, many.workspace.store
    for artifacts, path in ((trial.inputs, "data"), (trial.outcome.outputs, "made")):
        assert [(each.path, each.mode) for each in artifacts] == [(path, Mode.DIRECTORY)]
    assert trial.recipe_complete
    assert many.read(find(trial, "data/7/1007", store).digest) == b"1007\n"
    assert many.read(find(trial, "made/1007", store).digest) == b"1007\n1007\n"
    checkout(trial, tmp_path / "out", store, parts=(Part.OUTPUTS,))
    assert (tmp_path / "out" / "made" / "3").read_text() == "3\n3\n"


def test_they_are_verified_replayed_and_compared_file_by_file(many):
    first, journal = many.last, many.workspace.journal
    assert not verify.verify(journal, many.workspace.store, load(journal)).findings
    assert many.replay().verdict == "identical"
    (many.path / "data" / "7" / "1007").write_text("another")
    receipt = many.replay(first)
    assert receipt.verdict == "identical"  # from the record, not from what lies here now
    many.run("python", "train.py")
    found = inputs(first, many.last, many.workspace.store)
    assert [each.path for each in found] == ["data/7/1007"]
    trials = load(many.workspace.journal)
    assert len(trials.ordered) == 2


def test_what_was_made_is_a_product_and_no_code(many):
    first = many.last
    many.run("python", "train.py")
    assert many.last.code[0].tree == first.code[0].tree
    assert many.last.code[0].products is not None
    assert many.replay().verdict == "identical"
