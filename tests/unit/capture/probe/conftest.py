"""Real Python processes, as a trial would start them and bare."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.capture.inject import PROBE

PYTHON = sys.executable


@pytest.fixture
def run(tmp_path):
    return Runner(tmp_path)


class Runner:
    """Runs Pythons as a trial would, and bare, in one directory."""

    def __init__(self, folder):
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self, *, probe, path=(), seed=None, **variables):
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        paths = [str(PROBE)] * probe + [str(each) for each in path]
        if paths:
            environment["PYTHONPATH"] = os.pathsep.join(paths)
        if probe:
            environment["LEDGER_SPOOL"] = str(self.spool)
        if seed is not None:
            environment["LEDGER_SEED"] = str(seed)
        return environment | variables

    def __call__(self, *arguments, python=PYTHON, probe=True, check=True, **options):
        done = subprocess.run(
            [str(python), *map(str, arguments)],
            env=self.environment(probe=probe, **options),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def same(self, *arguments, **options):
        """Run bare and watched: exit code and both streams must not differ; return them."""
        bare = self(*arguments, probe=False, check=False, **options)
        watched = self(*arguments, check=False, **options)
        assert masked(watched) == masked(bare)
        assert not self.events("probe_error")
        return watched

    def events(self, kind=None):
        lines = [
            line
            for path in sorted(self.spool.glob("events-*.jsonl"))
            for line in path.read_text("ascii").splitlines()
        ]
        found = [json.loads(line) for line in lines]
        return found if kind is None else [each for each in found if each["event"] == kind]

    def only(self, kind):
        (event,) = self.events(kind)
        return event

    def values(self):
        return {each.pop("name"): each for each in self.only("arguments")["values"]}


def masked(done):
    """Return all that a process showed, without addresses of objects."""
    return [
        done.returncode,
        *(re.sub(r"at 0x[0-9a-f]+", "at 0x", each) for each in (done.stdout, done.stderr)),
    ]


@pytest.fixture
def other_python():
    """Return a function: version → an interpreter of it; it skips the test where there is none."""
    return _other_python


def _other_python(version):
    """Return an interpreter of another version, or skip."""
    home = Path.home() / ".pyenv" / "versions"
    for candidate in [f"python{version}", *sorted(map(str, home.glob(f"{version}.*/bin/python")))]:
        try:
            done = subprocess.run([candidate, "-c", "pass"], capture_output=True, timeout=60)
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return pytest.skip(f"no Python {version} here")
