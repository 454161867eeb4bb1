"""What a logged point costs the training loop, in microseconds and against what it cannot do without.

The time is the least of many short spells, so that what else the machine does falls out of it.
"""

import json
import os
import subprocess
import sys

import pytest

from ledger.capture.inject import PROBE

pytestmark = pytest.mark.bench

MOST_MICROSECONDS = 5.0
"""Of `ledger.log`, and of what a call of another tracker's ``log`` costs more than without us."""
MOST_RATIO = 12.0
"""Of `ledger.log` to the control: a call with a keyword, the clock, one record packed and stored."""

SPELLS = """
import json, sys, time
from time import perf_counter_ns

def least(call, spells=400, calls=500):
    best = 1 << 62
    for _ in range(spells):
        began = perf_counter_ns()
        for _ in range(calls):
            call()
        best = min(best, perf_counter_ns() - began)
    return best / calls / 1000
"""
LOG = """
import mmap, struct
import ledger
memory, pack = mmap.mmap(-1, 1 << 16), struct.Struct("<qqqd").pack

def control(step=None, **named):
    for value in named.values():
        memory[0:32] = pack(1, 2, time.time_ns(), value)

print(json.dumps({
    "control": least(lambda: control(loss=0.5)),
    "one": least(lambda: ledger.log(loss=0.5)),
    "three": least(lambda: ledger.log(loss=0.5, accuracy=0.5, rate=0.5)) / 3,
}))
"""
TRACKER = """
import wandb
run = wandb.init()
watched, bare = wandb.Run.log, getattr(wandb.Run.log, "__wrapped__", None)
point = {"loss": 0.5}
print(json.dumps({"bare": least(lambda: bare(run, point)), "watched": least(lambda: watched(run, point))}))
"""
STAND_IN = """
class Run:
    step = 0
    def log(self, data, step=None, commit=None):
        pass
"""


@pytest.fixture
def measure(tmp_path):
    """Run a text in a trial's place, and return what it prints."""

    def measure(text, *paths):
        spool = tmp_path / "spool"
        spool.mkdir()
        variables = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "LEDGER_SPOOL": str(spool),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        }
        done = subprocess.run(
            [sys.executable, "-c", SPELLS + text], env=variables, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), sum(each.stat().st_size for each in spool.glob("series-*"))

    return measure


def test_a_logged_point_costs_little(measure, report):
    found, size = measure(LOG, PROBE.parents[2])
    assert size > 32 * 400 * 500  # they were recorded
    ratio = found["one"] / found["control"]
    figure = f"{found['one']:.2f} µs, {ratio:.1f} × control; {found['three']:.2f} µs a point of three"
    report("ledger.log, one point", figure, f"{MOST_MICROSECONDS} µs, {MOST_RATIO} × control")
    assert ratio <= MOST_RATIO
    assert found["one"] <= MOST_MICROSECONDS
    assert found["three"] <= found["one"]


def test_a_point_logged_to_another_tracker_costs_little_more(measure, report, tmp_path):
    (tmp_path / "wandb" / "sdk").mkdir(parents=True)
    (tmp_path / "wandb" / "__init__.py").write_text(
        "from wandb.sdk.wandb_run import Run\ndef init(): return Run()\n"
    )
    (tmp_path / "wandb" / "sdk" / "__init__.py").touch()
    (tmp_path / "wandb" / "sdk" / "wandb_run.py").write_text(STAND_IN)
    found, size = measure(TRACKER, PROBE, tmp_path)
    assert size > 32 * 400 * 500
    more = found["watched"] - found["bare"]
    report("a call of wandb.log that is watched", f"{more:.2f} µs more", f"{MOST_MICROSECONDS} µs")
    assert more <= MOST_MICROSECONDS
