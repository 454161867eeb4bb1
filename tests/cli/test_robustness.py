"""``ledger robustness``, and ``ledger best`` of several seeds."""

import re
import sys

import pytest

FIT = """
    import argparse, json, random
    parser = argparse.ArgumentParser()
    for name, kind in (("lr", float), ("library", str), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind)
    args = parser.parse_args()
    noise = random.Random(f"{args.seed} {args.library}").gauss(0, 0.01)
    json.dump({"loss": args.lr + noise + (args.library == "b")}, open("metrics.json", "w"))
    """


@pytest.fixture
def compared(tool):
    tool.project.write(fit=FIT)
    for library in "ab":
        for seed in "12":
            words = ("fit.py", "--lr", "0.5", "--library", library, "--seed", seed)
            tool("run", "-q", "-x", "x", sys.executable, *words)
    return tool


def test_seeds_changes_groups_and_profiles(compared, accept):
    done = compared(
        "robustness", "x", "--minimize", "loss", "--group", "library", "--run", "-n", "0", "-j", "2"
    )
    assert re.search(
        r"^loss moves by 0\.0\d+ \(standard deviation\) from seed to seed, which is ", done.out, re.M
    )
    assert re.search(r"^a small change of lr moves it by 0\.\d+ on average", done.out, re.M)
    assert re.search(r"^between library [ab] and [ab] the interquartile means differ by ", done.out, re.M)
    assert re.search(r"^  runs +2 run: -x robustness/\w{12}$", done.out, re.M)
    assert re.search(r"^  lr +2 +0\.\d+ ", done.out, re.M)
    assert re.search(r"^share of the runs whose loss is below$", done.out, re.M)
    assert re.search(r"^ledger: 2/2 · \w{12} · .*loss 0\.\d+$", done.err, re.M)
    # At each threshold one group stands beneath the other, so that many of them are not wider than one.
    profile = done.out.partition("share of the runs whose loss is below\n")[2]
    assert re.match(r"  loss below  library  +share  95%\n  0\.\d+ +a +\S+ +\d+%  .*\n {12,}b ", profile)
    assert max(map(len, profile.splitlines())) <= 80
    compared.narrow("robustness", "x", "--minimize", "loss", "--group", "seed", columns=80)
    found = compared.document("robustness", "x", "--minimize", "loss", "--where", "library = a")
    accept("robustness.v1", found)
    assert (found["trials"]["count"], found["groups"][0]["profile"]["count"]) == (2, 2)
    assert "a metric is needed" in compared("robustness", "x", code=2).err


def test_the_best_of_several_seeds_is_told_by_its_mean(compared, accept):
    told = compared("best", "x", "--minimize", "loss")
    assert re.search(r"^ +id +loss +mean +95% +seeds +library +lr$", told.out, re.M)
    assert re.search(r"^  with a value  4 trials of 2 configurations$", told.out, re.M)
    assert "optimistic" not in told.out
    assert "a mean is drawn to those of the others by as much as it is uncertain\n" in told.out
    assert re.search(
        r"^  of simulated experiments with 2 seeds, \d\d to \d\d % of the intervals of the best held",
        told.out,
        re.M,
    )
    found = compared.document("best", "x", "--minimize", "loss", "-n", "2")
    accept("best.v1", found)
    assert [(each["seeds"], each["trial"]["hyperparameters"]["library"]) for each in found["best"]] == [
        (2, "a"),
        (2, "b"),
    ]
    low, high = found["best"][0]["interval"]
    assert low < found["best"][0]["mean"] < high
    single = compared("best", "x", "--minimize", "duration_s")
    assert "mean" in single.out
