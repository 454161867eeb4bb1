"""A replay that is told to end: by Ctrl-C, by a scheduler's SIGTERM, by the SIGHUP of a closed terminal."""

import io
import itertools
import os
import pty
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import uv

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count(4300)
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# The program `ledger`; `before` is done to it first.
_PROGRAM = """
import sys
sys.path[:1] = [{root!r}]
from ledger.cli import main
{before}
sys.exit(main.program())
"""
# Once `flag` is there it starts a process, one in a session of its own, and says so; it goes on at `flag.go`.
TRAIN = """
import os, subprocess, sys, time
flag = {flag!r}
if os.path.exists(flag):
    started = [subprocess.Popen([*words, "sleep", {slept!r}]) for words in ([], ["setsid"])]
    open(flag + ".up", "w").close()
    while not os.path.exists(flag + ".go"):
        time.sleep(0.01)
    for each in started:
        each.kill()
open("metrics.json", "w").write('{{"loss": ' + sys.argv[1] + "}}")
open("model.txt", "w").write("weights")
"""


def eventually(holds, what):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def running(*words):
    """Processes of exactly this command line."""
    line = b"".join(word.encode() + b"\0" for word in words)
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if (path / "cmdline").read_bytes() == line:
                    found.append(int(path.name))
            except OSError:
                continue
    return found


class Replays:
    """A project with two trials, and commands that make them again."""

    def __init__(self, project, path):
        self.project = project
        # Seconds that programs sleep: by this they are found, and told from those of other tests.
        self.slept = f"{next(NUMBERS)}.{os.getpid()}"
        self.flag = path / "flag"
        self.scratch = path / "scratch"
        self.scratch.mkdir()
        project.write(train=TRAIN.format(flag=str(self.flag), slept=self.slept))
        project.run("python", "train.py", "1")
        project.run("python", "train.py", "2")
        self.variables = {}

    def start(self, *words, before="", wrapper=(), **options):
        """The process of ``ledger WORDS``."""
        code = _PROGRAM.format(root=str(ROOT), before=before)
        options = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True} | options
        return subprocess.Popen(
            [*wrapper, sys.executable, "-c", code, *words],
            cwd=self.project.path,
            env={**os.environ, "TMPDIR": str(self.scratch), **self.variables},
            **options,
        )

    def start_program(self, *words, **options):
        """The same, once the replayed program runs and has started others."""
        self.flag.touch()
        process = self.start(*words, **options)
        self.until(lambda: Path(f"{self.flag}.up").exists(), process)
        self.until(lambda: len(running("sleep", self.slept)) == 2, process)
        return process

    def until(self, holds, process):
        eventually(lambda: holds() or process.poll() is not None, "what the program should do")
        assert holds(), process.communicate()

    def entries(self):
        return [type(each.entry.payload).__name__ for each in self.project.workspace.journal.entries()]

    def ends_tidily(self, process, number):
        """With what a shell says of a signal, and nothing else."""
        assert "Traceback" not in process.communicate(timeout=PATIENCE_S)[1]
        assert process.returncode == 128 + number
        return self.nothing_left()

    def nothing_left(self):
        """Nothing runs, nothing lies about; what ends is killed already, and takes a moment."""
        eventually(lambda: not running("sleep", self.slept), "the end of what the program started")
        return not list(self.scratch.iterdir())


@pytest.fixture
def replays(project, tmp_path):
    made = Replays(project, tmp_path)
    yield made
    for process in running("sleep", made.slept):
        os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("more", [[], ["-n", "2"], ["--vary", "timezone"]], ids=" ".join)
def test_it_leaves_nothing_running_and_nothing_lying_about(replays, more, number):
    before = replays.entries()
    process = replays.start_program("replay", "@", "--env", "current", *more)
    process.send_signal(number)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert replays.nothing_left()
    assert replays.entries() == before


@pytest.mark.parametrize("number", ENDING)
def test_so_does_why_whose_trial_is_lost(replays, number):
    process = replays.start_program("why", "@~1", "@", "--rerun", "--env", "current")
    process.send_signal(number)
    assert replays.ends_tidily(process, number)
    assert replays.start("log", stderr=subprocess.DEVNULL).wait(PATIENCE_S) == 0
    assert replays.entries()[-2:] == ["TrialStarted", "TrialLost"]


# It says when it begins to compare, and never comes to the end of it.
_COMPARING = """
import time
from pathlib import Path
from ledger.ops import attempt
def collect(store, leavings):
    Path({flag!r} + ".comparing").touch()
    while True:
        time.sleep(0.01)
attempt.collect = collect
"""


@pytest.mark.parametrize("number", ENDING)
def test_while_it_compares(replays, number):
    before = replays.entries()
    process = replays.start(
        "replay", "@", "--env", "current", before=_COMPARING.format(flag=str(replays.flag))
    )
    replays.until(Path(f"{replays.flag}.comparing").exists, process)
    assert list(replays.scratch.iterdir())
    process.send_signal(number)
    assert replays.ends_tidily(process, number)
    assert replays.entries() == before


# A signal comes while the scratch directory is removed, at the end of a replay that nobody interrupted.
_REMOVING = """
import os
from ledger.ops import abandoned
unlink = os.unlink
def told(path, **options):
    os.unlink = unlink
    if not list(os.scandir({scratch!r})):
        raise SystemExit("nothing to remove")
    os.kill(os.getpid(), {number})
    unlink(path, **options)
sweep = abandoned.sweep
def swept(temporary):
    from ledger import fs
    remove = fs.remove_tree
    def remove_tree(path):
        if os.path.basename(path).startswith(abandoned.PREFIX):
            os.unlink = told
        remove(path)
    fs.remove_tree = remove_tree
    return sweep(temporary)
abandoned.sweep = swept
"""


@pytest.mark.parametrize("number", ENDING)
def test_while_it_tidies_up_anyway(replays, number):
    before = _REMOVING.format(scratch=str(replays.scratch), number=int(number))
    process = replays.start("replay", "@", "--env", "current", before=before)
    assert replays.ends_tidily(process, number)


def test_a_closed_terminal_ends_it(replays):
    master, slave = pty.openpty()
    # The leader of a session has the terminal, as a login shell that has become this command.
    leading = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    wrapper = [sys.executable, "-c", f"{leading} os.execv(sys.argv[1], sys.argv[1:])"]
    process = replays.start_program(
        *("replay", "@", "--env", "current"), wrapper=wrapper, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.close(master)
    assert process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    assert replays.nothing_left()


def test_nohup_is_heeded(replays):
    words = ["replay", "@", "--env", "current"]
    process = replays.start_program(*words, wrapper=["nohup"], stdin=subprocess.DEVNULL)
    process.send_signal(signal.SIGHUP)
    Path(f"{replays.flag}.go").touch()
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 0, said
    assert replays.entries()[-1] == "TrialReplayed"
    assert replays.nothing_left()


# A build that never ends, and a process that it starts.
_BACKEND = """
import subprocess, time
def build_wheel(directory, settings=None, metadata=None):
    building = subprocess.Popen(["sleep", {slept!r}])
    open({flag!r} + ".building", "w").close()
    building.wait()
"""
_PYPROJECT = """
[project]
name = "slow"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def source_distribution(path, flag, slept):
    content = {
        "pyproject.toml": _PYPROJECT,
        "backend.py": _BACKEND.format(slept=slept, flag=str(flag)),
        "PKG-INFO": "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in content.items():
            member = tarfile.TarInfo(f"slow-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.mark.parametrize("number", ENDING)
def test_while_uv_builds_a_package_of_its_environment(replays, tmp_path, number):
    venv, index = tmp_path / "venv", tmp_path / "index"
    words = [uv.find_uv_bin(), "venv", "-q", "--offline", "--python", sys._base_executable, venv]
    subprocess.run(words, check=True)
    info = next(venv.glob("lib/*/site-packages")) / "slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (info / "RECORD").write_text("slow-1.0.dist-info/METADATA,,\nslow-1.0.dist-info/RECORD,,\n")
    index.mkdir()
    source_distribution(index / "slow-1.0.tar.gz", replays.flag, replays.slept)
    replays.project.run(venv / "bin/python", "train.py", "3")
    before = replays.entries()
    replays.variables = {
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(index),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "XDG_CACHE_HOME": str(tmp_path / "made"),
    }
    process = replays.start("replay", "@")
    replays.until(Path(f"{replays.flag}.building").exists, process)
    process.send_signal(number)
    assert replays.ends_tidily(process, number)
    assert replays.entries() == before


# It tells whether what asks it to end would do what it does to every process.
_TELLING = """
import signal
invoke = main._invoke
def begin(words):
    print([signal.getsignal(each) == signal.SIG_DFL for each in (signal.SIGTERM, signal.SIGHUP)])
    return invoke(words)
main._invoke = begin
"""


@pytest.mark.parametrize("where", [[], ["--ledger"], ["--ledger="]], ids=" ".join)
def test_the_signals_of_run_are_left_to_what_it_runs(replays, where):
    ledger = str(replays.project.ledger)
    words = [f"{each}{ledger}" if "=" in each else each for each in where]
    words += [ledger] if where == ["--ledger"] else []
    process = replays.start(*words, "run", "-q", "true", before=_TELLING, stdout=subprocess.PIPE)
    assert process.communicate(timeout=PATIENCE_S)[0] == "[True, True]\n"
    assert process.returncode == 0
