"""``ledger tune --scheduler`` with real programs."""

import re
import sys

import pytest

from ledger import workspace as workspaces
from ledger.model import Digest, TrialDecided
from ledger.ops import query

TRAIN = """
    import sys, ledger
    lr, heeds = float(sys.argv[1]), sys.argv[2] == "heeds"
    for epoch in range(1, 28):
        loss = abs(lr - 0.3) + 1 / epoch
        print(epoch)
        if ledger.report(epoch, loss) and heeds:
            sys.exit(0)
    ledger.log(loss=loss)
"""
KILLED_ONCE = """
    import os, sys, time, ledger
    lr, mark = float(sys.argv[1]), sys.argv[2]
    for epoch in range(1, 28):
        stop = ledger.report(epoch, abs(lr - 0.3) + 1 / epoch)
        if lr == 0.9 and not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getppid(), 9)
            time.sleep(60)
        if stop:
            sys.exit(3)
    ledger.log(loss=abs(lr - 0.3))
"""
SEARCH = (
    *("tune", "-x", "net", "--minimize", "loss", "--sampler", "random", "-p", "lr=real(0, 1)"),
    *("--scheduler", "asha:factor=3,min=1,max=27"),
)
ORDER = tuple(word for lr in (0.35, 0.9, 0.8, 0.29) for word in ("--enqueue", f"lr={lr}"))


@pytest.fixture
def tuning(tool):
    tool.project.write(train=TRAIN)
    return tool


def command(last="heeds"):
    return ("--", sys.executable, "train.py", "{lr}", last)


def searched(tool, count, *words):
    """Search, and return the document of all that was tried."""
    tool(*words, "-n", count, *command())
    return tool.document("tune", "-x", "net", "-n", count)


def test_what_does_worse_is_stopped(tuning, accept):
    done = tuning(*SEARCH, *ORDER, "-n", "4", *command())
    assert re.findall(r"stopped at step (\d+) with loss ([\d.]+)", done.err) == [("1", "1.6"), ("1", "1.5")]
    assert "4 trials, 2 stopped early" in done.out
    document = tuning.document("tune", "-x", "net", "-n", "4")
    accept("tune.v1", document)
    assert document["scheduler"] == "asha:factor=3,min=1,max=27"
    states = [each["state"] for each in document["trials"]]
    assert states == ["done", "pruned", "pruned", "done"]
    assert document["trials"][1]["stopped"] == {"step": 1, "value": 1.6}
    assert document["trials"][0]["stopped"] is None
    assert document["best"]["number"] == 3
    assert tuning.document("best", "-x", "net")["best"][0]["trial"]["id"] == document["best"]["trial"]

    stopped = document["trials"][1]["trial"]
    shown = tuning.document("show", stopped)
    accept("trial.v1", shown)
    assert (shown["status"], shown["exit_code"]) == ("pruned", 0)
    (report,) = shown["reports"]
    assert (report["rung"], report["step"], report["value"], report["decision"]) == (1, 1, 1.6, "stop")
    page = tuning("show", stopped).out
    assert re.search(r"Reports\n.*\n +1 +1\.6 +stop +entries up to \d+", page)
    whole = tuning.document("show", document["trials"][0]["trial"])
    assert [(each["rung"], each["decision"]) for each in whole["reports"]] == [
        (1, "go"),
        (3, "go"),
        (9, "go"),
    ]
    pruned = tuning.document("log", "-x", "net", "--where", "status = pruned")
    assert [each["id"] for each in pruned][-1] == stopped

    assert tuning.document("verify", "-x", "net")["ok"]
    replayed = tuning.document("replay", "--env", "current", stopped)
    assert replayed["verdict"] == "identical"
    # A trial that a search stopped does not stand for one that nobody stops.
    again = tuning(
        "run", "--reuse", "-q", sys.executable, "train.py", str(shown["hyperparameters"]["lr"]), "heeds"
    )
    assert again.out.count("\n") == 27


def test_one_that_does_not_heed_is_ended_by_a_signal_and_replays_the_same(tuning):
    tuning(*SEARCH, *ORDER[:4], "-n", "2", *command("deaf"))
    trial = tuning.document("tune", "-x", "net", "-n", "2")["trials"][1]
    assert (trial["state"], trial["stopped"]["step"]) == ("pruned", 1)
    shown = tuning.document("show", trial["trial"])
    assert (shown["status"], shown["signal"], shown["exit_code"]) == ("pruned", 15, 143)
    assert tuning.document("replay", "--env", "current", trial["trial"])["verdict"] == "identical"


def test_one_that_never_reports_is_never_stopped(tuning):
    tuning.project.write(
        train='import sys\nopen("metrics.json", "w").write(f\'{{"loss": {sys.argv[1]}}}\')\n'
    )
    document = searched(tuning, 4, *SEARCH, *ORDER)
    assert {each["state"] for each in document["trials"]} == {"done"}
    assert tuning.document("verify", "-x", "net")["ok"]


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["hyperband:factor=3,max=27", "median:startup=2,warmup=3,interval=6"])
def test_two_at_once_are_decided_one_after_the_other(tuning, scheduler):
    words = (*SEARCH[:-1], scheduler)
    document = searched(tuning, 8, *words, *ORDER, "-j", "2")
    assert len(document["trials"]) == 8
    assert {each["state"] for each in document["trials"]} <= {"done", "pruned"}
    shown = [tuning.document("show", each["trial"]) for each in document["trials"]]
    heads = [report["head"] for each in shown for report in each["reports"]]
    assert heads
    assert len(set(heads)) == len(heads)  # each decision has seen the ones before
    stopped = {each["id"] for each in shown if any(one["decision"] == "stop" for one in each["reports"])}
    assert stopped == {each["trial"] for each in document["trials"] if each["state"] == "pruned"}
    assert tuning.document("verify", "-x", "net")["ok"]


def test_an_edited_decision_is_named(tuning):
    document = searched(tuning, 2, *SEARCH, *ORDER[:4])
    workspace = workspaces.find(tuning.path, None)
    trial = Digest.parse(document["trials"][1]["trial"])
    (decided,) = query.load(workspace.journal).decisions[trial]
    for forged in (
        TrialDecided(trial=trial, rung=1, stop=False, head=decided.head),
        TrialDecided(trial=trial, rung=9, stop=True, head=decided.head),
    ):
        workspace.journal.append(forged)
    found = tuning.document("verify", "-x", "net", code=4)["findings"]
    assert [(each["what"], each["expected"], each["got"]) for each in found] == [
        ("trial.decided", "stop", "go on"),
        ("trial.decided", "a report in front of it", "stop"),
    ]
    assert all(str(trial) in each["where"] for each in found)


@pytest.mark.slow
def test_a_trial_that_is_run_again_after_its_recorder_died_is_decided_again(tuning, tmp_path):
    tuning.project.write(train=KILLED_ONCE)
    done = tuning(*SEARCH, *ORDER[:4], "-n", "2", *command(tmp_path / "mark"))
    assert "its trial is recorded as lost" in done.err
    assert "stopped at step 1 with loss 1.6" in done.err
    log = tuning.document("log", "-x", "net")
    assert [each["status"] for each in log] == ["pruned", "lost", "ok"]
    assert tuning.document("show", log[0]["id"])["exit_code"] == 3
    both = [tuning.document("show", each["id"])["reports"] for each in log[:2]]
    assert [[each["value"] for each in some] for some in both] == [[1.6], [1.6]]
    assert tuning.document("verify", "-x", "net")["ok"]


def test_a_scheduler_that_nothing_is_reported_to_is_told_of(tuning):
    tuning.project.write(train="import ledger; ledger.log(loss=0.5)")
    told = "asha:factor=3,min=1,max=27 stops no trial: none has reported how far it came"
    err = tuning(*SEARCH, "-n", 2, *command()).err
    assert err.count(told) == 1
    assert "if ledger.report(step, loss): break" in err


def test_another_scheduler_is_another_search(tuning):
    tuning(*SEARCH, "-n", "1", *command())
    refused = tuning(*SEARCH[:-1], "asha:factor=4", "-n", "2", *command(), code=4).err
    assert "scheduler: asha:factor=3,min=1,max=27 (version 2) → asha:factor=4,min=1 (version 2)" in refused
    two = (*SEARCH, "--maximize", "accuracy")
    assert "compares one objective" in tuning(*two, "-x", "y", "-n", "1", *command(), code=2).err
    assert "max is missing" in tuning(*SEARCH[:-1], "hyperband", "-x", "z", "-n", "1", *command(), code=2).err
