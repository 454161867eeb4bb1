"""Experiments on the command line: real trainings, whose seed is their noise."""

import json
import re

import pytest

TRAIN = """
import json, random, sys
lr, seed, kind = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random.seed(f"{seed} {kind}")
value = 0.8 + lr / 10 + random.gauss(0, 0.002) + (0.05 if kind == "adam" else 0)
open("metrics.json", "w").write(json.dumps({"accuracy": value}))
open("model.txt", "w").write(kind)
"""


@pytest.fixture
def trained(tool):
    """Two experiments of three seeds each, whose code differs by a line."""
    project = tool.project
    for kind in ("sgd", "adam"):
        project.write(train=f"{TRAIN}# {kind}\n")
        for seed in (1, 2, 3):
            words = "python", "train.py", 0.1, seed, kind
            parameters = {"lr": 0.1, "seed": seed, "opt": kind}
            project.run(*words, experiment=kind, parameters=tuple(parameters.items()))
    return tool


def test_whether_one_is_better_and_what_else_differs(trained, accept):
    done = trained("diff", "sgd", "adam", "--maximize", "accuracy", "--stat")
    assert re.match(
        r"adam is better by 0\.0\d+ .* in accuracy; with these 3 seeds that is more", done.lines[2]
    )
    assert [line.split() for line in done.lines if "train.py  1  1" in line] == [["train.py", "1", "1", "+-"]]
    document = trained.document("diff", "sgd", "adam", "--exit-code", code=4)
    accept("diff.v1", document)
    assert [each["metric"] for each in document["comparison"]["quality"]] == ["accuracy"]
    assert [each["path"] for each in document["sections"]["code"] if each["counted"]] == ["train.py"]


def test_filters_and_tables(trained, accept):
    text = trained("diff", "--where", "opt = sgd", "--where", "opt = adam", "--code", "--metrics").out
    assert "\n-# sgd\n+# adam\n" in text
    assert "accuracy of opt = adam is higher by 0.0" in text
    assert re.search(r"^  about +opt sgd → adam$", text, re.M)
    assert re.search(r"^  opt = sgd +3 +0\.81\d+ .*\[-+●-+\]", text, re.M)
    where = [each for seed in (1, 2, 3) for each in ("--where", f"seed = {seed}")]
    document = json.loads(trained("diff", "adam", *where, "--maximize", "accuracy", "--json").out)
    accept("diff-table.v1", document)
    assert {each["comparison"]["verdict"] for each in document["pairs"]} == {"unknown"}
    assert "sections, --stat" in trained("diff", "adam", *where, "--code", code=2).err
