"""Whatever becomes of those who watch: the program ends as it would have, the record says what is missing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.capture import trace
from ledger.model import layout
from tests.patience import PATIENCE_S

BUSY_PYTHON = """
    import os, sys, time
    count, out = int(sys.argv[1]), sys.argv[2]
    for number in range(count):
        with open("data/in%d" % (number % 10)) as file:
            file.read()
        with open(out, "a") as file:
            file.write("x")
        if number == 0:
            open("began", "w").close()
        time.sleep(0.0005)
    while os.path.exists("hold"):
        open("data/in0").close()
        time.sleep(0.0005)
    with open("data/late") as file, open("ended", "w") as ended:
        ended.write(file.read())
    sys.exit(23)
    """
BUSY_SHELL = """
    number=0
    while [ $number -lt $1 ]; do
        cat data/in$((number % 10)) > /dev/null
        printf x >> $2
        [ $number -eq 0 ] && : > began
        number=$((number + 1))
    done
    cat data/late > ended.tmp
    mv ended.tmp ended
    exit 23
    """


def wait_for(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.01)
    return found


def relatives(marked):
    """Process id → words of those that were started with a variable; zombies have none."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                if marked.encode() in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                    found[int(name)] = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
    return found


def open_files(process):
    """What a process has open; what it closes meanwhile is left out."""
    found = []
    for descriptor in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{process}/fd/{descriptor}"))
    return found


class Running:
    """A command that is being recorded."""

    def __init__(self, tool, words, options=()):
        self.tool = tool
        self.mark = f"MARK_OF_TEST={os.urandom(8).hex()}"
        name, value = self.mark.split("=")
        self.out = open(tool.path / "bare-out", "wb")  # noqa: SIM115 - closed in `wait`
        self.process = subprocess.Popen(
            [*tool.words, "run", "-q", *options, "--", *words],
            cwd=tool.path,
            env={**os.environ, name: value},
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.out,
            start_new_session=True,
        )

    @property
    def helpers(self):
        """Kind → process id of what `ledger` itself consists of."""
        found = {}
        for process in relatives(self.mark):
            try:
                opened = open_files(process)
                words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(self.tool.words[-1]) not in words:
                continue
            if process == self.process.pid:
                found["recorder"] = process
            elif "anon_inode:seccomp notify" in opened:
                found["guard"] = process
            elif any(each.endswith("/stdout") for each in opened):
                found["pump"] = process
        return found

    def wait(self, seconds=PATIENCE_S):
        code = self.process.wait(seconds)
        self.out.close()
        return code

    def left(self):
        """What it consisted of, or started, and still runs."""
        return relatives(self.mark)


@pytest.fixture
def running(tool):
    """Start a recorded command, and end what is left of it."""
    made = []

    def running(*words, options=()):
        made.append(Running(tool, words, options))
        return made[-1]

    yield running
    for each in made:
        each.out.close()
        for process in each.left():
            os.kill(process, signal.SIGKILL)
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def busy(tool, script):
    """Inputs, and commands that open them all the time; (kind, how often) → words."""
    subprocess.run(["git", "init", "-q"], cwd=tool.path, check=True)
    (tool.path / ".gitignore").write_text("data/\nended*\nbegan\nhold\nout\nbare-out\n")
    (tool.path / "data").mkdir()
    for number in range(10):
        (tool.path / "data" / f"in{number}").write_text(str(number))
    (tool.path / "data" / "late").write_text("the end")
    script(BUSY_PYTHON, "job.py")
    script(BUSY_SHELL, "job.sh")

    def busy(kind, count):
        start = [sys.executable, "-S", "job.py"] if kind == "python" else ["sh", "job.sh"]
        return [*start, str(count), "out"]

    return busy


@pytest.fixture
def hold(tool):
    """The Python program goes on until this file is gone: it runs when its recorder meets its fate."""
    path = tool.path / "hold"
    path.touch()
    return path


def ended(tool, count):
    wait_for((tool.path / "ended").exists)
    wait_for(lambda: (tool.path / "ended").read_text() == "the end")
    assert (tool.path / "out").stat().st_size == count


_RANDOM = random.Random(11)
MOMENTS = [_RANDOM.uniform(0.0, 0.3) for _ in range(15)]


@pytest.mark.parametrize("kind", ["python", "sh"])
@pytest.mark.parametrize(
    "moments", [MOMENTS[:2], pytest.param(MOMENTS[2:], marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_recorder_killed_at_any_moment(tool, running, busy, kind, moments):
    count = 400 if kind == "python" else 150
    for moment in moments:
        for name in ("ended", "out", "began"):
            (tool.path / name).unlink(missing_ok=True)
        run = running(*busy(kind, count))
        wait_for((tool.path / "began").exists)
        time.sleep(moment)
        run.process.kill()
        run.wait()
        ended(tool, count)
        wait_for(lambda: not run.left())  # noqa: B023 - called at once
        document = tool.document("show", "@")
        if document["status"] == "lost":
            read = {each["path"] for each in document["inputs"]}
            assert "data/in0" in read
            line = next(each for each in document["health"] if each["part"] == "inputs")
            if line["state"] == "complete":  # the kill came between the command's end and the entry's
                assert read == {f"data/in{number}" for number in range(10)} | {"data/late"}
            else:
                assert line["state"] == "partial"
                assert "killed" in line["reason"]
        else:
            assert document["exit_code"] == 23, "it was faster than the signal"
    assert len(tool.document("ls")) == len(moments)
    tool("verify")


def test_guard_alone_killed(tool, running, busy, hold):
    run = running(*busy("python", 400))
    wait_for((tool.path / "began").exists)
    os.kill(run.helpers["guard"], signal.SIGKILL)
    hold.unlink()
    assert run.wait() == 23
    ended(tool, 400)
    document = tool.document("show", "@")
    assert document["status"] == "failed"
    assert {"data/in0", "data/late"} <= {each["path"] for each in document["inputs"]}
    wait_for(lambda: not run.left())
    tool("verify")


def test_pump_alone_killed(tool, running, busy, hold):
    run = running(*busy("python", 400))
    wait_for((tool.path / "began").exists)
    os.kill(run.helpers["pump"], signal.SIGKILL)
    hold.unlink()
    assert run.wait() == 23
    ended(tool, 400)
    document = tool.document("show", "@")
    states = {each["part"]: each["state"] for each in document["health"]}
    assert states["inputs"] == "complete"
    assert "partial" in (states.get("stdout"), states.get("streams")), document["health"]
    assert {"data/in0", "data/late"} <= {each["path"] for each in document["inputs"]}
    wait_for(lambda: not run.left())


def told(tool):
    """Paths that are written down by now as seen, of the trial that runs."""
    (spool,) = layout.spool(tool.path / ".ledger").glob("[!n]*")
    found = trace.read(spool)
    return () if found is None else [os.path.basename(each.path) for each in found.accesses]


@pytest.mark.usefixtures("hold")
def test_guard_and_recorder_killed_together(tool, running, busy):
    """Nobody is left who could answer: the kernel refuses what was asked about, and the record says lost."""
    run = running(*busy("python", 400))
    wait_for((tool.path / "began").exists)
    wait_for(lambda: "in0" in told(tool))
    helpers = run.helpers
    for kind in ("recorder", "guard"):
        os.kill(helpers[kind], signal.SIGSTOP)
    for kind in ("recorder", "guard"):
        os.kill(helpers[kind], signal.SIGKILL)
    run.wait()
    wait_for(lambda: not run.left())
    document = tool.document("show", "@")
    assert document["status"] == "lost"
    assert "data/in0" in {each["path"] for each in document["inputs"]}
    tool("verify")


@pytest.mark.parametrize("kinds", [("recorder",), ("guard",), ("recorder", "guard")])
def test_stopped_and_continued(tool, running, busy, hold, kinds):
    run = running(*busy("python", 600))
    wait_for((tool.path / "began").exists)
    helpers = run.helpers
    for kind in kinds:
        os.kill(helpers[kind], signal.SIGSTOP)
    hold.unlink()
    if kinds == ("recorder",):
        wait_for((tool.path / "ended").exists)  # the guard answers
    else:
        time.sleep(0.5)
    for kind in kinds:
        os.kill(helpers[kind], signal.SIGCONT)
    assert run.wait() == 23
    ended(tool, 600)
    document = tool.document("show", "@")
    assert document["status"] == "failed"
    line = next(each for each in document["health"] if each["part"] == "inputs")
    if kinds == ("recorder",):
        assert "was stopped" in line["reason"]
    elif kinds == ("guard",):
        assert line["state"] == "complete", line
    wait_for(lambda: not run.left())


@pytest.mark.slow
def test_killed_before_its_program_began(tool, running, busy):
    tool("init")
    for moment in (0.02, 0.1, 0.15, 0.2, 0.25, 0.3):
        (tool.path / "out").unlink(missing_ok=True)
        run = running(*busy("python", 5))
        time.sleep(moment)
        run.process.kill()
        run.wait()
        wait_for(lambda: not run.left())  # noqa: B023 - called at once
        tool("ls")
    tool("verify")
