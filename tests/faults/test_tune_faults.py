"""Searches that are stopped, killed, or lose a process."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.patience import PATIENCE_S

TRAIN = """
    import json, os, sys, time
    lr = float(sys.argv[1])
    open(sys.argv[2] + f"/{lr}", "a").write("begun\\n")
    while os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    open("metrics.json", "w").write(json.dumps({"loss": lr}))
"""

pytestmark = pytest.mark.slow


class Search:
    """A search in a process of its own; its trials leave a mark when they begin, and end when let."""

    def __init__(self, tool, folder):
        self.tool, self.marks, self.hold = tool, folder / "marks", folder / "hold"
        tool.project.write(train=TRAIN)
        self.marks.mkdir()
        self.hold.touch()
        self.words = (
            *("tune", "-x", "x", "--minimize", "loss", "-n", "4", "-j", "2", "--sampler", "random"),
            *(
                "-p",
                "lr=real(0, 1)",
                "--",
                sys.executable,
                "train.py",
                "{lr}",
                str(self.marks),
                str(self.hold),
            ),
        )

    def start(self):
        return subprocess.Popen(
            [*self.tool.words, *self.words],
            cwd=self.tool.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_for(self, count):
        """Wait until so many trials have begun."""
        until = time.monotonic() + PATIENCE_S
        while sum(len(each.read_text().splitlines()) for each in self.marks.iterdir()) < count:
            assert time.monotonic() < until, "they do not begin"
            time.sleep(0.05)

    def let(self):
        """Let trials end."""
        self.hold.unlink()

    def finish(self):
        """Let the same command go on to its end; return what it says."""
        process = self.start()
        err = process.communicate(timeout=PATIENCE_S)[1].decode()
        assert process.returncode == 0, err
        return err

    def check(self):
        document = self.tool.document("tune", "-x", "x", "-n", "4")
        assert [(each["number"], each["state"]) for each in document["trials"]] == [
            (number, "done") for number in range(4)
        ]
        assert self.tool.document("verify", "-x", "x")["ok"]
        return document


@pytest.fixture
def search(tool, tmp_path):
    return Search(tool, tmp_path)


def statuses(tool):
    return sorted(each["status"] for each in tool.document("log", "-x", "x"))


def test_ctrl_c_ends_its_trials_and_the_same_command_goes_on(search, tool):
    process = search.start()
    search.wait_for(2)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 130
    assert "stopping" in err
    assert statuses(tool) == ["killed", "killed"]
    search.let()
    search.finish()
    search.check()
    assert statuses(tool) == ["killed", "killed", "ok", "ok", "ok", "ok"]


DEAF = """
    import json, signal, sys, time
    mark = open(sys.argv[2] + f"/{sys.argv[1]}", "a+")
    mark.seek(0)
    first = not mark.read()
    if first:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    mark.write("begun\\n")
    mark.close()
    time.sleep(300 if first else 0)
    open("metrics.json", "w").write(json.dumps({"loss": float(sys.argv[1])}))
"""


def test_a_second_ctrl_c_kills_its_trials_and_the_same_command_runs_them_again(search, tool):
    tool.project.write(train=DEAF)
    search.words = tuple("2" if each == "4" else each for each in search.words)
    process = search.start()
    search.wait_for(2)
    process.send_signal(signal.SIGINT)
    assert b"stopping" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert statuses(tool) == ["killed", "killed"]
    search.finish()
    document = tool.document("tune", "-x", "x", "-n", "2")
    assert [each["state"] for each in document["trials"]] == ["done", "done"]
    assert statuses(tool) == ["killed", "killed", "ok", "ok"]


def test_kill_of_the_search_leaves_nothing_behind_and_it_goes_on(search, tool):
    process = search.start()
    search.wait_for(2)
    process.kill()
    process.wait()
    process.stderr.close()
    search.let()
    search.finish()
    search.check()
    assert statuses(tool) == ["lost", "lost", "ok", "ok", "ok", "ok"]


def test_a_process_that_dies_costs_its_own_trial_alone_which_is_tried_again(search, tool):
    process = search.start()
    search.wait_for(2)
    workers = [pid for pid in children(process.pid) if children(pid)]
    os.kill(workers[0], signal.SIGKILL)
    search.let()
    err = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 0, err
    assert "a process that ran a trial died" in err
    search.check()
    assert statuses(tool) == ["lost", "ok", "ok", "ok", "ok"]


def test_two_calls_at_once_share_a_search(search, tool):
    processes = [search.start(), search.start()]
    search.wait_for(2)
    search.let()
    for process in processes:
        err = process.communicate(timeout=PATIENCE_S)[1].decode()
        assert process.returncode == 0, err
    search.check()
    assert statuses(tool) == ["ok"] * 4


def test_a_clone_goes_on_without_the_code(search, tool, tmp_path):
    search.let()
    done = tool("tune", "--json", *search.words[1:5], "-n", "2", *search.words[7:])
    first = json.loads(done.out)
    tool("remote", "add", "origin", tmp_path / "remote")
    tool("push")
    tool("clone", tmp_path / "remote", tmp_path / "clone")
    document = tool.document("tune", "-x", "x", "-n", "4", directory=tmp_path / "clone")
    assert document["search"] == first["search"]
    assert [each["state"] for each in document["trials"]] == ["done"] * 4
    assert document["trials"][:2] == first["trials"]
    assert tool.document("verify", "-x", "x", directory=tmp_path / "clone")["ok"]


def children(process):
    """Processes that one has started."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == process:
                found.append(int(name))
    return found
