"""``ledger why`` as a person sees it."""

import re
import sys

import pytest

TRAIN = """
import json, sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
json.dump({"loss": FACTOR * lr}, open("metrics.json", "w"))
open("model.txt", "w").write("FACTOR")
"""


@pytest.fixture
def changed(tool):
    """Two trials with other code and another learning rate."""
    for name, factor, lr in (("first", "2", "1"), ("second", "5", "3")):
        (tool.path / "train.py").write_text(TRAIN.replace("FACTOR", factor))
        tool("run", "-q", "--name", name, sys.executable, "train.py", "--lr", lr)
    return tool


def test_the_page(changed):
    done = changed("why", "first", "second", "--env", "current")
    told = re.sub(r"[0-9a-f]{12}", "ID", done.out)
    head, metrics, rest = re.fullmatch(r"(.*)\nMetrics\n(.*?)\n\n(.*)", told, re.DOTALL).groups()
    assert head == (
        "a  ID first (ok)\n"
        "b  ID second (ok)\n"
        "loss differs by 13: 54 % is hyperparameters (lr 1 → 3), 46 % the code (train.py)\n"
        "\n"
        "Parts that differ\n"
        "  code             train.py\n"
        "  hyperparameters  lr 1 → 3\n"
    )
    assert [line.split()[0] for line in metrics.splitlines()] == ["a", "loss", "duration_s", "loss:"]
    assert metrics.endswith(
        "the parts interact: alone they change it by code +3, hyperparameters +4, together by +13"
    )
    assert rest == (
        "Other results, and which parts change them when they alone are swapped\n"
        "  metrics.json  code, hyperparameters\n"
        "  model.txt     code\n"
        "\n"
        "Hybrids\n"
        "  of b                       trial\n"
        "  nothing          recorded  ID\n"
        "  code             run       ID\n"
        "  hyperparameters  run       ID\n"
        "  all              recorded  ID\n"
        "\n"
        "2 commands run · 0 hybrids reused\n"
    )
    assert re.search(r"loss +2 +15 +\+13 +\+6 \(46 %\) +\+7 \(54 %\)", done.out)
    assert [re.sub(r"[0-9a-f]{12}", "ID", line) for line in done.err.splitlines() if " of 2: " in line] == [
        "ledger: 1 of 2: code of ID, the rest of ID",
        "ledger: 2 of 2: hyperparameters of ID, the rest of ID",
    ]
    assert "    hyperparameters  +7 (54 %)" in changed.narrow("why", "first", "second", "--env", "current")
    again = changed("why", "first", "@", "--env", "current")  # hybrids are not the last trial
    assert "0 commands run · 2 hybrids reused" in again.out
    assert again.err == ""


def test_documents(changed, accept):
    plan = changed.document("why", "first", "second", "--dry-run")
    accept("why.v1", plan)
    assert (plan["planned"], plan["executions"]) == (True, 0)
    assert [each["how"] for each in plan["hybrids"]] == ["recorded", "planned", "planned", "recorded"]
    found = changed.document("why", "first", "second", "--env", "current")
    accept("why.v1", found)
    assert [(each["part"], each["value"]) for each in found["metrics"][0]["shares"]] == [
        ("code", 6.0),
        ("hyperparameters", 7.0),
    ]
    hybrids = [each["trials"][0] for each in found["hybrids"][1:3]]
    assert [each["id"] for each in changed.document("log", "--where", "duration_s > 0")][1::-1] == hybrids


def test_exit_codes(changed):
    assert "nobody" in changed("why", "first", "nobody", code=3).err
    changed("why", "first", "second", "--budget", "-1", code=2)
    changed("why", "first", "second", "--repeat", "0", code=2)
    changed("why", "first", "second", "-x", "a b", code=2)
    changed("why", "first", "second", "--map", "x", code=2)
    done = changed("why", "first", "second", "--budget", "0", "--env", "current", code=1)
    assert "warning: --budget 0 is too small" in done.err
    same = changed("why", "first", "first")
    assert "the results are the same" in same.out


def test_another_environment_cannot_be_todays(changed):
    changed(
        "run",
        "-q",
        "--name",
        "third",
        sys.executable,
        "train.py",
        "--lr",
        7,
        variables={"OMP_NUM_THREADS": "3"},
    )
    done = changed("why", "first", "third", "--env", "current", code=5)
    assert "--env recreate" in done.err
