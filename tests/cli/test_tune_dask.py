"""``ledger tune --engine dask``: real schedulers and workers, each worker a machine with its own cache."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.cli.searching import PATIENCE_S, begin, until

TRAIN = """
    import json, os, pathlib, sys, time
    lr, marks, mode = float(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    gpu = os.environ["CUDA_VISIBLE_DEVICES"]
    (marks / f"{time.time_ns()}").write_text(gpu)
    while mode == "wait" and not (marks / "go").exists():
        time.sleep(0.05)
    open("metrics.json", "w").write(json.dumps({"loss": lr, "gpu": int(gpu)}))
"""

pytestmark = pytest.mark.slow


def _read(path):
    return path.read_text() if path.exists() else ""


class Cluster:
    """A scheduler, and workers that share nothing with the search but a remote."""

    def __init__(self, folder):
        self.folder = folder
        told = folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", told)
        self.scheduler = self._start("dask_scheduler", *words, number=9)
        self.address = json.loads(until(lambda: _read(told), bool))["address"]
        self.workers = [self.worker(0), self.worker(1)]
        for each in (0, 1):
            until(lambda: _read(self._place(each) / "said"), lambda said: "Registered to" in said)  # noqa: B023

    def worker(self, number):
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        return self._start("dask_worker", self.address, *words, number=number)

    def _place(self, number):
        return self.folder / f"machine-{number}"

    def _start(self, module, *words, number):
        place = self._place(number)
        place.mkdir()
        variables = {"XDG_CACHE_HOME": str(place / "cache"), "CUDA_VISIBLE_DEVICES": str(number)}
        with open(place / "said", "wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *words],
                cwd=place,
                env={**os.environ, **variables},
                stdout=said,
                stderr=said,
            )

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tool, tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


class Search:
    """A search of a remote ledger, whose trials leave a mark each time that they begin."""

    def __init__(self, tool, cluster, folder):
        self.tool, self.cluster, self.marks = tool, cluster, folder / "marks"
        self.remote = ("--ledger", (folder / "lab").as_uri())
        self.marks.mkdir()
        tool.project.write(train=TRAIN)

    def words(self, count, mode, jobs=2):
        return (
            *(*self.remote, "tune", "-x", "x", "--minimize", "loss", "-n", count, "-j", jobs),
            *("--engine", "dask", "--scheduler-address", self.cluster.address, "--sampler", "random"),
            *("-p", "lr=real(0, 1)", "--", sys.executable, "train.py", "{lr}", self.marks, mode),
        )

    def start(self, *words):
        return begin(self.tool, *words)

    def begun(self, count):
        """Wait until trials have begun; return the devices that they were given."""
        return until(
            lambda: sorted(self.marks.iterdir()),
            lambda found: sum(each.stat().st_size > 0 for each in found) >= count,
        )

    def log(self):
        """Its trials that are in the remote; there is no experiment before the first one has come."""
        return [each for each in self.tool.document(*self.remote, "log") if each["experiment"] == "x"]


@pytest.fixture
def search(tool, cluster, tmp_path):
    return Search(tool, cluster, tmp_path)


def test_workers_record_in_one_remote_each_with_its_own_device(search, tool):
    process = search.start(*search.words(4, "wait"))
    first = {each.read_text() for each in search.begun(2)}
    (search.marks / "go").touch()
    err = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 0, err
    assert first == {"0", "1"}
    document = tool.document(*search.remote, "tune", "-x", "x", "-n", "4")
    assert [each["state"] for each in document["trials"]] == ["done"] * 4
    assert tool.document(*search.remote, "verify", "-x", "x")["ok"]
    copies = [
        list(search.cluster.folder.glob(f"machine-{each}/cache/ledger/remotes/*/objects")) for each in (0, 1)
    ]
    assert all(copies)


def test_a_worker_that_is_killed_costs_one_attempt(search, tool):
    process = search.start(*search.words(1, "wait", jobs=1))
    (mark,) = search.begun(1)
    until(search.log, lambda found: [each["status"] for each in found] == ["running"])
    search.cluster.workers[int(mark.read_text())].send_signal(signal.SIGKILL)
    other = search.begun(2)[-1]
    (search.marks / "go").touch()
    err = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 0, err
    assert "a process that ran a trial died; its trial is recorded as lost" in err
    assert other.read_text() != mark.read_text()
    assert sorted(each["status"] for each in search.log()) == ["lost", "ok"]
    document = tool.document(*search.remote, "tune", "-x", "x", "-n", "1")
    assert [(each["number"], each["state"]) for each in document["trials"]] == [(0, "done")]
    assert tool.document(*search.remote, "verify", "-x", "x")["ok"]


def test_ctrl_c_ends_trials_where_they_run_and_the_same_command_goes_on(search, tool):
    words = search.words(2, "wait")
    process = search.start(*words)
    search.begun(2)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 130, err
    assert [each["status"] for each in search.log()] == ["killed"] * 2
    (search.marks / "go").touch()
    tool(*words)
    assert sorted(each["status"] for each in search.log()) == ["killed"] * 2 + ["ok"] * 2


def test_a_scheduler_that_is_not_there_is_said(tool):
    tool.project.write(train=TRAIN)
    words = ("tune", "-x", "x", "--minimize", "loss", "-n", "1", "-p", "lr=real(0, 1)", "--engine", "dask")
    command = ("--", sys.executable, "train.py", "{lr}")
    assert "--scheduler-address" in tool(*words, *command, code=2).err
    slurm = ("--engine", "slurm", "--slurm")
    assert "how long a job may take" in tool(*words, *slurm, "partition=gpu", *command, code=2).err
    assert "expected KEY=VALUE" in tool(*words, *slurm, "gpu", *command, code=2).err
    done = tool(*words, "--scheduler-address", "tcp://127.0.0.1:9", *command, code=1)
    assert "no Dask scheduler at tcp://127.0.0.1:9" in done.err
