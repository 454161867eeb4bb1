"""What cannot be had comes with the nearest thing that can be done."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import uv

from ledger.errors import IncomparableError
from ledger.model import Environment
from ledger.ops.base_python import base_python
from ledger.ops.installer import Installer

_SPEC = importlib.util.spec_from_file_location("odd_wheel", Path(__file__).parents[2] / "odd_wheel.py")
odd_wheel = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(odd_wheel)
wheel = odd_wheel.wheel
UV = uv.find_uv_bin()
BASE = Path(sys._base_executable)


def the_cause(receipt):
    assert receipt.verdict == "incomparable"
    (only,) = receipt.causes
    return only


# --- a Python -----------------------------------------------------------------------------------------------


def missing_python(version, tmp_path, home):
    environment = Environment(
        python=version, implementation="cpython", platform="x", distributions=(), variables=()
    )
    variables = {"PATH": str(BASE.parent), "HOME": str(home)}
    installer = Installer.find(variables, tmp_path, None)
    with pytest.raises(IncomparableError) as error:
        base_python(environment, None, installer, variables, tmp_path / "derived")
    return error.value


def test_the_nearest_python_here_is_named(tmp_path):
    own = ".".join(map(str, sys.version_info[:3]))
    error = missing_python(f"{sys.version_info[0]}.{sys.version_info[1]}.250", tmp_path, tmp_path)
    assert f"the nearest here is {own}, " in error.cause
    assert "uv python install" in error.hint


def test_of_several_the_one_of_the_same_minor_version_is_nearest(tmp_path):
    for version in ("3.9.30", "3.77.1", "3.77.9", "3.78.3", "notes"):
        path = tmp_path / ".pyenv/versions" / version / "bin/python"
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\nexit 1\n")
        path.chmod(0o755)
    assert "the nearest here is 3.77.9, " in missing_python("3.77.8", tmp_path, tmp_path).cause
    assert (
        f"{tmp_path}/.pyenv/versions/3.77.9/bin/python" in missing_python("3.77.8", tmp_path, tmp_path).cause
    )


# --- a package ----------------------------------------------------------------------------------------------


@pytest.fixture
def user(project, tmp_path, monkeypatch):
    """A project whose Python has odd 1.5 and two 1.0, from an index that has changed since."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    index, place = tmp_path / "index", tmp_path / "venv"
    wheel(index, "odd", "1.5")
    wheel(index, "two")
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    subprocess.run([UV, "venv", "-q", "--python", BASE, place], check=True)
    project.python_of_user = place / "bin/python"
    install(project, "odd", "two")
    project.write(train="open('made', 'w').write('1')")
    project.run(project.python_of_user, "train.py")
    shutil.rmtree(index)
    project.index = index
    return project


def install(user, *requirements):
    words = [UV, "pip", "install", "-q", "--no-deps", "--no-index", "--python", user.python_of_user]
    subprocess.run([*words, *requirements], check=True)


def test_the_nearest_versions_of_the_index_are_named(user):
    for version in ("1.0", "1.4", "2.0", "3.0"):
        wheel(user.index, "odd", version)
    cause = the_cause(user.replay(env="recreate"))
    assert "no index has odd==1.5, two==1.0; the nearest that there are: odd 1.4 and 2.0" in cause.evidence


def test_what_no_index_has_at_all_has_no_nearest(user):
    wheel(user.index, "other")
    cause = the_cause(user.replay(env="recreate"))
    assert "no index has odd==1.5, two==1.0" in cause.evidence
    assert "nearest" not in cause.evidence


def test_what_todays_environment_would_change_is_told(user):
    cause = the_cause(user.replay(env="recreate"))
    assert f"ledger replay --env current {user.last.id.short} uses today's, which is the same" in cause.hint
    wheel(user.index, "odd", "2.0")
    install(user, "odd==2.0")
    subprocess.run([UV, "pip", "uninstall", "-q", "--python", user.python_of_user, "two"], check=True)
    cause = the_cause(user.replay(env="recreate"))
    assert "uses today's, which has odd 2.0 for 1.5, no two" in cause.hint


# --- an input -----------------------------------------------------------------------------------------------


@pytest.fixture
def reading(project, tmp_path):
    """A trial that read a file from outside, too large to be kept."""
    (project.path / "ledger.toml").write_text("[store]\nmax_input_bytes = 4\n")
    (tmp_path / "data").mkdir()
    project.data = tmp_path / "data/table.csv"
    project.data.write_text("1,2,3\n")
    project.run("sh", "-c", f"wc -c < {project.data} > made")
    assert project.last.inputs[0].omitted
    return project


def test_a_renamed_input_is_found_beside_its_place(reading):
    moved = reading.data.rename(reading.data.with_name("renamed.csv"))
    cause = the_cause(reading.replay())
    assert f"--map {reading.data}={moved}" in cause.hint
    assert reading.replay(maps=((str(reading.data), str(moved)),)).verdict == "identical"


def test_an_input_that_another_trial_knows_elsewhere_is_found_there(reading, tmp_path):
    trial = reading.last
    other = tmp_path / "elsewhere.csv"
    shutil.copy(reading.data, other)
    reading.run("sh", "-c", f"cat {other} > /dev/null")
    reading.data.write_text("3,2,1\n")
    cause = the_cause(reading.replay(trial))
    assert f"{other} has that content: --map {reading.data}={other}" in cause.hint
    other.write_text("0,0,0\n")  # by now it has not
    assert str(other) not in the_cause(reading.replay(trial)).hint


def test_an_input_whose_content_the_store_has_is_put_back(reading):
    trial = reading.last
    reading.run("sh", "-c", "echo 1,2,3 > copy")  # outputs are kept, whatever their size
    (reading.path / "copy").unlink()
    reading.data.unlink()
    cause = the_cause(reading.replay(trial))
    digest = str(trial.inputs[0].digest)
    assert cause.hint == f"put it back: ledger cat {digest} > {reading.data}"
    reading.data.write_bytes(reading.read(trial.inputs[0].digest))
    assert reading.replay(trial).verdict == "identical"


def test_an_input_of_the_root_that_was_not_kept_comes_from_who_made_it(git_project):
    project = git_project
    (project.path / "ledger.toml").write_text("[store]\nmax_input_bytes = 4\n")
    (project.path / ".gitignore").write_text("data\n")
    (project.path / "data").mkdir()
    (project.path / "data/table.csv").write_text("1,2,3\n")
    project.run("sh", "-c", "wc -c < data/table.csv > made")
    trial = project.last
    assert trial.inputs[0].omitted
    (project.path / "data/table.csv").unlink()
    assert "back at " in the_cause(project.replay(trial)).hint
    project.run("sh", "-c", "echo 1,2,3 > copy")
    (project.path / "copy").unlink()
    assert project.replay(trial).verdict == "identical"


def lose(project, digest):
    for path in project.ledger.rglob("*"):
        if path.is_file() and digest.hex()[4:] in path.name:
            path.unlink()
            return
    raise AssertionError("no such object")


def test_an_object_that_is_gone_names_who_can_make_it_again(git_project, tmp_path):
    project = git_project
    (project.path / ".gitignore").write_text("data\n")
    (project.path / "data").mkdir()
    (project.path / "data/given.csv").write_text("1,2,3\n")
    project.run("sh", "-c", "cat data/given.csv > early")  # it could not make it again: it had it to read
    project.run("sh", "-c", "echo 1,2,3 > other")  # nor could it: it found it there
    (project.path / "early").unlink()
    (project.path / "other").unlink()
    project.run("sh", "-c", "echo 1,2,3 > data/table.csv")
    maker = project.last
    project.run("sh", "-c", "cat data/table.csv > made")
    trial = project.last
    digest = next(each.digest for each in trial.inputs if each.path == "data/table.csv")
    lose(project, digest)
    for each in ("made", "data/given.csv", "data/table.csv"):
        (project.path / each).unlink()
    cause = the_cause(project.replay(trial))
    assert "data/table.csv" in cause.evidence
    assert f"trial {maker.id.short} wrote it as data/table.csv: ledger replay {maker.id.short}" in cause.hint
    project.replay(maker)
    assert project.replay(trial).verdict == "identical"
