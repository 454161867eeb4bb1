"""Lock files beside the code: those that the code holds are not recorded twice."""

import os

import pytest

from ledger.capture.known import Known
from ledger.capture.locks import capture, is_lock, projects
from ledger.model import Digest, Manifest, ManifestEntry, Mode
from ledger.store.memory import MemoryStore

NAMES = [
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "environment.yml"),
    *("requirements.txt", "requirements-dev.txt", "requirements_gpu.txt", "pylock.toml", "pylock.gpu.toml"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    assert is_lock(name)


@pytest.mark.parametrize(
    "name", ["yarn.lock", "flake.lock", "train.py", "my-requirements.txt.bak", "uv.locks"]
)
def test_other_names(name):
    assert not is_lock(name)


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "root"
    path.mkdir()
    return path


def look(root, *directories, recorded=(), store=None, **options):
    tree = Manifest.of(
        ManifestEntry(path=path, mode=Mode.FILE, size=1, digest=None, omitted=omitted)
        for path, omitted in recorded
    )
    return capture(root, map(str, directories), trees=[tree], put=store or MemoryStore(), **options)


def test_what_the_code_holds_is_left_out(root):
    (root / "uv.lock").write_text("a")
    (root / "requirements.txt").write_text("b")
    store = MemoryStore()
    (lock,) = look(root, recorded=[("uv.lock", None), ("requirements.txt", "size")], store=store)
    assert (lock.path, lock.size, lock.digest, lock.omitted) == ("requirements.txt", 1, Digest.of(b"b"), None)
    assert store.get(lock.digest) == b"b"


def test_another_projects(root, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/uv.lock").write_text("x")
    (root / "sub").mkdir()
    (root / "sub/pdm.lock").write_text("y")
    found = look(root, tmp_path / "other", root / "sub", root, tmp_path / "gone")
    assert [each.path for each in found] == [str(tmp_path / "other/uv.lock"), "sub/pdm.lock"]


def test_what_is_no_file(root):
    (root / "uv.lock").mkdir()
    os.mkfifo(root / "poetry.lock")
    (root / "pdm.lock").symlink_to("nowhere")
    assert look(root) == ()


def test_a_password_is_not_kept(root):
    (root / "requirements.txt").write_text("--index-url https://ann:pass1234@pypi.example.org/simple\nsix\n")
    (lock,) = look(root)
    assert (lock.digest, lock.omitted) == (None, "credentials")


def test_it_is_read_once(root, tmp_path):
    (root / "uv.lock").write_text("a")
    os.utime(root / "uv.lock", (1, 1))
    known, store = Known(), MemoryStore()
    assert look(root, known=known, store=store) == look(root, known=known, store=store)


def test_the_project_of_an_interpreter(tmp_path):
    prefix = tmp_path / "project/.venv"
    (prefix / "bin").mkdir(parents=True)
    assert projects(str(prefix / "bin/python")) == ()
    (prefix / "pyvenv.cfg").touch()
    assert projects(str(prefix / "bin/python")) == (str(tmp_path / "project"),)
    assert projects(None) == ()


def test_an_environment_in_the_home_directory_has_no_project(tmp_path, monkeypatch):
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/pyvenv.cfg").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert projects(str(tmp_path / "venv/bin/python")) == ()
