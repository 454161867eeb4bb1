"""Trials as jobs of submitit's executor of local processes; a real Slurm has tests/cli/test_tune_slurm.py."""

import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor

import pytest
from submitit import AutoExecutor

from ledger.errors import UsageError
from ledger.model.space import Objective
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.engines import engine
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.slurm import JobExecutor, jobs
from ledger.ops.tune.workers import Done
from ledger.tune.base import State
from ledger.tune.space.language.read import space

TRAIN = """
    import json, os, pathlib, sys, time
    mark = pathlib.Path(sys.argv[2])
    if mark.is_dir() and not (mark / "killed").exists():
        (mark / "killed").write_text("")
        os.kill(os.getppid(), 9)
        time.sleep(60)
    open("metrics.json", "w").write(json.dumps({"loss": float(sys.argv[1])}))
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def search(git_project):
    git_project.write(train=TRAIN)

    def search(executions, mark="-"):
        with jobs({"time": "10"}, "local") as executor:
            return tune(
                git_project.workspace,
                Wanted(
                    name="x",
                    command=(sys.executable, "train.py", "{lr}", str(mark)),
                    space=space(["lr=real(0, 1)"]),
                    objectives=(Objective(metric="loss"),),
                    sampler="random",
                ),
                TuneOptions(executions=executions, jobs=2, executor=executor),
                directory=git_project.path,
                notify=git_project.notes.append,
            )

    return search


def test_trials_are_jobs(search, git_project):
    tuned = search(3)
    assert [each.state for each in tuned.standing.own] == [State.DONE] * 3
    assert tune_verify.check(git_project.workspace.journal, "x").findings == ()
    assert not list(git_project.workspace.cache.glob("jobs-*"))


def test_a_job_that_dies_costs_one_attempt(search, git_project, tmp_path):
    tuned = search(1, tmp_path)
    assert [each.state for each in tuned.standing.own] == [State.DONE]
    assert sorted(str(each.status) for each in git_project.trials) == ["lost", "ok"]


def test_a_job_that_is_cancelled_has_died():
    with jobs({"time": "10"}, "local") as make:
        executor = make()
        waited = executor.submit(time.sleep, 600)
        assert not waited.done()
        executor.stop(signal.SIGINT)
        with pytest.raises(BrokenExecutor):
            waited.result(timeout=120)
        executor.shutdown()


def ended_by(number):
    os.kill(os.getpid(), number)


def answered(number):
    return Done(trial=None, signal=number)


@pytest.mark.parametrize(
    ("state", "function", "number", "told"),
    [
        ("TIMEOUT", answered, signal.SIGTERM, "--slurm time=MINUTES"),
        ("OUT_OF_MEMORY", answered, signal.SIGKILL, "--slurm mem=SIZE"),
        ("OUT_OF_MEMORY", ended_by, signal.SIGKILL, "--slurm mem=SIZE"),
        ("NODE_FAIL", ended_by, signal.SIGKILL, None),
        ("COMPLETED", answered, signal.SIGKILL, None),
        ("TIMEOUT", answered, None, None),
    ],
)
def test_why_slurm_ended_a_job_is_told_with_what_helps(state, function, number, told, tmp_path):
    made = AutoExecutor(folder=tmp_path, cluster="local")
    made.update_parameters(timeout_min=10)
    executor = JobExecutor(made, lambda job: state if job.done() else None)
    future = executor.submit(function, number)
    if function is ended_by:
        with pytest.raises(BrokenExecutor):
            future.result(timeout=120)
    else:
        assert future.result(timeout=120).signal == number
    assert [told in each for each in executor.remarks()] == ([True] if told else [])
    assert executor.remarks() == []
    executor.shutdown()


def test_what_is_missing_is_said(monkeypatch):
    with pytest.raises(UsageError, match="how long a job may take"), jobs({}, "local"):
        pass
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="no jobs can be made"), engine("slurm", settings={"time": "1"}):
        pass
