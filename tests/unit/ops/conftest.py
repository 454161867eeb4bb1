import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import shared
from tests.patience import PATIENCE_S

_DRIVER = str(Path(__file__).with_name("execute_driver.py"))
_ROOT = str(Path(__file__).parents[3])


def wait_for(condition, what="it"):
    """Wait until `condition()` is true, and return its value."""
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.005)
    return value


class Harness:
    """Runs programs through `execute` in a process of its own, and looks at what came of it."""

    def __init__(self, folder):
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.result = folder / "result"
        self.traced = False
        self.variables = {**os.environ, "PYTHONPATH": _ROOT, "LEDGER_TEST": str(folder)}
        self._left = []

    def words(self, *argv, lock=None, **launch):
        """Return the command line that runs `argv` through `execute`."""
        task = {
            "launch": {"argv": argv, "spool": str(self.spool), **launch},
            "result": str(self.result),
            "lock": lock and str(lock),
            "traced": self.traced,
        }
        return [sys.executable, _DRIVER, "run", json.dumps(task)]

    def start(self, words, **options):
        options.setdefault("start_new_session", True)  # what a program does to its group is not for us
        process = subprocess.Popen(words, env=self.variables, cwd=self.folder, **options)
        self._left.append(process)
        return process

    def run(self, *argv, stdin=subprocess.DEVNULL, lock=None, **launch):
        """Run to the end; return the driver's exit code and what it forwarded."""
        words = self.words(*argv, lock=lock, **launch)
        process = self.start(words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=PATIENCE_S * 4)
        return SimpleNamespace(code=process.returncode, out=out, err=err)

    def exit(self):
        """Return the `Exit`, as far as the driver has come to it."""
        wait_for(self.result.exists, "the result")
        return json.loads(self.result.read_text())

    def note(self, name):
        return next(note for note in self.exit()["streams"] if note["name"] == name)

    def recorded(self, name="stdout"):
        return (self.spool / name).read_bytes()

    def terminal(self, words, rows=24, columns=80, **streams):
        """Start a command on a new terminal that is its controlling one."""
        terminal = Terminal(rows, columns)
        given = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.slave) | streams
        command = [sys.executable, _DRIVER, "terminal", *words]
        terminal.process = self.start(command, start_new_session=True, **given)
        os.close(terminal.slave)
        self._left.append(terminal)
        return terminal

    def close(self):
        for left in self._left:
            if isinstance(left, Terminal):
                os.close(left.master)
                continue
            if left.poll() is None:
                left.kill()
            left.wait()
            for stream in (left.stdin, left.stdout, left.stderr):
                if stream:
                    stream.close()


class Terminal:
    """The user's side of a terminal."""

    def __init__(self, rows, columns):
        self.master, self.slave = os.openpty()
        self.shown = b""
        self.process = None
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def flags(self):
        return termios.tcgetattr(self.master)

    def read(self, seconds=0.0):
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        while poll.poll(seconds * 1000):
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # nobody has it open any more
                break
            self.shown += piece
        return self.shown

    def expect(self, text):
        try:
            wait_for(lambda: text in self.read(), repr(text))
        except AssertionError as error:
            error.add_note(f"shown: {self.shown!r}")
            raise

    def finish(self):
        """Wait for the end; return the exit code."""
        wait_for(lambda: (self.read(), self.process.poll() is not None)[1], "the end")
        self.read(0.1)
        return self.process.returncode


@pytest.fixture
def harness(tmp_path):
    made = Harness(tmp_path)
    made.wait_for = wait_for
    yield made
    made.close()


@pytest.fixture
def remote(tmp_path):
    """A directory through which ledgers are shared."""
    return str(tmp_path / "remote")


@pytest.fixture
def ann(tmp_path):
    """One who shares a ledger."""
    return shared.Shared(tmp_path / "ann")


@pytest.fixture
def ben(tmp_path):
    """Another one."""
    return shared.Shared(tmp_path / "ben")
