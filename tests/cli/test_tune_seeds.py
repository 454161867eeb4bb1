"""``ledger tune --seeds`` with a noisy program."""

import re
import sys

import pytest

TRAIN = """
    import json, random, sys
    lr, seed = float(sys.argv[1]), int(sys.argv[2])
    noise = random.Random(seed).gauss(0, 1) + random.Random(f"{seed} {lr}").gauss(0, 0.05)
    open("metrics.json", "w").write(json.dumps({"score": -lr - noise}))
"""
OPTIONS = (
    *("tune", "-x", "noisy", "--maximize", "score", "--seeds", "3", "--seed", "5", "--sampler", "random"),
    *("-p", "lr=real(0, 1)", "--", sys.executable, "train.py", "{lr}", "{seed}"),
)


@pytest.mark.slow
def test_the_best_is_told_by_its_mean_over_seeds(tool, accept):
    tool.project.write(train=TRAIN)
    tool("tune", "-n", "8", *OPTIONS[1:])
    done = tool("tune", "-x", "noisy", "-n", "18")
    assert re.search(r"^ledger: trial \d+/18 \w{12} · score .* · lr=.* · seed 2 of 3", done.err, re.M)
    assert re.search(r"^configurations +\d+, \d+ of them with several seeds$", done.out, re.M)
    assert re.search(r"^ +number +trial +score +mean +95% +seeds +lr$", done.out, re.M)

    document = tool.document("tune", "-x", "noisy", "-n", "18")
    accept("tune.v1", document)
    best, trials = document["best"], document["trials"]
    assert len(trials) == 18
    assert "repeat" in {each["source"] for each in trials}
    its = [each for each in trials if each["hyperparameters"] == best["hyperparameters"]]
    assert best["seeds"] == len(its)
    assert len({each["seed"] for each in its}) == len(its)
    low, high = best["interval"]
    assert low < best["mean"] < high
    assert best["value"] == its[0]["values"]["score"]

    verified = tool.document("verify", "-x", "noisy")
    assert (verified["ok"], verified["proposals"]) == (True, 18)
    replayed = tool.document("replay", "-x", "noisy", "--env", "current")
    assert (replayed["verdict"], len(replayed["trials"])) == ("identical", 18)

    ranked = tool.document("best", "-x", "noisy", "-n", "3")
    accept("best.v1", ranked)
    assert ranked["best"][0]["trial"]["id"] == best["trial"]
    assert ranked["best"][0]["mean"] == best["mean"]
    means = [each["mean"] for each in ranked["best"]]
    assert means == sorted(means, reverse=True)
    assert re.search(r"^ +id +score +mean +95% +seeds +lr$", tool("best", "-x", "noisy").out, re.M)
    plain = tool.document("best", "-x", "noisy", "--minimize", "score")
    assert plain["best"][0]["mean"] > plain["best"][0]["interval"][0]  # of any experiment with several seeds


def test_several_seeds_and_a_scheduler_are_refused(tool):
    words = (
        "--seeds",
        "3",
        "--scheduler",
        "asha",
        "-p",
        "x=real(0,1)",
        "--",
        sys.executable,
        "-c",
        "0",
        "{x}",
    )
    done = tool("tune", "-x", "s", "--minimize", "loss", "-n", "2", *words, code=2)
    assert "leave out one of --seeds and --scheduler" in done.err
