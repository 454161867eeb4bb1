"""Why two trials differ where their environments do: made again by the real uv, without a network."""

import base64
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from ledger.errors import IncomparableError
from ledger.ops import query
from ledger.ops.why import WhyOptions, why

UV = uv.find_uv_bin()
TRAIN = """
import json, sys
from tiny import FACTOR
json.dump({"loss": FACTOR * float(sys.argv[1])}, open("metrics.json", "w"))
"""


def wheel(directory: Path, version: str, factor: int) -> None:
    """A package ``tiny`` that is one number."""
    info = f"tiny-{version}.dist-info"
    content = {
        "tiny.py": f"FACTOR = {factor}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = ""
    for path, text in content.items():
        done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
        digest = base64.urlsafe_b64encode(bytes.fromhex(done.stdout[:64].decode())).rstrip(b"=").decode()
        rows += f"{path},sha256={digest},{len(text)}\n"
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / f"tiny-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**content, f"{info}/RECORD": f"{rows}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


class World:
    """A project whose environment lies in it, and wheels from which it is made."""

    def __init__(self, project, folder):
        self.project = project
        self.index = folder / "index"
        self.variables = {
            **os.environ,
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.index),
            "UV_CACHE_DIR": str(folder / "uv"),
        }
        wheel(self.index, "1.0", 2)
        wheel(self.index, "2.0", 5)
        (project.path / "train.py").write_text(TRAIN)
        (project.path / ".gitignore").write_text("/venv\nmetrics.json\n")

    def install(self, version, place):
        base = sys._base_executable
        if not place.exists():
            subprocess.run([UV, "venv", "-q", "--python", base, place], check=True, env=self.variables)
        words = [
            UV,
            "pip",
            "install",
            "-q",
            "--no-index",
            "--python",
            place / "bin/python",
            f"tiny=={version}",
        ]
        subprocess.run(words, check=True, env=self.variables)

    def run(self, *command):
        self.project.run(*command)
        assert self.project.last.outcome.exit_code == 0
        return self.project.last

    def ask(self, a, b, **options):
        trials = query.load(self.project.workspace.journal)
        return why(self.project.workspace, trials, a, b, WhyOptions(**options), variables=self.variables)


@pytest.fixture
def world(git_project, tmp_path):
    return World(git_project, tmp_path)


@pytest.mark.slow
def test_another_version_of_a_package_and_a_hyperparameter(world):
    place = world.project.path / "venv"
    world.install("1.0", place)
    a = world.run("venv/bin/python", "train.py", "1")
    world.install("2.0", place)
    b = world.run("venv/bin/python", "train.py", "3")
    assert world.project.replay(a).verdict == "diverged"
    found = world.ask(a, b)
    assert found.warnings == ()  # another environment is no noise
    assert [each.name for each in found.parts] == ["environment", "hyperparameters"]
    assert [each.value for each in found.metrics[0].shares] == [6.0, 7.0]
    assert "46 % the environment (tiny 1.0 → 2.0)" in found.summary
    hybrids = [each.trials[0] for each in found.hybrids[1:3]]
    assert [each.environment for each in hybrids] == [b.environment, a.environment]
    again = world.ask(a, b)
    assert again.executions == 0
    assert again.metrics[0] == found.metrics[0]


@pytest.mark.slow
def test_environments_at_two_places_go_with_their_interpreters(world, tmp_path):
    for name, version in (("old", "1.0"), ("new", "2.0")):
        world.install(version, tmp_path / name)
    a = world.run(tmp_path / "old/bin/python", "train.py", "1")
    b = world.run(tmp_path / "new/bin/python", "train.py", "3")
    found = world.ask(a, b)
    assert [each.name for each in found.parts] == ["environment", "hyperparameters"]
    assert [each.value for each in found.metrics[0].shares] == [6.0, 7.0]
    assert [each.trials[0].intent.argv for each in found.hybrids[1:3]] == [
        (str(tmp_path / "new/bin/python"), "train.py", "1"),
        (str(tmp_path / "old/bin/python"), "train.py", "3"),
    ]


def test_a_package_that_is_not_to_be_had_any_more(world, tmp_path):
    # No other test has these versions, so that no environment of theirs was made before.
    for name, version, factor in (("old", "7.0", 2), ("new", "8.0", 5)):
        wheel(world.index, version, factor)
        world.install(version, tmp_path / name)
    a = world.run(tmp_path / "old/bin/python", "train.py", "1")
    b = world.run(tmp_path / "new/bin/python", "train.py", "3")
    shutil.rmtree(world.index)
    world.index.mkdir()
    shutil.rmtree(world.variables["UV_CACHE_DIR"])
    count = len(world.project.trials)
    with pytest.raises(IncomparableError, match=f"a part of trial {a.id.short} is not to be had"):
        world.ask(a, b)
    assert len(world.project.trials) == count


def test_variables_are_part_of_an_environment(world, tmp_path):
    (world.project.path / "train.py").write_text(
        "import json, os, sys\n"
        "value = float(os.environ['OMP_NUM_THREADS']) * float(sys.argv[1])\n"
        "json.dump({'loss': value}, open('metrics.json', 'w'))\n"
    )
    world.install("1.0", tmp_path / "old")
    trials = []
    for threads, factor in (("2", "1"), ("5", "3")):
        world.project.run(
            tmp_path / "old/bin/python", "train.py", factor, variables={"OMP_NUM_THREADS": threads}
        )
        trials.append(world.project.last)
    found = world.ask(*trials)
    assert [each.value for each in found.metrics[0].shares] == [6.0, 7.0]
    assert "the environment (OMP_NUM_THREADS 2 → 5)" in found.summary
