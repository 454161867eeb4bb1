"""Ctrl-C, and once more, while a command reads for long; so with other signals that ask it to end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.model import layout

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60
# The program; it says when it begins with what it is asked for.
_PROGRAM = """
import sys
sys.path[:1] = [{root!r}]
from ledger.cli import main
from ledger.ops import interrupt
{before}
invoke = main._invoke
def begin(words):
    print("ready", file=sys.stderr, flush=True)
    return invoke(words)
main._invoke = begin
sys.exit(main.program())
"""
# What tidies up is not given up, however slow the machine is.
_PATIENT = "interrupt._LEFT_S = 3600\n"
# What checks never ends; what tidies up says when it begins, and waits to be told.
_CHECKING = """
import time
from ledger.ops import hashing
def check(store, references, threads=None):
    try:
        print("checking", file=sys.stderr, flush=True)
        while True:
            time.sleep(0.01)
            yield from ()
    finally:
        print("tidying up", file=sys.stderr, flush=True)
        {tidying}
        print("tidy", file=sys.stderr, flush=True)
hashing.check = check
"""


class Program:
    """The command line, with a line of its standard error at a time."""

    def __init__(self, words, path, before=""):
        code = _PROGRAM.format(root=str(ROOT), before=before)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            cwd=path,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.until("ready")

    def until(self, text):
        for line in self.process.stderr:
            if line.strip() == text:
                return
        pytest.fail(f"it ended without {text!r}, with {self.process.wait()}")

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def end(self):
        """Exit code, and what else it said."""
        said = self.process.communicate(timeout=_PATIENCE_S)[1]
        return self.process.returncode, said


@pytest.fixture
def trained(git_project):
    git_project.write(train="[open(f'{n}.bin', 'wb').write(b'%d' % n) for n in range(40)]")
    git_project.run(sys.executable, "train.py")
    return git_project


@pytest.mark.parametrize("more", [0, 1, 5])
def test_what_tidies_up_is_not_broken_off(trained, more):
    before = _PATIENT + _CHECKING.format(tidying="time.sleep(0.3)")
    program = Program(["verify"], trained.path, before)
    program.until("checking")
    program.interrupt()
    program.until("tidying up")
    for _ in range(more):
        program.interrupt()
    assert program.end() == (130, "tidy\n")


def test_what_tidies_up_for_ever_is_given_up_at_the_second(trained):
    program = Program(["verify"], trained.path, _CHECKING.format(tidying="time.sleep(3600)"))
    program.until("checking")
    program.interrupt()
    program.until("tidying up")
    program.interrupt()
    assert program.end() == (130, "")


OTHERS = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", OTHERS)
def test_the_same_signal_twice_is_one_wish(trained, number):
    """As a shell sends it that goes, or ``timeout``: no time runs out for what tidies up."""
    before = "interrupt._ONE_WISH_S = 3600\ninterrupt._LEFT_S = 0\n"
    program = Program(["verify"], trained.path, before + _CHECKING.format(tidying="sys.stdin.read()"))
    program.until("checking")
    program.interrupt(number)
    program.until("tidying up")
    program.interrupt(number)
    assert program.end() == (128 + number, "tidy\n")


@pytest.mark.parametrize("number", OTHERS)
def test_the_same_signal_once_more_later_is_another_wish(trained, number):
    before = "interrupt._ONE_WISH_S = 0\n" + _CHECKING.format(tidying="time.sleep(3600)")
    program = Program(["verify"], trained.path, before)
    program.until("checking")
    program.interrupt(number)
    program.until("tidying up")
    program.interrupt(signal.SIGINT if number == signal.SIGHUP else number)
    assert program.end() == (128 + number, "")


@pytest.fixture
def shared(trained, tmp_path):
    """A ledger, a remote that has nothing yet, and one that has something that is not here."""
    elsewhere = tmp_path / "elsewhere"
    for words, path in (
        (["remote", "add", "lab", tmp_path / "lab"], trained.path),
        (["push", "lab"], trained.path),
        (["clone", tmp_path / "lab", elsewhere], tmp_path),
        (["run", "-q", "sh", "-c", "for n in $(seq 40); do echo $n > new$n; done"], elsewhere),
        (["push"], elsewhere),
        (["run", "-q", "sh", "-c", "for n in $(seq 40); do echo $n > own$n; done"], trained.path),
    ):
        subprocess.run([sys.executable, "-m", "ledger", *map(str, words)], cwd=path, check=True)
    trained.remote = tmp_path / "lab"
    return trained


def left(path):
    """Half-written files beneath."""
    return [each for each in path.rglob("*") if each.name.startswith(".") and each.is_file()]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["verify", "push", "pull"])
def test_interrupted_twice_it_ends_and_leaves_nothing(shared, verb):
    before = left(shared.path), left(shared.remote)
    for after_s in (0.0, 0.1, 0.2, 0.4):
        program = Program([verb], shared.path, _PATIENT)
        time.sleep(after_s)
        program.interrupt()
        program.interrupt()
        code, said = program.end()
        assert code in (0, 130, -signal.SIGINT), said  # the last one where it had ended by itself
        assert "Traceback" not in said
        assert (left(shared.path), left(shared.remote)) == before
        assert not list(layout.temporary(shared.ledger).glob("*"))
    for words in ([verb], ["verify"]):
        done = subprocess.run(
            [sys.executable, "-m", "ledger", *words], cwd=shared.path, check=False, capture_output=True
        )
        assert done.returncode == 0


_FINALIZER = """
import os, signal, time
from ledger.ops import hashing
class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
def check(store, references, threads=None):
    Finalized()
    while True:
        time.sleep(0.01)
        yield from ()
hashing.check = check
"""


@pytest.mark.parametrize("number", [signal.SIGINT, *OTHERS])
def test_an_interrupt_in_a_finalizer_is_not_lost(trained, number):
    before = _FINALIZER.replace("signal.SIGINT", str(int(number)))
    assert Program(["verify"], trained.path, before).end() == (128 + number, "")
