import os
import platform
import subprocess
import sys
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
    """Make a git repository of 200 files, one of them a script that writes an output."""

    def make(name):
        root = tmp_path / name
        root.mkdir()
        for number in range(199):
            path = root / f"package{number % 10}" / f"module{number}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"def f{number}():\n    return {number}\n" * 20)
        (root / "train.py").write_text('with open("out.txt", "w") as file:\n    file.write("1")\n')
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "all")
        return root

    return make


@pytest.fixture(scope="session")
def git():
    """Run git in a directory."""

    def git(root, *words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)

    return git


@pytest.fixture(scope="session")
def medians():
    """Median CPU seconds of commands: {name: (words, directory)} → {name: seconds}.

    They are measured in turns, so that what else the machine does falls on all alike.
    """

    def medians(commands, *, path=None, rounds=9, warm=2):
        variables = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        if path is not None:
            variables["PATH"] = f"{path}{os.pathsep}{variables['PATH']}"
        taken = {name: [] for name in commands}
        for turn in range(warm + rounds):
            for name, (words, directory) in commands.items():
                seconds = _cpu([str(word) for word in words], directory, variables)
                if turn >= warm:
                    taken[name].append(seconds)
        return {name: median(each) for name, each in taken.items()}

    return medians


def _cpu(words, directory, variables):
    """User and system seconds of a command, and of all children that it waited for."""
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
    return usage.ru_utime + usage.ru_stime


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
