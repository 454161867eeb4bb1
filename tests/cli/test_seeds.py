"""``ledger seeds`` with a noisy program."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager

import pytest

from tests.patience import PATIENCE_S

TRAIN = """
    import ledger, random, socket
    random.seed(ledger.seed("data"))
    if {gate}:
        socket.create_connection(("127.0.0.1", {gate})).recv(1)
    ledger.log(loss=random.random() + 0.1 * random.Random(ledger.seed("init")).random())
    """


class Gate:
    """Where each run of a program waits until it is let through."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]

    def meet(self):
        """Wait for the next run; return what lets it through when it is closed."""
        self._server.settimeout(PATIENCE_S)
        return self._server.accept()[0]

    @contextmanager
    def open(self):
        """Let through whoever comes."""
        shut = threading.Event()

        def let():
            while not shut.is_set():
                self.meet().close()

        thread = threading.Thread(target=let)
        thread.start()
        try:
            yield
        finally:
            shut.set()
            socket.create_connection(("127.0.0.1", self.port)).close()
            thread.join()

    def close(self):
        self._server.close()


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.close()


@pytest.fixture
def trained(tool):
    def trained(gate=None):
        tool.project.write(train=TRAIN.format(gate=gate.port if gate else 0))
        tool("run", "-q", "--seed", "3", sys.executable, "train.py")
        return tool

    return trained


def test_the_distribution_and_where_the_original_stands(trained, accept):
    tool = trained()
    done = tool(
        "seeds", "@", "-n", "2", "-j", "2", "--minimize", "loss", "--difference", "0.2", "--vary", "each"
    )
    assert re.search(r"^ledger: \d+/8 · \w{12} · the seed \d+ of init · loss 0\.\d+$", done.err, re.M)
    assert "as --seed of its trial, through ledger.seed (data, init), drawn from --seed 0" in done.out
    assert re.search(
        r"^  loss over 2 seeds: 0\.\d+ \(95% .* to .*\), standard deviation .*; the original .* of 3$",
        done.out,
        re.M,
    )
    assert re.search(r"^  varied +seeds +mean +95% +sd +95% of the sd +iqm", done.out, re.M)
    assert re.search(r"^  0\.2 +[0-9.]+ +\d+$", done.out, re.M)
    assert re.search(r"^  init +0\.0\d+ +\d+% +\d+% to \d+% +2 +\S+$", done.out, re.M)
    narrow = tool.narrow("seeds", "@", "-n", "2", "--vary", "each", "-q", "--minimize", "loss")
    assert "  varied init" in narrow
    found = tool.document("seeds", "@", "-n", "2", "--vary", "each", "-q")
    accept("seeds.v1", found)
    assert Counter(run["how"] for group in found["groups"] for run in group["runs"]) == {"reused": 8}
    assert found["metrics"][0]["place"]["rank"] is None
    given = found["groups"][2]["runs"][0]["trial"]
    seeds = tool.document("show", given)["seeds"]
    assert (seeds["enforced"], list(seeds["named"])) == (3, ["data"])
    assert re.search(rf"--seed of names +data={seeds['named']['data']}$", tool("show", given).out, re.M)


@pytest.mark.slow
def test_a_killed_call_goes_on_where_it_was(trained, gate):
    with gate.open():
        tool = trained(gate)
    words = ("seeds", "@", "-n", "4", "--env", "current", "--minimize", "loss")
    with subprocess.Popen([*tool.words, *words], cwd=tool.path, stderr=subprocess.PIPE, text=True) as process:
        gate.meet().close()
        assert "1/4" in process.stderr.readline()
        second = gate.meet()
        process.kill()
    second.close()
    with gate.open():
        found = tool.document(*words, "-q")
    hows = [each["how"] for each in found["groups"][0]["runs"]]
    assert (hows[0], hows[-1], len(hows)) == ("reused", "run", 4)
    ends = Counter(each["status"] for each in tool.document("log", "-x", found["groups"][0]["experiment"]))
    assert ends["ok"] == 4
    assert not ends.keys() - {"ok", "lost", "killed"}


@pytest.mark.slow
def test_an_interrupt_ends_what_runs_and_keeps_what_is_there(trained, gate):
    with gate.open():
        tool = trained(gate)
    words = ("seeds", "@", "-n", "9", "--env", "current", "--minimize", "loss")
    with subprocess.Popen(
        [*tool.words, *words], cwd=tool.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        gate.meet().close()
        assert "1/9" in process.stderr.readline()
        with gate.meet():
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "it was interrupted: the same command goes on" in out
    assert re.search(r"loss over \d seeds?: 0", out)


def test_help_and_mistakes(tool):
    assert "ledger seeds @ -n 20" in tool("seeds", "--help").out
    tool.project.write(train=TRAIN.format(gate=0))
    tool("run", "-q", sys.executable, "train.py")
    assert "did you mean: data" in tool("seeds", "@", "--vary", "date", code=2).err
    assert "one metric is needed" in tool("seeds", "@", "--minimize", "a", "--maximize", "b", code=2).err
    tool("seeds", "nothing", code=3)
