"""The trackers themselves, in an environment of their own: their classes are where the probe looks."""

import json
import subprocess
import sys

import pytest

from ledger.record import _RECORD

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(1800)]

PACKAGES = ("wandb==0.31.0", "mlflow-skinny==3.17.2", "trackio==0.43.0")

WANDB = """
import wandb
run = wandb.init(project="p", config={"lr": 0.1, "model": {"depth": 3}})
for step in range(3):
    wandb.log({"loss": 1 / (step + 1), "val": {"acc": step}})
run.log({"loss": 9.0}, step=100)
wandb.config.epochs = 4
run.finish()
"""
WANDB_POINTS = [
    *[
        (name, step, value)
        for step in range(3)
        for name, value in (("loss", 1 / (step + 1)), ("val.acc", step))
    ],
    ("loss", 100, 9.0),
]
WANDB_PARAMETERS = {"lr": 0.1, "model.depth": 3, "epochs": 4}

MLFLOW = """
import mlflow
with mlflow.start_run() as run:
    mlflow.log_params({"lr": 0.1, "depth": 3})
    mlflow.log_param("name", "x")
    for value in (3, 2): mlflow.log_metric("loss", value)
    mlflow.log_metrics({"acc": 0.5}, step=7)
    mlflow.MlflowClient().log_metric(run.info.run_id, "direct", 1.5, step=4)
"""
TRACKIO = """
import trackio
trackio.init(project="p", config={"lr": 0.2})
for step in range(3): trackio.log({"loss": step})
trackio.finish()
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter that has the trackers."""
    folder = tmp_path_factory.mktemp("trackers") / "env"
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, folder], check=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", folder / "bin" / "python"]
    subprocess.run([*install, *PACKAGES], check=True)
    return folder / "bin" / "python"


def told(run):
    points = []
    for keys in run.spool.glob("keys-*.jsonl"):
        names = [json.loads(line) for line in keys.read_text().splitlines()]
        series = keys.with_name(keys.name.replace("keys-", "series-").replace(".jsonl", ".bin"))
        points += [
            (names[key], step, value)
            for key, step, time, value in _RECORD.iter_unpack(series.read_bytes())
            if time
        ]
    return points, {each["name"]: each["value"] for each in run.events("param")}


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_wandb(run, python, mode):
    run("-c", WANDB, python=python, WANDB_MODE=mode, HOME=str(run.folder))
    assert told(run) == (WANDB_POINTS, WANDB_PARAMETERS)
    assert run.events("probe_error") == []


def test_mlflow(run, python):
    variables = {"MLFLOW_TRACKING_URI": f"file://{run.folder}/runs", "MLFLOW_ALLOW_FILE_STORE": "true"}
    run("-c", MLFLOW, python=python, **variables)
    points, parameters = told(run)
    assert points == [("loss", 0, 3.0), ("loss", 1, 2.0), ("acc", 7, 0.5), ("direct", 4, 1.5)]
    assert parameters == {"lr": 0.1, "depth": 3, "name": "x"}
    assert run.events("probe_error") == []


def test_trackio(run, python):
    run("-c", TRACKIO, python=python, HOME=str(run.folder), TRACKIO_DIR=str(run.folder / "trackio"))
    assert told(run) == ([("loss", step, float(step)) for step in range(3)], {"lr": 0.2})
    assert run.events("probe_error") == []
