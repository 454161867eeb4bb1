"""``ledger seeds`` with a noisy program."""

import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

TRAIN = """
    import ledger, random, time
    random.seed(ledger.seed("data"))
    time.sleep(float("{wait}"))
    ledger.log(loss=random.random() + 0.1 * random.Random(ledger.seed("init")).random())
    """


@pytest.fixture
def trained(tool):
    def trained(wait=0.0):
        tool.project.write(train=TRAIN.format(wait=wait))
        tool("run", "-q", "--seed", "3", sys.executable, "train.py")
        return tool

    return trained


def test_the_distribution_and_where_the_original_stands(trained, accept):
    tool = trained()
    done = tool(
        "seeds", "@", "-n", "2", "-j", "2", "--minimize", "loss", "--difference", "0.2", "--vary", "each"
    )
    assert re.search(r"^ledger: \d+/8 · \w{12} · the seed \d+ of init · loss 0\.\d+$", done.err, re.M)
    assert "as --seed of its trial, through ledger.seed (data, init), drawn from --seed 0" in done.out
    assert re.search(
        r"^  loss over 2 seeds: 0\.\d+ \(95% .* to .*\), standard deviation .*; the original .* of 3$",
        done.out,
        re.M,
    )
    assert re.search(r"^  varied +seeds +mean +95% +sd +95% of the sd +iqm", done.out, re.M)
    assert re.search(r"^  0\.2 +[0-9.]+ +\d+$", done.out, re.M)
    assert re.search(r"^  init +0\.0\d+ +\d+% +\d+% to \d+% +2 +\S+$", done.out, re.M)
    found = tool.document("seeds", "@", "-n", "2", "--vary", "each", "-q")
    accept("seeds.v1", found)
    assert Counter(run["how"] for group in found["groups"] for run in group["runs"]) == {"reused": 8}
    assert found["metrics"][0]["place"]["rank"] is None
    given = found["groups"][2]["runs"][0]["trial"]
    seeds = tool.document("show", given)["seeds"]
    assert (seeds["enforced"], list(seeds["named"])) == (3, ["data"])
    assert re.search(rf"--seed of names +data={seeds['named']['data']}$", tool("show", given).out, re.M)


@pytest.mark.slow
def test_a_killed_call_goes_on_where_it_was(trained):
    tool = trained(wait=0.3)
    words = ("seeds", "@", "-n", "4", "--env", "current", "--minimize", "loss")
    with subprocess.Popen([*tool.words, *words], cwd=tool.path, stderr=subprocess.PIPE, text=True) as process:
        assert "1/4" in process.stderr.readline()
        time.sleep(0.2)  # in the middle of the second one, most probably
        process.kill()
    found = tool.document(*words, "-q")
    hows = [each["how"] for each in found["groups"][0]["runs"]]
    assert (hows[0], hows[-1], len(hows)) == ("reused", "run", 4)
    ends = Counter(each["status"] for each in tool.document("log", "-x", found["groups"][0]["experiment"]))
    assert ends["ok"] == 4
    assert not ends.keys() - {"ok", "lost", "killed"}


@pytest.mark.slow
def test_an_interrupt_ends_what_runs_and_keeps_what_is_there(trained):
    tool = trained(wait=0.3)
    words = ("seeds", "@", "-n", "9", "--env", "current", "--minimize", "loss")
    with subprocess.Popen(
        [*tool.words, *words], cwd=tool.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "1/9" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "it was interrupted: the same command goes on" in out
    assert re.search(r"loss over \d seeds?: 0", out)


def test_help_and_mistakes(tool):
    assert "ledger seeds @ -n 20" in tool("seeds", "--help").out
    tool.project.write(train=TRAIN.format(wait=0))
    tool("run", "-q", sys.executable, "train.py")
    assert "did you mean: data" in tool("seeds", "@", "--vary", "date", code=2).err
    assert "one metric is needed" in tool("seeds", "@", "--minimize", "a", "--maximize", "b", code=2).err
    tool("seeds", "nothing", code=3)
