"""How long ``ledger importance`` takes, against reading the same numbers and sorting them."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from ledger import workspace
from ledger.ops.importance import importance
from ledger.ops.observations import Selection, gather
from tests.bench import bulk

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

TRIALS, PARAMETERS = 10_000, 20
SECONDS = 0.5
"""From the ledger's directory to the answer."""
TURNS = 7


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    made = tmp_path_factory.mktemp("many")
    ledger = workspace.find_or_make(made)[0].directory
    bulk.write(ledger, TRIALS, experiments=["digits"], parameters=PARAMETERS, metrics=2, indexed=True)
    return made


def taken(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def control(values):
    """Sort each column, and count each in 64 cells for all and for a tenth."""
    for column in values:
        ranks = np.argsort(column)
        cells = (column * 64).astype(np.int64)
        np.bincount(cells, minlength=64), np.bincount(cells[ranks[: TRIALS // 10]], minlength=64)


def asked(root):
    found = importance(workspace.find(Path(root)), Selection(experiment="digits"), minimize="metric0")
    assert (found.trials, len(found.metric.preferences.found)) == (TRIALS, PARAMETERS)


def test_importance_of_ten_thousand_trials(root, report, slowness):
    values = np.random.default_rng(1).random((PARAMETERS, TRIALS))
    times = {"all": [], "read": [], "control": []}
    asked(root)
    for _ in range(TURNS):
        times["control"].append(taken(lambda: control(values)))
        times["read"].append(
            taken(lambda: gather(workspace.find(Path(root)), Selection(experiment="digits")))
        )
        times["all"].append(taken(lambda: asked(root)))
    slow = slowness()
    shown = {name: f"{1000 * median(each):.0f} ms" for name, each in times.items()}
    report(
        f"importance of {TRIALS:,} trials × {PARAMETERS} hyperparameters, opening included",
        f"{shown['all']}, of which reading {shown['read']}; numpy in memory {shown['control']}",
        f"{1000 * SECONDS:.0f} ms × {slow:.2f}",
    )
    assert median(times["all"]) <= SECONDS * slow


def test_the_command(root, programs, report, timed):
    words = [programs / "ledger", "importance", "digits", "--minimize", "metric0"]
    runs = timed(
        {"importance": (words, root), "help": ([programs / "ledger", "importance", "--help"], root)},
        rounds=5,
    )
    shown = {name: f"{median(elapsed for _, elapsed in each):.2f} s" for name, each in runs.items()}
    report(
        f"`ledger importance` of {TRIALS:,} trials × {PARAMETERS} hyperparameters",
        shown["importance"],
        f"--help alone {shown['help']}",
    )
    assert median(cpu for cpu, _ in runs["importance"]) < 5
