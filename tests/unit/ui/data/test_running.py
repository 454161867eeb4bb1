"""A trial that runs: its points and its streams until now, from its spool."""

import os
import subprocess
import sys
import time

import pytest

from ledger.journal.series_format import RECORD
from ledger.model import layout
from ledger.ui.data import live, running, series, streams
from ledger.ui.source import Source
from tests.patience import PATIENCE_S

SCRIPT = """
import os, sys, time, ledger
for step in range(5):
    ledger.log(step=step, loss=1 / (1 + step))
ledger.log(accuracy=float("nan"))
print("first line", os.environ["API_TOKEN"], flush=True)
print("half a li", end="", flush=True)
open("ready", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
ledger.log(step=5, loss=0.1)
"""
TOKEN = "verysecretvalue1"


@pytest.fixture
def runs(project):
    """A trial that waits for the file ``go``."""
    project.write(train=SCRIPT)
    words = [sys.executable, "-m", "ledger", "run", "--name", "slow", "--", sys.executable, "train.py"]
    environment = {**os.environ, "API_TOKEN": TOKEN}
    project.workspace  # noqa: B018 - makes the ledger
    child = subprocess.Popen(words, cwd=project.path, env=environment, stdout=subprocess.DEVNULL)
    while not (project.path / "ready").exists():
        assert child.poll() is None
        time.sleep(0.01)
    yield child
    (project.path / "go").touch()
    child.wait(PATIENCE_S)


def torn_process(spool):
    """What a process leaves that is in the middle of writing a name and a record."""
    (spool / "keys-999-0.jsonl").write_text('"other"\n"tor')
    whole = RECORD.pack(0, 1, 2, 3.0)
    (spool / "series-999-0.bin").write_bytes(whole * 2 + RECORD.pack(1, 1, 2, 3.0) + whole[:16] + bytes(4096))


@pytest.mark.slow
def test_what_a_running_trial_logged_and_printed_is_there_before_its_end(project, runs, monkeypatch):
    monkeypatch.setenv("API_TOKEN", TOKEN)
    source = Source(project.workspace)
    found = running.answer(source, {"trial": "slow"})
    assert (found["running"], found["here"]) == (True, True)
    assert {each["name"]: (each["count"], each["last"]) for each in found["metrics"]} == {
        "accuracy": (1, "NaN"),
        "loss": (5, 0.2),
    }
    assert live.answer(source, {})["running"] == {found["spool"]: found["mark"]}
    points = series.answer(source, {"trial": "slow", "metric": "loss"})
    assert points["value"].to_pylist() == [1 / (1 + step) for step in range(5)]
    torn_process(layout.spool(project.ledger) / found["spool"])
    metrics = running.answer(source, {"trial": "slow"})["metrics"]
    assert [(each["name"], each["count"]) for each in metrics] == [("accuracy", 1), ("loss", 5), ("other", 2)]
    assert series.answer(source, {"trial": "slow", "metric": "other"}).num_rows == 2
    told = streams.answer(source, {"trial": "slow", "name": "stdout"})
    assert told["text"] == "first line secret:API_TOKEN\n"
    assert streams.answer(source, {"trial": "slow", "name": "stderr"})["text"] == ""
    (project.path / "go").touch()
    runs.wait(PATIENCE_S)
    assert live.answer(source, {})["running"] == {}
    ended = running.answer(source, {"trial": "slow"})
    assert (ended["running"], ended["here"], ended["metrics"]) == (False, False, [])
    assert "half a li" in streams.answer(source, {"trial": "slow", "name": "stdout"})["text"]
