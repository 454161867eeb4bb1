"""``ledger tune --checkpoint``: real programs that were stopped and go on later."""

import re
import sys

import pytest

from ledger import workspace as workspaces
from ledger.model import Digest
from ledger.ops import query
from ledger.tune.schedulers import registry
from ledger.tune.schedulers.base import Report

TRAIN = """
    import json, os, sys, ledger
    low, slow = float(sys.argv[1]), float(sys.argv[2])
    epoch = 0
    if os.path.exists("run/state.json"):
        epoch = json.load(open("run/state.json"))["epoch"]
    while epoch < 8:
        epoch += 1
        loss = low + slow / epoch
        ledger.log(step=epoch, loss=loss)
        os.makedirs("run", exist_ok=True)
        json.dump({"epoch": epoch}, open("run/state.json", "w"))
        if ledger.report(epoch, loss):
            break
    open("last.txt", "w").write(str(epoch))
"""
DIES_ONCE = """
        if epoch == 4 and low == 0.1 and not os.path.exists(sys.argv[3]):
            open(sys.argv[3], "w").close()
            os.kill(os.getppid(), 9)
            import time
            time.sleep(60)
"""
SEARCH = (
    *("tune", "-x", "net", "--minimize", "loss", "--sampler", "random", "--seed", "3"),
    *("-p", "low=real(0, 1)", "-p", "slow=real(0, 1)"),
)
HALVING = ("--scheduler", "asha:factor=2,min=1,max=8")
CHECKPOINT = ("--checkpoint", "run/*.json")
# The second begins worse than the first and comes out better; it is stopped, and among the best two of four.
ORDER = tuple(
    word
    for low, slow in ((0.5, 0.1), (0.1, 0.8), (0.9, 0.9), (0.8, 0.9))
    for word in ("--enqueue", f"low={low},slow={slow}")
)
COMMAND = ("--", sys.executable, "train.py", "{low}", "{slow}")


@pytest.fixture
def tuning(tool):
    tool.project.write(train=TRAIN)
    return tool


def trials(tool):
    """All trials of the search, oldest first."""
    return query.load(workspaces.find(tool.path, None).journal).of_experiment("net")


def steps(tool):
    """How many epochs each trial trained."""
    return [each.outcome.metrics[0].count for each in trials(tool) if each.outcome.metrics]


def test_one_that_was_stopped_goes_on_from_its_checkpoint_and_wins(tuning, accept):
    done = tuning(*SEARCH, *HALVING, *CHECKPOINT, *ORDER, "-n", "4", *COMMAND)
    assert "4 trials, 2 stopped early, 1 went on later" in done.out
    (line,) = [each for each in done.err.splitlines() if "went on from step 1" in each]
    assert re.search(r"trial 2/4 \w+ · loss 0\.2 · .* · best so far", line)
    assert steps(tuning) == [8, 1, 1, 1, 7]
    assert [each.status for each in trials(tuning)] == ["ok", "pruned", "pruned", "pruned", "ok"]
    assert not (tuning.path / "run").exists()

    document = tuning.document("tune", "-x", "net", "-n", "4")
    accept("tune.v1", document)
    assert document["scheduler"] == "asha:factor=2,min=1,max=8,promote=1"
    assert [each["state"] for each in document["trials"]] == ["done", "done", "pruned", "pruned"]
    second = document["trials"][1]
    assert document["best"]["trial"] == second["trial"]
    (part,) = second["parts"]
    assert part["rung"] == 1
    assert len(trials(tuning)) == 5  # nothing was left to do

    before, after = (tuning.document("show", each) for each in (part["trial"], second["trial"]))
    accept("trial.v1", before)
    accept("trial.v1", after)
    assert (after["continues"], before["continued"]) == (before["id"], [after["id"]])
    assert before["reports"][0]["decision"] == "stop"
    assert before["reports"][0]["promoted"] > before["reports"][0]["head"]
    assert [each["rung"] for each in after["reports"]] == [2, 4]
    left = {each["path"]: each["digest"] for each in before["outputs"]}
    given = {each["path"]: each["digest"] for each in after["inputs"]}
    assert given == {"run/state.json": left["run/state.json"]}
    assert after["recipe_complete"]
    page = tuning("show", before["id"]).out
    assert re.search(r"\n +1 +0\.9 +stop, later go on +entries up to \d+", page)
    assert f"went on in      {after['id'][3:15]}" in page

    assert tuning.document("verify", "-x", "net")["ok"]
    whole = tuning.document("replay", "-x", "net", "--env", "current")
    accept("search-replay.v1", whole)
    assert (whole["verdict"], whole["findings"]) == ("identical", [])
    assert [each["trial"] for each in whole["trials"]].index(after["id"]) == 2
    assert [each["number"] for each in whole["trials"]] == [0, 1, 1, 2, 3]


@pytest.mark.slow
def test_without_a_checkpoint_it_is_trained_again(tuning):
    tuning(*SEARCH, "--scheduler", "asha:factor=2,min=1,max=8,promote=1", *ORDER, "-n", "4", *COMMAND)
    assert steps(tuning) == [8, 1, 1, 1, 8]
    after = trials(tuning)[-1]
    assert after.inputs == ()
    document = tuning.document("show", after.id)
    assert [each["rung"] for each in document["reports"]] == [2, 4]
    assert document["continues"] == str(trials(tuning)[1].id)
    assert tuning.document("verify", "-x", "net")["ok"]
    assert tuning.document("replay", "--env", "current", after.id)["verdict"] == "identical"


@pytest.mark.slow
def test_another_machine_goes_on_with_a_trial_that_was_stopped_here(tuning, tmp_path):
    tuning(*SEARCH, *HALVING, *CHECKPOINT, *ORDER[:6], "-n", "3", *COMMAND)
    lab = (tmp_path / "lab").as_uri()
    tuning("remote", "add", "lab", lab)
    tuning("push")
    tuning("clone", lab, "copy", directory=tmp_path)
    there = tmp_path / "copy"
    done = tuning("tune", "-x", "net", "-n", "4", *ORDER[6:], directory=there)
    assert "went on from step 1" in done.err
    found = query.load(workspaces.find(there, None).journal).of_experiment("net")
    assert [each.outcome.metrics[0].count for each in found] == [8, 1, 1, 1, 7]
    assert tuning.document("verify", "-x", "net", directory=there)["ok"]
    tuning("push", directory=there)
    tuning("pull")
    assert tuning.document("verify", "-x", "net")["ok"]
    assert tuning.document("tune", "-x", "net", "-n", "4")["best"]["number"] == 1
    last = tuning.document("replay", "--env", "current", trials(tuning)[-1].id)
    assert last["verdict"] == "identical"


@pytest.mark.slow
def test_a_trial_that_went_on_and_was_lost_goes_on_again(tuning, tmp_path):
    tuning.project.write(
        train=TRAIN.replace("        if ledger.report", f"{DIES_ONCE}        if ledger.report")
    )
    done = tuning(*SEARCH, *HALVING, *CHECKPOINT, *ORDER, "-n", "4", *COMMAND, tmp_path / "mark")
    assert "its trial is recorded as lost" in done.err
    found = trials(tuning)
    assert [each.status for each in found] == ["ok", "pruned", "pruned", "pruned", "lost", "ok"]
    assert [each.continues for each in found[4:]] == [found[1].id] * 2
    assert [each.digest for each in found[5].inputs if each.path == "run/state.json"] == [
        each.digest for each in found[1].outcome.outputs if each.path == "run/state.json"
    ]
    assert found[5].outcome.metrics[0].count == 7
    assert tuning.document("verify", "-x", "net")["ok"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheduler", "count"),
    [("asha:factor=2,min=1,max=8,promote=1", "12"), ("hyperband:factor=2,max=8,promote=1", "22")],
)
def test_several_at_once_are_decided_and_go_on_one_after_the_other(tuning, scheduler, count):
    tuning(*SEARCH, "--scheduler", scheduler, *CHECKPOINT, "-n", count, "-j", "3", *COMMAND)
    document = tuning.document("tune", "-x", "net", "-n", count)
    assert {each["state"] for each in document["trials"]} <= {"done", "pruned"}
    kept = registry.make(scheduler)
    reports = [
        Report(proposal=each["number"], number=each["number"], rung=one.rung, loss=one.value)
        for each in document["trials"]
        for id in (*(part["trial"] for part in each["parts"]), each["trial"])
        for one in query.load(workspaces.find(tuning.path, None).journal).reports.get(Digest.parse(id), ())
    ]
    for each in document["trials"]:  # at the end only those stay stopped that are among the worse
        if each["state"] == "pruned":
            own = [one for one in reports if one.number == each["number"]]
            assert not kept.goes_on(own[-1], reports)
    ends = {str(each.id): each for each in trials(tuning)}
    for each in document["trials"]:
        chain = [*(part["trial"] for part in each["parts"]), each["trial"]]
        assert [ends[id].continues and str(ends[id].continues) for id in chain] == [None, *chain[:-1]]
        trained = sum(ends[id].outcome.metrics[0].count for id in chain)
        assert trained == (8 if each["state"] == "done" else each["stopped"]["step"])
    assert tuning.document("verify", "-x", "net")["ok"]
