"""``ledger tune --seeds`` with a noisy program."""

import re
import sys
from collections import Counter

import pytest

from ledger import workspace as workspaces
from ledger.model import Digest
from ledger.ops import query
from ledger.tune import racing

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
    told = tool("best", "-x", "noisy").out
    assert re.search(r"^ +id +score +mean +95% +seeds +lr$", told, re.M)
    assert "of simulated experiments" not in told  # none of those chose which ones to try again
    plain = tool.document("best", "-x", "noisy", "--minimize", "score")
    assert plain["best"][0]["mean"] > plain["best"][0]["interval"][0]  # of any experiment with several seeds


CURVE = """
    import json, os, random, sys, ledger
    low, slow, seed, first, mark = *map(float, sys.argv[1:3]), *map(int, sys.argv[3:5]), sys.argv[5]
    noise = random.Random(seed).gauss(0, 1) + random.Random(f"{seed} {low}").gauss(0, 0.05)
    if seed != first and not os.path.exists(mark):
        open(mark, "w").close()
        recorder = os.getppid()
        searching = int(open(f"/proc/{recorder}/stat").read().rpartition(")")[2].split()[1])
        os.kill(searching, 9)
        os.kill(recorder, 9)
        import time
        time.sleep(60)
    epoch = json.load(open("state.json")) if os.path.exists("state.json") else 0
    while epoch < 4:
        epoch += 1
        loss = low + slow / epoch + noise
        ledger.log(step=epoch, loss=loss)
        json.dump(epoch, open("state.json", "w"))
        if ledger.report(epoch, loss):
            break
"""
# As in test_tune_promotions: the second begins worse than the first and comes out better.
ORDER = tuple(
    word
    for low, slow in ((0.5, 0.1), (0.1, 0.8), (0.9, 0.9), (0.8, 0.9))
    for word in ("--enqueue", f"low={low},slow={slow}")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheduler", "words", "killed"),
    [
        ("asha:factor=2,min=1,max=4", ("--checkpoint", "state.json"), True),
        ("hyperband:factor=2,max=4", ("-j", "2"), False),
        ("median:startup=2,warmup=1", ("-j", "2"), False),
    ],
)
def test_first_trials_are_stopped_and_further_ones_run_to_their_end(tool, tmp_path, scheduler, words, killed):
    mark, first, count = tmp_path / "mark", racing.seed(3, 0), "22"
    tool.project.write(train=CURVE)
    if not killed:
        mark.touch()
    search = ("tune", "-x", "net", "--minimize", "loss", "--sampler", "random", "--seed", "3", "--seeds", "3")
    space = ("-p", "low=real(0, 1)", "-p", "slow=real(0, 1)", "--scheduler", scheduler, *words, *ORDER)
    command = ("--", sys.executable, "train.py", "{low}", "{slow}", "{seed}", str(first), str(mark))
    if killed:  # with all that it runs, while a configuration is tried again for the first time
        tool(*search, *space, "-n", count, *command, code=-9, start_new_session=True)
        assert mark.exists()
    tool(*search, *space, "-n", count, *command)
    document = tool.document("tune", "-x", "net", "-n", count)
    searched = document["trials"]
    assert len(searched) == int(count)

    trials = query.load(workspaces.find(tool.path, None).journal)
    states, counts = {}, Counter()
    for each in searched:
        values = tuple(each["hyperparameters"].values())
        assert each["seed"] == racing.seed(3, counts[values])
        assert (each["source"] == "repeat") == (counts[values] > 0)
        counts[values] += 1
        states.setdefault(values, []).append(each["state"])
        chain = [
            trials.by_id[Digest.parse(id)]
            for id in (*(part["trial"] for part in each["parts"]), each["trial"])
        ]
        assert {one.intent.seed for one in chain} == {each["seed"]}
        trained = sum(one.outcome.metrics[0].count for one in chain)
        assert trained == (4 if each["state"] == "done" else each["stopped"]["step"])
        if each["seed"] != first:
            assert (each["state"], trials.reports.get(chain[-1].id)) == ("done", None)
    assert {"done", "pruned"} == {each["state"] for each in searched}
    assert max(counts.values()) > 1
    assert all("pruned" not in own for own in states.values() if len(own) > 1)
    assert (
        states[tuple(document["best"]["hyperparameters"].values())].count("done") == document["best"]["seeds"]
    )
    assert tool.document("verify", "-x", "net")["ok"]
    if killed:
        assert [each.status for each in trials].count("lost") == 1
        assert any(each["parts"] for each in searched)
        whole = tool.document("replay", "-x", "net", "--env", "current")
        assert (whole["verdict"], whole["findings"]) == ("identical", [])
