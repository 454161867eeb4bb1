import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import forked
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
# `python -m ledger` of this checkout, without a PYTHONPATH that the recorded command would see too.
COMMAND = (
    sys.executable,
    "-c",
    (
        f"import sys; sys.path[:1] = [{str(ROOT)!r}]; import runpy; "
        "runpy.run_module('ledger', run_name='__main__', alter_sys=True)"
    ),
)
TRAIN = """
import json, sys
lr = float(sys.argv[sys.argv.index("--lr") + 1])
open("metrics.json", "w").write(json.dumps({"accuracy": 1 - lr}))
open("model.txt", "w").write(f"weights {lr}\\n")
print("trained with", lr)
print("a warning", file=sys.stderr)
"""
_BARS = "▏▎▍▌▋▊▉█·"
_PATIENCE_S = 3 * PATIENCE_S
"""A command may run many programs."""


class Tool:
    """The command line, as a person in a project's directory has it."""

    words = COMMAND

    def __init__(self, project):
        self.path = project.path
        self.project = project

    def __call__(self, *words, input=b"", directory=None, variables=None, code=0, **options):
        """Run ``ledger WORDS`` in a process of its own; `code` is what it must exit with."""
        words = [str(each) for each in words]
        how = {
            "cwd": directory or self.path,
            "env": {**os.environ, **(variables or {})},
            "input": input,
            "timeout": _PATIENCE_S,
        }
        if not options and forked.possible(words, how["env"]):
            done = forked.run(words, **how)
        else:
            done = subprocess.run([*COMMAND, *words], capture_output=True, **how, **options)
        out, err = (each.decode("utf-8", "surrogateescape") for each in (done.stdout, done.stderr))
        assert done.returncode == code, f"exit code {done.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return SimpleNamespace(out=out, err=err, raw=done.stdout, lines=out.splitlines())

    def document(self, *words, **options):
        """Run it with ``--json``; the only thing on standard output is one document."""
        return json.loads(self(*words, "--json", **options).out)

    def train(self, lr=0.1, *options):
        """Record a training."""
        return self("run", "-q", *options, sys.executable, "train.py", "--lr", lr)

    def on_terminal(self, *words, variables=None, rows=50, columns=120):
        """Run it with its streams on a terminal; return what a person sees."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PAGER": "cat", **(variables or {})}
        words, streams = [str(each) for each in words], (slave, slave, slave)
        if forked.possible(words, environment):
            process = forked.Forked(words, self.path, environment, streams, session=True)
        else:
            stdin, stdout, stderr = streams
            process = subprocess.Popen(
                [*COMMAND, *words],
                cwd=self.path,
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        os.close(slave)
        seen = b""
        while select.select([master], [], [], _PATIENCE_S)[0]:
            try:
                block = os.read(master, 1 << 16)
            except OSError:  # the other side has closed
                break
            if not block:
                break
            seen += block
        os.close(master)
        process.wait(_PATIENCE_S)
        return seen.decode("utf-8")

    def narrow(self, *words, columns=60):
        """Lines on a narrow terminal; every word of the plain page is in them, whole, if not every bar."""
        plain = self(*words).out
        seen = self.on_terminal(*words, variables={"NO_COLOR": "1", "COLUMNS": str(columns)})
        lines = [each for each in seen.splitlines() if not each.startswith("ledger: ")]
        assert max(map(len, lines)) <= columns < max(map(len, plain.splitlines()))
        assert not {each for each in plain.split() if set(each) - set(_BARS)} - set(seen.split())
        return lines


@pytest.fixture
def tool(project, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PAGER", "LESS"):
        monkeypatch.delenv(name, raising=False)
    return Tool(project)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """Where the project that `trained` copies lies, once it has been made."""
    return tmp_path_factory.mktemp("trained") / "project"


@pytest.fixture
def trained(tool, trained_once):
    """The command line, in a project with two trials of one experiment, recorded once and copied."""
    if not trained_once.exists():
        _record(tool)
        shutil.copytree(tool.path, trained_once, symlinks=True)
    else:
        shutil.copytree(trained_once, tool.path, symlinks=True, dirs_exist_ok=True)
    return tool


@pytest.fixture
def trained_here(tool):
    """The same, recorded where it lies: what a copy of a ledger records, it records in a log of its own."""
    _record(tool)
    return tool


def _record(tool):
    tool.project.write(train=TRAIN)
    tool.train(0.25, "-x", "digits", "--name", "first", "-t", "paper")
    tool.train(0.5, "-x", "digits", "--name", "second")
