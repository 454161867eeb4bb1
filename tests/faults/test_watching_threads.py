"""Python programs with threads of their own that record trials."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

REPOSITORY = Path(__file__).parents[2]

DRIVER = """
import sys, threading, time
sys.path[:1] = [{repository!r}]
import ledger.api as api

busy, where, count = int(sys.argv[1]), sys.argv[2], sys.argv[3]
former = sys.getswitchinterval()
stop, turns = False, former

def spin():
    global turns
    while not stop:
        turns = min(turns, sys.getswitchinterval())

def record():
    book = api.open(".", create=True)
    trials.append(book.run([sys.executable, "-S", "job.py", count], forward=False))

trials = []
spinning = [threading.Thread(target=spin, daemon=True) for _ in range(busy)]
for each in spinning:
    each.start()
if where == "main":
    record()
else:
    recording = [threading.Thread(target=record) for _ in range(int(where))]
    for each in recording:
        each.start()
    for each in recording:
        each.join()
stop = True
# With the interpreter's usual turns of 5 ms what 6 threads leave time for takes minutes.
assert not busy or turns < former, turns
assert sys.getswitchinterval() == former
for trial in trials:
    line = next(each for each in trial.health if each.part == "inputs")
    print(trial.status, trial.outcome.exit_code, trial.observed.watching, line.state, line.reason)
"""
PROGRAM = """
    import sys
    for _ in range(int(sys.argv[1])):
        open("data").close()
    sys.exit(3)
    """


@pytest.mark.parametrize(
    ("busy", "where", "count"),
    [
        (0, "1", 500),
        (0, "3", 200),
        (1, "main", 500),
        (1, "1", 500),
        pytest.param(6, "main", 3000, marks=pytest.mark.slow),
        pytest.param(6, "2", 3000, marks=pytest.mark.slow),
    ],
)
def test_threads(project, busy, where, count):
    (project.path / "data").write_text("1")
    (project.path / "job.py").write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run(
        [sys.executable, "-c", DRIVER.format(repository=str(REPOSITORY)), str(busy), where, str(count)],
        cwd=project.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == (1 if where == "main" else int(where))
    for line in lines:
        assert line.startswith("failed 3 tracer "), line
        assert "complete" in line or (busy and "answering in time" in line), line


PREPARING = """
import sys, threading
sys.path[:1] = [{repository!r}]
from pathlib import Path
from ledger.capture.trace import Tracer

stop = threading.Event()
if sys.argv[1] == "2":
    threading.Thread(target=stop.wait, daemon=True).start()
tracer = Tracer.prepare(Path("."), keep=lambda path, status: False, max_copy_bytes=0)
names = ("calls", "copies", "listener", "patience", "state")
print(*(name for name in names if f"ledger.capture.trace.{{name}}" in sys.modules))
tracer.close()
stop.set()
"""


@pytest.mark.parametrize(("threads", "imported"), [("1", ""), ("2", "calls copies listener patience state")])
def test_what_answers_is_there_before_a_program_waits_for_it(tmp_path, threads, imported):
    done = subprocess.run(
        [sys.executable, "-c", PREPARING.format(repository=str(REPOSITORY)), threads],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    if "TraceUnavailable" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == imported
