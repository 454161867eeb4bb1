"""``ledger tune --engine slurm``: a real Slurm of one node with two CPUs, without accounting."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.searching import PATIENCE_S, begin, until
from tests.slurm import one_node

# It says which job it runs in and who records it, and ends when it is told to.
TRAIN = """
    import json, os, pathlib, sys, time
    marks, mode = map(pathlib.Path, sys.argv[2:])
    (marks / f"{time.time_ns()}").write_text(f"{os.environ['SLURM_JOB_ID']} {os.getppid()}")
    while mode.name == "wait" and not (marks / "go").exists():
        time.sleep(0.05)
    open("metrics.json", "w").write(json.dumps({"loss": float(sys.argv[1])}))
"""

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with one_node(tmp_path_factory.mktemp("slurm")) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


class Search:
    """A search whose trials leave a mark each time that they begin."""

    def __init__(self, tool, folder):
        self.tool, self.marks = tool, folder / "marks"
        self.marks.mkdir()
        tool.project.write(train=TRAIN)

    def words(self, count, mode, *options):
        return (
            *("tune", "-x", "x", "--minimize", "loss", "-n", count, "--sampler", "random"),
            *("--engine", "slurm", "--slurm", "time=5", *options, "-p", "lr=real(0, 1)"),
            *("--", sys.executable, "train.py", "{lr}", self.marks, mode),
        )

    def start(self, *words):
        return begin(self.tool, *words)

    def begun(self, count):
        """Wait until so many trials have begun; return their jobs and recorders in that order."""
        return until(
            lambda: [tuple(each.read_text().split()) for each in sorted(self.marks.glob("[0-9]*"))],
            lambda found: len(list(filter(None, found))) >= count,
        )

    def go(self):
        (self.marks / "go").touch()

    def statuses(self):
        return [each["status"] for each in reversed(self.tool.document("log", "-x", "x"))]

    def end(self, process, code=0):
        """Wait for its end; return what it said."""
        err = process.communicate(timeout=PATIENCE_S)[1].decode()
        assert process.returncode == code, err
        assert "Traceback" not in err
        return err

    def check(self):
        assert self.tool.document("verify", "-x", "x")["ok"]


@pytest.fixture
def search(slurm, tool, tmp_path):
    return Search(tool, tmp_path)


def said(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def queue():
    """Job and state of each that has not ended."""
    found = said("squeue", "--noheader", "--format=%i %T")
    return dict(zip(found[::2], found[1::2], strict=True))


def test_each_trial_is_a_job_that_its_record_names(search, tool):
    done = tool(*search.words(8, "quick", "-j", 2))
    assert "sacct" not in done.err
    trials = tool.document("tune", "-x", "x", "-n", "8")["trials"]
    assert [each["state"] for each in trials] == ["done"] * 8
    search.check()
    jobs = {dict(each.observed.variables)["SLURM_JOB_ID"] for each in tool.project.trials}
    assert jobs == {job for job, _ in search.begun(8)}
    assert len(jobs) == 8
    ended = said("squeue", "--noheader", "--states=all", f"--jobs={','.join(jobs)}", "--format=%T")
    assert ended == ["COMPLETED"] * 8


def cancel(job, recorder):
    said("scancel", job)


def kill(job, recorder):
    os.kill(int(recorder), signal.SIGKILL)


@pytest.mark.parametrize(("end", "first"), [(cancel, "killed"), (kill, "lost")])
def test_a_job_that_ends_early_costs_one_attempt(search, end, first):
    process = search.start(*search.words(1, "wait"))
    ((job, recorder),) = search.begun(1)
    until(search.statuses, lambda found: found == ["running"])
    requeued = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, check=False)
    assert requeued.returncode != 0  # or the trial would run twice in one job
    end(job, recorder)
    assert search.begun(2)[-1][0] != job
    search.go()
    told = "a process that ran a trial died; its trial is recorded as lost" in search.end(process)
    assert told is (first == "lost")
    assert search.statuses() == [first, "ok"]
    search.check()


def test_a_job_that_runs_out_of_its_time_is_told_of_with_what_helps(search):
    process = search.start(*search.words(1, "wait", "--slurm", "time=1"))
    ((job, _),) = search.begun(1)
    until(search.statuses, lambda found: found == ["running"])
    said("scontrol", "update", f"JobId={job}", "EndTime=now")  # rather than to wait for a minute
    search.begun(2)
    search.go()
    err = search.end(process)
    assert "a job of Slurm ran out of its time: --slurm time=MINUTES gives each trial more" in err
    assert search.statuses() == ["killed", "ok"]
    search.check()


def test_ctrl_c_cancels_all_jobs_and_the_same_command_goes_on(search, tool):
    words = search.words(2, "wait", "-j", 2, "--slurm", "cpus_per_task=2")
    process = search.start(*words)
    search.begun(1)
    until(queue, lambda found: sorted(found.values()) == ["PENDING", "RUNNING"])
    process.send_signal(signal.SIGINT)
    search.end(process, code=130)
    assert queue() == {}
    assert search.statuses() == ["killed"]
    search.go()
    tool(*words)
    assert search.statuses() == ["killed", "ok", "ok"]
    search.check()


def test_what_slurm_does_not_take_or_cannot_run_is_said(search, tool):
    err = tool(*search.words(1, "quick", "--slurm", "partition=nowhere"), code=2).err
    assert "Slurm takes no job of a trial" in err
    assert "Invalid partition name specified" in err
    variables = {"SBATCH_EXPORT": "ALL,PYTHONHOME=/nowhere"}  # a node that has no Python of ours
    err = tool(*search.words(1, "quick"), variables=variables, code=1).err
    assert "of Slurm cannot run a trial" in err
    assert "encodings" in err
    tool(*search.words(1, "quick"))
    assert search.statuses() == ["ok"]
