import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path
from types import SimpleNamespace

import pytest

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
_PATIENCE_S = 60


class Tool:
    """The command line, as a person in a project's directory has it."""

    words = COMMAND

    def __init__(self, project):
        self.path = project.path
        self.project = project

    def __call__(self, *words, input=b"", directory=None, variables=None, code=0, **options):
        """Run ``ledger WORDS`` in a process of its own; `code` is what it must exit with."""
        done = subprocess.run(
            [*COMMAND, *map(str, words)],
            cwd=directory or self.path,
            env={**os.environ, **(variables or {})},
            input=input,
            capture_output=True,
            timeout=_PATIENCE_S,
            **options,
        )
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
        process = subprocess.Popen(
            [*COMMAND, *map(str, words)],
            cwd=self.path,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
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


@pytest.fixture
def tool(project, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PAGER", "LESS"):
        monkeypatch.delenv(name, raising=False)
    return Tool(project)


@pytest.fixture
def trained(tool):
    """The command line, in a project with two trials of one experiment."""
    tool.project.write(train=TRAIN)
    tool.train(0.25, "-x", "digits", "--name", "first", "-t", "paper")
    tool.train(0.5, "-x", "digits", "--name", "second")
    return tool
