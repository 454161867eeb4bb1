"""``ledger tune`` with real programs."""

import re
import subprocess
import sys

import pytest

from tests.conftest import GitRepository

TRAIN = """
    import json, sys
    lr = float(sys.argv[sys.argv.index("--lr") + 1])
    momentum = float(sys.argv[sys.argv.index("--momentum") + 1]) if "--momentum" in sys.argv else 0.0
    weight = 0.0
    for _ in range(50):  # a training: gradient descent on (weight - 3)^2
        weight -= lr * 2 * (weight - 3) * (1 - momentum)
    open("metrics.json", "w").write(json.dumps({"loss": (weight - 3) ** 2}))
"""
OPTIONS = (
    *("-x", "digits", "--minimize", "loss", "--sampler", "random"),
    *("-p", "lr=log(1e-4, 0.5)", "-p", "opt=choice(sgd, adam)", "-p", "momentum=real(0, 0.9) if opt=sgd"),
)
COMMAND = (
    *("--", sys.executable, "train.py", "--lr", "{lr}"),
    *("--opt", "{opt}", "--momentum", "{momentum}"),
)


@pytest.fixture
def tuning(tool):
    tool.project.write(train=TRAIN)
    return tool


def test_a_search_is_told_recorded_and_goes_on(tuning, accept):
    done = tuning("tune", "-n", "3", *OPTIONS, *COMMAND)
    assert len(re.findall(r"^ledger: trial \d/3 \w{12} · loss .* · lr=", done.err, re.M)) == 3
    assert "best so far" in done.err
    assert "-n: 3 trials" in done.out
    again = tuning.document("tune", "-x", "digits", "-n", "4")
    accept("tune.v1", again)
    assert [each["number"] for each in again["trials"]] == [0, 1, 2, 3]
    values = [each["values"]["loss"] for each in again["trials"]]
    assert again["best"]["value"] == min(values)
    assert again["best"]["trial"] == again["trials"][values.index(min(values))]["trial"]

    shown = tuning.document("show", again["best"]["trial"])
    accept("trial.v1", shown)
    assert shown["proposal"]["number"] == again["best"]["number"]
    assert {each["name"] for each in shown["proposal"]["values"]} == set(again["best"]["hyperparameters"])
    assert "log" in tuning("show", again["best"]["trial"]).out
    for each in again["trials"]:
        command = tuning.document("show", each["trial"])["command"]
        assert ("--momentum" in command) == ("momentum" in each["hyperparameters"])

    verified = tuning.document("verify", "-x", "digits")
    accept("verify.v1", verified)
    assert (verified["ok"], verified["proposals"]) == (True, 4)
    best = tuning.document("best", "-x", "digits")
    assert best["best"][0]["trial"]["id"] == again["best"]["trial"]
    assert len(tuning.document("log", "-x", "digits")) == 4


def test_a_space_is_read_from_a_file(tuning):
    (tuning.path / "space.toml").write_text('lr = "log(1e-4, 0.5)"\n')
    words = ("--minimize", "loss", "-n", "1", "--sampler", "random", "--space", "space.toml", "-q")
    done = tuning("tune", "-x", "s", *words, "--", sys.executable, "train.py", "--lr", "{lr}")
    assert done.err == ""
    (tuning.path / "space.toml").write_text('lr = "log(0, 0.5)"\n')
    assert (
        "space.toml, line 1"
        in tuning("tune", "-x", "t", *words, "--", sys.executable, "train.py", "--lr", "{lr}", code=2).err
    )


def test_a_terminal_sees_how_it_goes(tuning):
    seen = tuning.on_terminal("tune", "-n", "2", *OPTIONS, *COMMAND)
    assert "digits: 1 of 2" in seen
    assert "left" in seen
    assert re.search("loss [▁▂▃▄▅▆▇█]", seen)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ((*OPTIONS, *COMMAND), 2, "nothing says when to stop"),
        (("-n", "2", *OPTIONS[:-2], *COMMAND), 2, "momentum"),
        (("-n", "2", *OPTIONS, "--", "python", "train.py"), 2, "a parameter that the command does not use"),
        (("-n", "2", *OPTIONS, "--sampler", "tpee", *COMMAND), 2, "no sampler 'tpee'"),
        (("-n", "2", "-x", "digits"), 2, "an objective (--minimize or --maximize)"),
        (("-n", "2", "--minimize", "loss"), 2, "a search needs a name"),
        (("-n", "2", *OPTIONS, "--require", "loss", *COMMAND), 2, "a bad requirement"),
        (("-n", "2", *OPTIONS, "--enqueue", "lr=9,opt=adam", *COMMAND), 2, "cannot enqueue lr=9"),
        (("-n", "2", *OPTIONS, "--from", "nothing", *COMMAND), 3, "no experiment 'nothing'"),
    ],
)
def test_bad_input_is_an_error_that_teaches(tuning, words, code, text):
    done = tuning("tune", *words, code=code)
    assert text in done.err


def test_a_command_that_is_not_there_is_said_after_the_first_trial(tuning):
    done = tuning("tune", "-n", "5", *OPTIONS, "--", "nosuch", "{*}", code=2)
    assert "no trial of this search can be run" in done.err
    assert "nosuch: command not found" in done.err
    assert len(tuning.document("log", "-x", "digits")) == 1


def test_where_no_trial_ends_well_it_has_failed(tuning):
    tuning.project.write(train="raise SystemExit(3)")
    done = tuning("tune", "-n", "1", *OPTIONS, *COMMAND, code=1)
    assert "no trial ended well; the last one: exit code 3: ledger show" in done.out


def test_earlier_trials_are_learnt_from(tuning):
    tuning("run", "-q", "-x", "before", sys.executable, "train.py", "--lr", "0.1", "--opt", "adam")
    tuning("run", "-q", "-x", "before", sys.executable, "train.py", "--lr", "0.9", "--opt", "adam")
    done = tuning("tune", "-n", "1", "--from", "before", *OPTIONS, *COMMAND)
    assert "before: it learns from 1 of 2 trials" in done.err
    assert "ledger: trial 1/1" in done.err
    document = tuning.document("tune", "-x", "digits", "-n", "1")
    assert [each["source"] for each in document["trials"]] == ["earlier", "sampler"]
    assert tuning.document("verify", "-x", "digits")["ok"]


def test_a_whole_search_is_made_again(tuning, accept):
    tuning("tune", "-n", "3", *OPTIONS, *COMMAND)
    document = tuning.document("replay", "-x", "digits", "--env", "current")
    accept("search-replay.v1", document)
    assert (document["verdict"], document["proposals"]) == ("identical", 3)
    assert [each["number"] for each in document["trials"]] == [0, 1, 2]
    assert all(each["replay"]["verdict"] == "identical" for each in document["trials"])
    again = tuning.document("replay", "-x", "digits", "--env", "current", "--receipts")
    assert [each["receipt"] for each in again["trials"]] == [
        each["replay"]["replay"] for each in document["trials"]
    ]
    assert "3 computed again, 0 findings" in tuning("replay", "-x", "digits", "--receipts").out


def test_a_search_in_a_bundle_is_looked_at_and_goes_on_with_a_command_that_is_named(tuning, tmp_path):
    tuning("tune", "-n", "1", *OPTIONS, *COMMAND)
    tuning("bundle", "-x", "digits", "-o", tmp_path / "digits.ledger")
    tuning("open", tmp_path / "digits.ledger", tmp_path / "opened")
    document = tuning.document("verify", "-x", "digits", directory=tmp_path / "opened")
    assert document["ok"]
    assert "search.partial" in [each["what"] for each in document["notices"]]
    refused = tuning("tune", "-x", "digits", "-n", "2", directory=tmp_path / "opened", code=2)
    assert "others chose the one that is recorded" in refused.err


@pytest.mark.parametrize("git", [False, True])
def test_a_log_of_its_own_in_the_tree_is_no_code_of_a_search(tuning, git):
    if git:  # which names it among what is not tracked
        repository = GitRepository(tuning.path)
        repository.git("init", "-q")
        repository.commit()
    for count in ("1", "2"):
        with open(tuning.path / "tune.log", "ab") as log:
            words = [*tuning.words, "tune", "-n", count, *OPTIONS, *COMMAND]
            done = subprocess.run(words, cwd=tuning.path, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (tuning.path / "tune.log").read_text()
    assert "trial 2/2" in (tuning.path / "tune.log").read_text()
    assert tuning.document("verify", "-x", "digits")["ok"]
    code = tuning.document("show", "digits")["code"]
    assert (code["commit"] is not None, code["dirty"]) == (git, False)


def test_what_is_true_of_every_trial_is_said_once(tool):
    tool.project.write(
        train="import json, random; json.dump({'loss': random.random()}, open('metrics.json', 'w'))"
    )
    words = ("-x", "s", "--minimize", "loss", "-n", "3", "-q", "-p", "x=real(0, 1)", "--", sys.executable)
    done = tool("tune", *words, "train.py", "{x}")
    assert done.err.count("draws from random without a seed") == 1
