"""Metrics and configurations given to other trackers; stand-ins of the shape that the real ones have.

The real ones are in ``test_real_trackers.py``.
"""

import json
import signal
import subprocess
import sys

from ledger.record import _RECORD

WANDB_RUN = """
class Run:
    def __init__(self, config):
        self.__dict__["step"] = 0
        self.config = config
        self.got = []
    def log(self, data, step=None, commit=None):
        if not isinstance(data, dict):
            raise TypeError("wandb.log must be passed a dictionary")
        self.got.append((data, step, commit))
        return "logged"
"""
WANDB_CONFIG = """
class Config:
    def __init__(self):
        object.__setattr__(self, "_items", {})
    def __setitem__(self, key, value):
        self._items[key] = value
    __setattr__ = __setitem__
    def __getattr__(self, key):
        return self._items[key]
    def items(self):
        return self._items.items()
    def update(self, d, allow_val_change=None):
        self._items.update(d)
"""
WANDB_INIT = """
from wandb.sdk.wandb_run import Run
from wandb.sdk.wandb_config import Config
def init(config=None):
    import wandb
    made = Config()
    made._items.update(config or {}, _wandb={})
    wandb.run = Run(made)
    wandb.log, wandb.config = wandb.run.log, made
    return wandb.run
"""
MLFLOW = """
class MlflowClient:
    got = []
    def log_metric(self, run_id, key, value, timestamp=None, step=None):
        self.got.append((key, value, step))
    def log_param(self, run_id, key, value):
        self.got.append((key, value))
        return value
    def log_batch(self, run_id, metrics=(), params=()):
        self.got.append((metrics, params))
class Pair:
    def __init__(self, key, value, step=0):
        self.key, self.value, self.step = key, value, step
def log_metric(key, value, step=None):
    MlflowClient().log_metric("id", key, value, None, step or 0)
def log_metrics(metrics, step=None):
    MlflowClient().log_batch("id", [Pair(*each, step or 0) for each in metrics.items()])
def log_param(key, value):
    return MlflowClient().log_param("id", key, value)
def log_params(params):
    MlflowClient().log_batch("id", params=[Pair(key, str(value)) for key, value in params.items()])
"""


def trackers(run):
    run.write("site-packages/wandb/__init__.py", "from wandb.sdk.wandb_init import init\n")
    run.write("site-packages/wandb/sdk/__init__.py", "")
    run.write("site-packages/wandb/sdk/wandb_run.py", WANDB_RUN)
    run.write("site-packages/wandb/sdk/wandb_config.py", WANDB_CONFIG)
    run.write("site-packages/wandb/sdk/wandb_init.py", WANDB_INIT)
    run.write("site-packages/mlflow/__init__.py", "from mlflow.tracking.fluent import *\n")
    run.write("site-packages/mlflow/tracking/__init__.py", "")
    run.write("site-packages/mlflow/tracking/fluent.py", MLFLOW)
    return [run.folder / "site-packages"]


def points(run):
    found = []
    for keys in sorted(run.spool.glob("keys-*.jsonl")):
        names = [json.loads(line) for line in keys.read_text().splitlines()]
        series = keys.with_name(keys.name.replace("keys-", "series-").replace(".jsonl", ".bin"))
        for key, step, time, value in _RECORD.iter_unpack(series.read_bytes()):
            if time:
                found.append((names[key], step, value))
    return found


def parameters(run):
    return {each["name"]: (each["value"], each["type"]) for each in run.events("param")}


def test_what_is_logged_becomes_points(run):
    script = run.write(
        "a.py",
        "import wandb, numpy as np\n"
        "run = wandb.init(config={'lr': 0.1, 'model': {'depth': 3}, 'names': ['a', 'b'], 'kind': object})\n"
        "wandb.log({'loss': 0.5, 'val': {'acc': np.float32(0.25)}, 'a/b': True, 'i': object(), 't': 'x'})\n"
        "wandb.log({'one': np.array([7]), 'many': np.zeros(3), 'huge': 10**400, 'nan': float('nan')})\n"
        "run.log({'loss': 0.4}, step=10)\n"
        "run.log({'loss': 0.3}, commit=True)\n"
        "wandb.log({'x': 1}, commit=False); wandb.log({'y': 2})\n"
        "wandb.config.epochs = 4; wandb.config.update({'lr': 0.2}); wandb.config['nested'] = {'k': None}\n"
        "print(len(run.got), run.log.__name__, wandb.log({'z': 1}))\n"
        "try: wandb.log(3)\nexcept TypeError as error: print(error)\n",
    )
    assert "wandb.log must be" in run.same(script, path=trackers(run)).stdout
    found = points(run)
    assert str(found.pop(4)) == "('nan', 1, nan)"
    assert found == [
        ("loss", 0, 0.5),
        ("val.acc", 0, 0.25),
        ("a/b", 0, 1.0),
        ("one", 1, 7.0),
        ("loss", 10, 0.4),
        ("loss", 10, 0.3),
        ("x", 11, 1.0),
        ("y", 11, 2.0),
        ("z", 12, 1.0),
    ]
    assert parameters(run) == {
        "lr": (0.2, "real"),
        "model.depth": (3, "integer"),
        "names": (["a", "b"], "categorical"),
        "epochs": (4, "integer"),
        "nested.k": (None, "categorical"),
    }
    assert run.events("param")[0]["where"] == f"{script}:2"


def test_mlflow_by_its_functions_and_by_its_client(run):
    script = run.write(
        "a.py",
        "import mlflow\n"
        "mlflow.log_param('lr', 0.1); mlflow.log_params({'depth': 3, 'name': 'x'})\n"
        "for value in (3, 2): mlflow.log_metric('loss', value)\n"
        "mlflow.log_metrics({'acc': 0.5}, step=7)\n"
        "client = mlflow.MlflowClient()\n"
        "client.log_metric('id', 'direct', 1.5, step=4)\n"
        "client.log_batch('id', [mlflow.Pair('auto', 2.5, 9)], [mlflow.Pair('trees', '100')])\n"
        "print(client.got[0], mlflow.log_param('again', 1))\n",
    )
    run.same(script, path=trackers(run))
    assert points(run) == [
        ("loss", 0, 3.0),
        ("loss", 1, 2.0),
        ("acc", 7, 0.5),
        ("direct", 4, 1.5),
        ("auto", 9, 2.5),
    ]
    assert parameters(run) == {
        "lr": (0.1, "real"),
        "depth": (3, "integer"),
        "name": ("x", "categorical"),
        "trees": ("100", "categorical"),
        "again": (1, "integer"),
    }


def test_a_kill_loses_nothing_that_was_logged(run):
    text = (
        "import time, wandb\n"
        "run = wandb.init()\n"
        "for step in range(1000): run.log({'loss': step})\n"
        "print('now', flush=True); time.sleep(60)\n"
    )
    environment = run.environment(probe=True, path=trackers(run))
    command = [sys.executable, "-c", text]
    process = subprocess.Popen(command, env=environment, cwd=run.folder, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"now\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert points(run) == [("loss", step, float(step)) for step in range(1000)]


def test_forked_children_write_files_of_their_own(run):
    text = (
        "import os, wandb\n"
        "run = wandb.init(); run.log({'loss': 1})\n"
        "if not os.fork(): run.log({'loss': 2}); os._exit(0)\n"
        "os.wait(); run.log({'loss': 3})\n"
    )
    run("-c", text, path=trackers(run))
    assert sorted(points(run)) == [("loss", 0, 1.0), ("loss", 1, 2.0), ("loss", 1, 3.0)]
    assert len(list(run.spool.glob("series-*"))) == 2


def test_a_spool_that_takes_no_points_is_told_in_the_record_alone(run):
    text = (
        "import errno, sys, wandb\n"
        "run = wandb.init()\n"
        "record = sys.modules['_ledger_probe_record']\n"
        "def allocate(*_): raise OSError(errno.ENOSPC, 'full')\n"
        "record._allocate = allocate\n"
        "run.log({'loss': 1}); run.log({'loss': 2}); print(len(run.got))\n"
    )
    done = run("-c", text, path=trackers(run))
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert run.only("probe_error")["where"] == "log"


def test_a_program_that_also_calls_the_recorder_has_the_points_of_both(run):
    from ledger.capture.inject import PROBE

    text = (
        "import ledger, wandb\nrun = wandb.init()\n"
        "run.log({'loss': 1.0}, step=0); ledger.log(loss=1.0, step=0)\n"
    )
    run("-c", text, path=[*trackers(run), PROBE.parents[2]])
    assert points(run) == [("loss", 0, 1.0), ("loss", 0, 1.0)]
