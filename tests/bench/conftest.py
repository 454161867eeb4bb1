import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

RESULTS = Path(__file__).with_name("results.md")

# Bytecode is written, as for a person who starts a command twice; nothing of an outer trial is passed on.
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "LEDGER_DIR", "LEDGER_TRIAL", "LEDGER_SPOOL", "LEDGER_SEED")


@pytest.fixture(scope="session")
def programs():
    """Directory of this interpreter's programs, ``python`` and ``ledger`` among them."""
    directory = Path(sys.executable).parent
    if not (directory / "ledger").exists():
        pytest.skip("the ledger command is not installed beside this Python: make setup")
    return directory


@pytest.fixture
def project(tmp_path, git):
    """Make a git repository, one of whose files is a script that writes an output."""

    def make(name, files=200, dirty=False):
        root = tmp_path / name
        root.mkdir()
        for number in range(files - 1):
            path = root / f"package{number % max(10, files // 50)}" / f"module{number}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"def f{number}():\n    return {number}\n" * 20)
        (root / "train.py").write_text('with open("out.txt", "w") as file:\n    file.write("1")\n')
        age(root)
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "all")
        if dirty:
            for number in range(5):
                (root / f"package{number}" / f"module{number}.py").write_text("changed\n")
                (root / f"new{number}.py").write_text(f"x = {number}\n")
                (root / f"package{number}" / "notes.txt").write_text(f"note {number}\n")
                age(root / f"package{number}")
                age(root / f"new{number}.py")
        return root

    return make


CONTROL = 0.040
"""CPU seconds of ``import click`` on the machine for which bounds in seconds were set."""


@pytest.fixture
def slowness():
    """Return a function: how many times slower this machine is just now; 1 where it is faster."""

    def now():
        words = [sys.executable, "-c", "import click"]
        taken = []
        for _ in range(7):
            before = os.times()
            subprocess.run(words, check=True)
            after = os.times()
            taken.append(
                after.children_user + after.children_system - before.children_user - before.children_system
            )
        return max(1.0, median(taken) / CONTROL)

    return now


def age(path):
    """Let a file, or all of a directory, be an hour old: what has just changed is not kept in mind."""
    hour = time.time() - 3600
    for each in (path, *path.rglob("*")):
        os.utime(each, (hour, hour))


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """Python of a virtual environment with 190 distributions."""
    place = tmp_path_factory.mktemp("furnished") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    site = next(place.glob("lib/python*")) / "site-packages"
    for number in range(190):
        name = f"package{number}"
        info = site / f"{name}-1.{number}.dist-info"
        info.mkdir()
        (site / name).mkdir()
        files = [f"{name}/__init__.py", *(f"{name}/module{each}.py" for each in range(40))]
        for each in files:
            (site / each).write_text("")
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.{number}\nSummary: One of many\n\nText\n"
        (info / "METADATA").write_text(metadata)
        (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        (info / "INSTALLER").write_text("pip\n")
        rows = [f"{each},sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0" for each in files]
        rows += [f"{info.name}/{each},," for each in ("METADATA", "WHEEL", "INSTALLER", "RECORD")]
        (info / "RECORD").write_text("\n".join(rows) + "\n")
    age(site)
    return place / "bin" / "python"


@pytest.fixture(scope="session")
def git():
    """Run git in a directory."""

    def git(root, *words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)

    return git


@pytest.fixture(scope="session")
def medians(timed):
    """Median CPU seconds of commands: {name: (words, directory)} → {name: seconds}.

    They are measured in turns, so that what else the machine does falls on all alike.
    """

    def medians(commands, **how):
        return {name: median(cpu for cpu, _ in each) for name, each in timed(commands, **how).items()}

    return medians


@pytest.fixture(scope="session")
def variables():
    """The environment of a measured command; programs of `path` are found first, `more` is added."""

    def variables(path=None, **more):
        kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        if path is not None:
            kept["PATH"] = f"{path}{os.pathsep}{kept['PATH']}"
        return kept | more

    return variables


@pytest.fixture(scope="session")
def timed(variables):
    """CPU and elapsed seconds of each of several runs of commands: {name: [(CPU, elapsed), …]}."""

    def timed(commands, *, path=None, rounds=9, warm=2, **more):
        given = variables(path=path, **more)
        taken = {name: [] for name in commands}
        for turn in range(warm + rounds):
            for name, (words, directory) in commands.items():
                seconds = _seconds([str(word) for word in words], directory, given)
                if turn >= warm:
                    taken[name].append(seconds)
        return taken

    return timed


def _seconds(words, directory, variables):
    """CPU seconds of a command and of all children that it waited for, and seconds until it ended."""
    began = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (words, said.decode(errors="replace")[-2000:])
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began


@pytest.fixture(scope="session")
def report():
    """Tell what was measured; with BENCH_RECORD set, in ``results.md`` too."""

    def report(what, figure, bound):
        day = datetime.now(UTC).date().isoformat()
        machine = f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}"
        row = f"| {day} | {machine}, load {os.getloadavg()[0]:.1f} | {what} | {figure} | {bound} |"
        print(row)
        if os.environ.get("BENCH_RECORD"):
            with open(RESULTS, "a", encoding="utf-8") as file:
                file.write(f"{row}\n")

    return report
