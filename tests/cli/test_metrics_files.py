"""Metrics come from the files that common loggers write, without a changed line."""

import sys

import pytest

WRITERS = """
import csv, json, os
import ledger
{more}
with open("progress.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["epoch", "loss", "speed", "note"])
    for epoch in range(3):
        ledger.log(step=epoch, loss=1 / (epoch + 1), speed=1.0)
        writer.writerow([epoch, 1 / (epoch + 1), 2.0, "fine"])
os.mkdir("results")
with open("results/lines.jsonl", "w") as file:
    for epoch in range(3):
        file.write(json.dumps({{"epoch": epoch, "val": {{"accuracy": epoch / 4}}}}) + "\\n")
"""
EVENTS = """
from tensorboardX import SummaryWriter
for part, factor in (("train", 1.0), ("validation", 2.0)):
    with SummaryWriter("logs/" + part) as writer:
        for epoch in range(3):
            writer.add_scalar("error", factor / (epoch + 1), epoch)
"""


@pytest.fixture
def recorded(tool):
    """Return a function: more code of the script → the trial as ``show --json`` tells it."""

    def recorded(more=""):
        (tool.path / "job.py").write_text(WRITERS.format(more=more))
        tool("run", "-q", "--", sys.executable, "job.py")
        return tool.document("show", "@")

    return recorded


def test_a_table_counts_beside_what_was_logged(recorded):
    trial = recorded()
    metrics = {
        name: value for name, value in trial["metrics"].items() if name not in ("duration_s", "peak_memory")
    }
    assert metrics == {"loss": 1 / 3, "speed": 1.0, "progress.csv/speed": 2.0}
    assert {each["part"]: each["state"] for each in trial["health"]}["metrics"] == "complete"


def test_files_that_the_configuration_names_count(tool, recorded):
    (tool.path / "ledger.toml").write_text(
        '[metrics]\nfiles = ["results/*.jsonl"]\nignore = ["progress.csv"]\n'
    )
    metrics = recorded()["metrics"]
    assert metrics["val.accuracy"] == 0.5
    assert "progress.csv/speed" not in metrics


def test_event_files_count_each_directory_apart(recorded):
    pytest.importorskip("tensorboardX")
    metrics = recorded(EVENTS)["metrics"]
    assert metrics["train/error"] == pytest.approx(1 / 3)
    assert metrics["validation/error"] == pytest.approx(2 / 3)
