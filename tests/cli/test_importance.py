"""``ledger importance`` and ``ledger ablation`` as a person sees them."""

import re
import sys

import pytest

from ledger import workspace
from tests.bench import bulk


@pytest.fixture
def many(tool):
    """Forty trials of two rates, by which nothing is explained."""
    made = workspace.find_or_make(tool.path)[0].directory
    bulk.write(made, 40, experiments=["digits"], parameters=2, metrics=2)
    return tool


def test_the_page(many, accept):
    told = many("importance", "digits", "--minimize", "metric0").out
    assert told.startswith(
        "digits: what metric0 depends on (smaller is better)\n"
        "40 trials; PED-ANOVA: what the 10 best of 40 prefer, beyond chance\n\nImportance\n"
    )
    row = r"^  digits_rate[01] +\d+\.\d % +\d+\.\d to \d+\.\d .* 40  0\.\d+ to 0\.\d+$"
    assert len(re.findall(row, told, re.M)) == 2
    assert "95%: by resampling; of simulated searches of 20 trials 97 to 100 % held" in told
    document = many.document("importance", "digits", "--minimize", "metric0")
    accept("importance.v1", document)
    assert document["trials"] == 40


@pytest.mark.slow
def test_a_forest_of_noise_says_so(many):
    words = ("importance", "digits", "--maximize", "metric1", "--method", "fanova", "--pairs", "--local")
    told = many(*words).out
    assert re.search(r"^40 trials; fANOVA of a forest that predicts \d+\.\d % of the variance$", told, re.M)
    assert "that is little: the metric is mostly noise, or more trials are needed" in told
    assert "95%: by halves of the trials; of simulated searches of 50 trials" in told
    assert re.search(r"^  digits_rate0 × digits_rate1 +\d+\.\d % ", told, re.M)
    assert re.search(
        r"^Close to the best trial [0-9a-f]{12} \(metric1 0\.\d+\), each changed alone$", told, re.M
    )


def test_a_path(many):
    ends = ("--minimize", "metric0", "--from", "@")
    told = many("ablation", "digits", *ends).out
    assert re.match(
        r"digits: metric0 from @ \(\w{12}\) to best \(\w{12}\) \(smaller is better\)\n\nPath\n", told
    )
    assert re.search(r"^  digits_rate[01] → 0\.\d+ +0\.\d+ +predicted, ± 0\.\d+ ", told, re.M)
    assert re.search(r"^  digits_rate[01] → 0\.\d+ +0\.\d+ +measured, 1 trial ", told, re.M)
    assert re.search(
        r"^noise: a trial is off by 0\.\d+ \(.*, by what the forest leaves unexplained\)", told, re.M
    )
    assert "a step from a measured value to a predicted one" in told
    assert re.search(r"^chance may explain what digits_rate[01]", told, re.M)


def test_what_is_refused(many):
    told = many("importance", "digits", code=2).err
    assert "hint: add --minimize METRIC or --maximize METRIC" in told
    assert "no experiment 'digit'" in many("importance", "digit", "--minimize", "metric0", code=3).err
    assert "name a trial to begin from" in many("ablation", "digits", "--minimize", "metric0", code=2).err


TRAIN = """
    import json, sys
    lr, depth = float(sys.argv[1]), int(sys.argv[2])
    open("metrics.json", "w").write(json.dumps({"loss": (lr - 0.9) ** 2 + 1 / depth}))
"""


@pytest.mark.slow
def test_a_path_from_the_default_of_a_search_is_run(tool, accept):
    """No option names the hyperparameters: the search's command has places for them."""
    tool.project.write(train=TRAIN)
    space = ("-p", "lr=real(0, 1, default=0.1)", "-p", "depth=int(1, 8, default=1)")
    words = ("--minimize", "loss", "-n", "4", "--sampler", "random", "--seed", "1", *space)
    tool("tune", "-x", "net", *words, "--", sys.executable, "train.py", "{lr}", "{depth}")
    told = tool("ablation", "net", "--run", "--env", "current")
    assert re.search(r"^ledger: run 1: (lr|depth)=", told.err, re.M)
    document = tool.document("ablation", "net")
    accept("ablation.v1", document)
    assert document["from"]["hyperparameters"] == {"lr": 0.1, "depth": 1}
    assert [each["how"] for each in document["path"]] == ["measured"] * 3
    values = {}
    for each in document["path"]:
        values |= each["changed"]
        now = document["from"]["hyperparameters"] | values
        assert each["value"] == pytest.approx((now["lr"] - 0.9) ** 2 + 1 / now["depth"])
    assert [each for each in tool.narrow("ablation", "net", columns=40) if each.startswith("    of all  ")]
    ran = tool.document("log", "-x", "net-ablation")
    assert {each["hyperparameters"]["depth"] for each in ran} <= {1, now["depth"]}
    assert tool.document("verify", "-x", "net")["ok"]
