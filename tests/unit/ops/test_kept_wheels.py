"""Trials whose wheels are kept, replayed where no package index can be reached."""

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import uv

from ledger.model import Distribution, HealthState
from ledger.ops import query, verify
from ledger.ops.kept_wheels import KeptWheels, _direct_url

_SPEC = importlib.util.spec_from_file_location("odd_wheel", Path(__file__).parents[2] / "odd_wheel.py")
odd_wheel = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(odd_wheel)
wheel = odd_wheel.wheel
UV = uv.find_uv_bin()
BASE = Path(sys._base_executable)
NO_NETWORK = {"UV_OFFLINE": "1", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_FIND_LINKS": ""}


def cause(receipt):
    return "\n".join(f"{each.cause}: {each.evidence} ({each.hint})" for each in receipt.causes)


@pytest.fixture
def user(project, tmp_path, monkeypatch):
    """A project that keeps wheels, and the Python of an environment whose index is gone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # nothing was made before
    (project.path / "ledger.toml").write_text("[environment]\nkeep_wheels = true\n")
    index = tmp_path / "index"
    place = tmp_path / "venv"
    subprocess.run([UV, "venv", "-q", "--python", BASE, place], check=True)

    def install(*requirements):
        words = [
            UV,
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-index",
            "--no-cache",
            "--python",
            place / "bin/python",
        ]
        subprocess.run([*words, "--find-links", index, *requirements], check=True)
        shutil.rmtree(index)
        return place / "bin/python"

    project.index, project.install = index, install
    return project


TRAIN = """
    import odd, os, subprocess, sys
    share = os.path.join(sys.prefix, "share", "odd", "table.csv")
    said = subprocess.run([os.path.join(sys.prefix, "bin", "odd-command")], capture_output=True, text=True)
    open("made", "w").write(repr([odd.VALUE, open(share).read(), said.stdout]))
    """


def again(project, **options):
    return project.replay(env="recreate", variables=NO_NETWORK, **options)


def test_an_environment_is_made_again_without_any_index(user):
    wheel(user.index, "odd", "1.0+cpu")
    user.write(train=TRAIN)
    user.run(user.install("odd"), "train.py")
    trial = user.last
    assert [each.distribution for each in trial.wheels] == ["odd"]
    assert user.health("wheels").state is HealthState.COMPLETE
    receipt = again(user)
    assert receipt.verdict == "identical", cause(receipt)
    assert receipt.environment == trial.environment
    assert receipt.differences == ()


def test_without_them_it_cannot(user):
    (user.path / "ledger.toml").unlink()
    wheel(user.index, "odd")
    user.write(train=TRAIN)
    user.run(user.install("odd"), "train.py")
    assert user.last.wheels == ()
    assert user.health("wheels") is None
    receipt = again(user)
    assert receipt.verdict == "incomparable"
    assert "odd" in cause(receipt) or "index" in cause(receipt)


def test_what_came_from_elsewhere_tells_the_same_origin(user, tmp_path):
    file = wheel(tmp_path / "files", "odd")
    wheel(user.index, "two")
    project = tmp_path / "source"
    project.mkdir()
    user.write(train=TRAIN)
    python = user.install(file, "two")
    site = next(python.parent.parent.glob("lib/*/site-packages"))
    (site / "two-1.0.dist-info/direct_url.json").write_text(
        json.dumps({"url": project.as_uri(), "dir_info": {}})
    )
    user.run(python, "train.py")
    shutil.rmtree(tmp_path / "files")
    receipt = again(user)
    assert receipt.verdict == "identical", cause(receipt)
    assert receipt.differences == ()


def test_a_wheel_that_is_gone_or_damaged_comes_from_the_index(user, tmp_path):
    wheel(user.index, "odd")
    wheel(user.index, "two")
    wheel(tmp_path / "links", "odd")
    user.write(train=TRAIN)
    user.run(user.install("odd", "two"), "train.py")
    gone = next(each for each in user.last.wheels if each.distribution == "odd")
    path = next(
        each
        for each in user.ledger.rglob("*")
        if each.name in str(gone.digest) and each.is_file() and len(each.name) > 20
    )
    path.unlink()
    place = user.workspace
    report = verify.verify(place.journal, place.store, query.load(place.journal))
    assert [each.where for each in report.findings] == [f"{gone.digest} (wheel of odd)"]
    receipt = user.replay(env="recreate", variables={**NO_NETWORK, "UV_FIND_LINKS": str(tmp_path / "links")})
    assert receipt.verdict == "identical", cause(receipt)
    assert receipt.differences == ()


def test_an_environment_that_was_made_without_them_is_made_again(user, tmp_path):
    """What was installed from a directory comes from no index, but from its wheel."""
    wheel(user.index, "odd")
    user.write(train="open('made', 'w').write('1')")
    python = user.install("odd")
    site = next(python.parent.parent.glob("lib/*/site-packages"))
    (site / "odd-1.0.dist-info/direct_url.json").write_text('{"url": "file:///x", "dir_info": {}}')
    (user.path / "ledger.toml").unlink()
    user.run(python, "train.py")
    receipt = again(user)
    assert [each.detail for each in receipt.differences] == ["was installed from a directory"]
    (user.path / "ledger.toml").write_text("[environment]\nkeep_wheels = true\n")
    user.run(python, "train.py")
    assert again(user).differences == ()


def test_two_trials_keep_one_object(user):
    wheel(user.index, "odd")
    user.write(train=TRAIN)
    python = user.install("odd")
    user.run(python, "train.py")
    before = set(user.workspace.store.digests())
    user.write(train="import odd")
    user.run(python, "train.py")
    assert user.trials[0].wheels == user.trials[1].wheels
    large = [
        each
        for each in set(user.workspace.store.digests()) - before
        if user.workspace.store.size(each) > 5000
    ]
    assert large == []


def test_what_cannot_be_kept_is_said(user):
    wheel(user.index, "odd")
    wheel(user.index, "two")
    user.write(train="import odd")
    python = user.install("odd", "two")
    site = next(python.parent.parent.glob("lib/*/site-packages"))
    (site / "two/__init__.py").write_text("changed")
    user.run(python, "train.py")
    assert [each.distribution for each in user.last.wheels] == ["odd"]
    line = user.health("wheels")
    assert (line.state, line.reason) == (
        HealthState.PARTIAL,
        "not kept: two: edited after installation (__init__.py)",
    )


def test_a_program_that_installs_is_noticed(user):
    wheel(user.index, "odd")
    python = user.install("odd")
    site = next(python.parent.parent.glob("lib/*/site-packages"))
    user.write(
        train=f"open({str(site / 'odd-1.0.dist-info/RECORD')!r}, 'a').write('odd/x.py,sha256=abc,3\\n')"
    )
    user.run(python, "train.py")
    assert "odd: changed while the program ran" in user.health("wheels").reason


def test_a_full_disk_costs_the_wheels_and_not_the_record(user, monkeypatch):
    from ledger.errors import StorageError
    from ledger.store.local import LocalStore

    wheel(user.index, "odd")
    user.write(train="open('made', 'w').write('1')")
    python = user.install("odd")
    put = LocalStore.put_file

    def refuse(store, path):
        if path.name == "wheel":
            raise StorageError("cannot write", cause="No space left on device")
        return put(store, path)

    monkeypatch.setattr(LocalStore, "put_file", refuse)
    assert user.run(python, "train.py").exit_code == 0
    assert "odd: it could not be read or stored: cannot write" in user.health("wheels").reason
    assert user.outputs() == {"made": b"1"}


def test_names_that_are_none_are_not_written(user, tmp_path):
    wheel(user.index, "odd")
    user.write(train="import odd")
    user.run(user.install("odd"), "train.py")
    (kept,) = user.last.wheels
    hostile = KeptWheels(wheels=(replace(kept, file="../outside.whl"),), store=user.workspace.store)
    found, problems = hostile.restore({"odd"}, tmp_path / "folder")
    assert found == set()
    assert "outside.whl" in problems[0]
    assert not (tmp_path / "outside.whl").exists()


@pytest.mark.parametrize(
    "origin",
    [
        "path",
        "git+https://example.org/a.git@0123abc",
        "git+https://example.org/a.git@0123abc#subdirectory=b",
        "archive+https://example.org/a.whl#sha256=00ff",
        "archive+https://example.org/a.zip#sha256=00ff&subdirectory=b",
        "archive+file:///a.whl",
    ],
)
def test_an_origin_is_written_as_it_is_read(tmp_path, origin):
    from ledger.capture.metadata import _origin

    (tmp_path / "direct_url.json").write_text(json.dumps(_direct_url(origin)))
    assert _origin(str(tmp_path), has_record=True)[0] == origin
    assert _direct_url("index") is None
    assert Distribution(name="a", version="1", origin=origin, record=None).origin == origin
