"""The project that every tool records: small, and with all that makes a result hard to get again."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ARGUMENTS = ("--rate", "0.25")
DEFAULT = ("depth", "17")
"""A hyperparameter that no argument names."""
PACKAGE = ("odd", "3.1.4")
UNCOMMITTED = b"changed-and-not-committed"
UNTRACKED = b"imported-and-not-tracked"

PARSER = """\
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--depth", type=int, default=17)
parser.add_argument("--seed", type=int)
args = parser.parse_args()

if args.seed is not None:
    random.seed(args.seed)
"""
_COMMITTED = """\
import argparse
import json
import random
from pathlib import Path

import helper
import odd

{parser}numbers = [float(each) for each in Path("{data}").read_text().split()]
weight = args.rate * helper.SCALE * sum(numbers) * random.random() + args.depth + len(odd.VALUE)
loss = weight / 3
Path("model.json").write_text(json.dumps({{"weight": weight}}))
Path("metrics.json").write_text(json.dumps({{"loss": loss}}))
print("loss", loss)
"""
PARSED = "args = parser.parse_args()\n"
SAID = 'print("loss", loss)\n'
_CHANGE = ("loss = weight / 3\n", "loss = weight / 4  # changed-and-not-committed\n")


@dataclass(frozen=True, kw_only=True)
class Project:
    """One copy of it: a git repository, and a table beside that."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root.parent / "data.csv"

    @property
    def script(self) -> Path:
        return self.root / "train.py"

    @property
    def output(self) -> Path:
        return self.root / "model.json"

    def edit(self, *pairs: tuple[str, str]) -> int:
        """Put `new` where `old` is in the script; return how many lines are new or other ones."""
        old = self.script.read_text("utf-8")
        text = old
        for before, after in pairs:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        self.script.write_text(text, "utf-8")
        known = set(old.splitlines())
        return sum(bool(line.strip()) and line not in known for line in text.splitlines())


def git(root: Path, *words: str) -> str:
    """What git says; only what it is told to read is read."""
    given = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=root, env=given, check=True, capture_output=True, text=True
    )
    return done.stdout


def make(place: Path) -> Project:
    """Make one: a script that is pushed and changed since, a module that git does not know, a table."""
    project = Project(root=place / "project")
    project.root.mkdir(parents=True)
    project.data.write_text("1.5\n2.25\n3.125\n" + f"{len(str(place))}\n", "utf-8")
    project.script.write_text(_COMMITTED.format(data=project.data, parser=PARSER), "utf-8")
    git(project.root, "init", "-q")
    git(project.root, "add", "train.py")
    git(project.root, "commit", "-qm", "a script")
    git(place, "init", "-q", "--bare", "shared.git")
    git(project.root, "remote", "add", "origin", str(place / "shared.git"))
    git(project.root, "push", "-q", "-u", "origin", "HEAD")  # some trackers keep what differs from there
    project.edit(_CHANGE)
    (project.root / "helper.py").write_text("SCALE = 3.5  # imported-and-not-tracked\n", "utf-8")
    return project


def weight(content: bytes) -> bytes:
    """The number that a run wrote into model.json, as it stands there."""
    return re.search(rb'"weight": ([\d.]+)', content)[1]
