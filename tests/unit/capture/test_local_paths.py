"""Directories on the interpreter's path: which of them are code to record, and which are too much."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.capture import local_paths as module
from ledger.capture.local_paths import LocalPath, local_paths
from ledger.model import CodeSnapshot, Digest, Distribution, Environment
from ledger.ops.layer import editable_installs


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory with a project, beside it other code."""
    for each in (
        "home/project/src",
        "home/project/.venv/lib/site-packages/egg",
        "home/lib",
        "other/src/deep",
    ):
        (tmp_path / each).mkdir(parents=True)
    (tmp_path / "other/.git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def look(home, *directories, own=True, packaged=()):
    names = [str(each) for each in directories]
    return local_paths(names, set(names) if own else set(), root=home / "project", packaged=packaged)


def test_a_directory_without_git(home):
    assert look(home, home / "lib") == ([LocalPath("PYTHONPATH/lib", home / "lib", (home / "lib",))], [])
    assert look(home, home / "lib", own=False)[0][0].name == "pth/lib"


def test_a_repository_is_recorded_once(home):
    other = home.parent / "other"
    assert look(home, other / "src", other / "src/deep", other / "src") == (
        [LocalPath("PYTHONPATH/other", other, (other / "src", other / "src/deep"))],
        [],
    )


def test_two_of_one_name_are_told_apart(home):
    (home / "a/src").mkdir(parents=True)
    (home / "b/src").mkdir(parents=True)
    found, _ = look(home, home / "b/src", home / "a/src", home / "lib")
    assert [each.name for each in found] == ["PYTHONPATH/a/src", "PYTHONPATH/b/src", "PYTHONPATH/lib"]


def test_what_lies_in_the_root_is_recorded_anyway(home):
    assert look(home, home / "project/src", home / "project") == ([], [])
    project = home / "project"
    expected = [LocalPath("pth/project", project, (project / "src",))]  # but that it is on the path is not
    assert look(home, project / "src", own=False) == (expected, [])


def test_what_is_installed_is_no_code(home):
    site = home / "project/.venv/lib/site-packages"
    assert look(home, site, site / "egg", own=False, packaged=[str(site)]) == ([], [])


def test_what_is_not_there(home):
    (home / "file.zip").touch()
    assert look(home, home / "gone", home / "file.zip") == ([], [])


@pytest.mark.parametrize(
    ("directory", "why"),
    [
        (".", "it holds a home directory"),
        ("..", "it holds a home directory"),
        ("/", "it holds a home directory"),
        ("lib", "it holds installed packages"),
    ],
)
def test_what_holds_too_much(home, directory, why):
    place = Path(home / directory).resolve()
    packaged = [str(home / "lib/site-packages")]
    found, problems = look(home, place, packaged=packaged)
    assert found == []
    assert problems == [f"{place} is not recorded as code, though it is imported from: {why}"]


def test_a_directory_around_the_root(home, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert "it holds the root" in look(home, home)[1][0]


def test_a_home_directory_in_git_is_not_swallowed(home):
    (home / ".git").mkdir()
    assert look(home, home / "lib") == ([LocalPath("PYTHONPATH/lib", home / "lib", (home / "lib",))], [])


def test_a_large_directory(home, monkeypatch):
    monkeypatch.setattr(module, "MOST_ENTRIES", 20)
    for number in range(30):
        (home / "lib" / f"{number}.py").touch()
        (home.parent / "other/src" / f"{number}.py").touch()
    found, problems = look(home, home / "lib", home.parent / "other/src")
    assert [each.name for each in found] == ["PYTHONPATH/other"]  # git tells what of it is code
    assert problems[0].endswith("it holds more than 20 files and is no repository")


def test_caches_and_environments_do_not_make_it_large(home, monkeypatch):
    monkeypatch.setattr(module, "MOST_ENTRIES", 20)
    for name in ("__pycache__", "venv"):
        (home / "lib" / name).mkdir()
        for number in range(30):
            (home / "lib" / name / f"{number}.pyc").touch()
    (home / "lib/venv/pyvenv.cfg").touch()
    assert look(home, home / "lib")[1] == []


def test_links_are_seen_through(home):
    (home / "link").symlink_to(home / "project/src")
    assert look(home, home / "link") == ([], [])


def test_a_replay_puts_them_on_the_path(tmp_path):
    def snapshot(name, *paths):
        return CodeSnapshot(name=name, tree=Digest.of(b""), paths=paths)

    environment = Environment(
        python="3.11.7",
        implementation="cpython",
        platform="linux",
        distributions=(Distribution(name="proj", version="1", origin="editable", record=None),),
        variables=(),
    )
    code = (snapshot(".", "src"), snapshot("pth/lib", "."), snapshot("PYTHONPATH/x", "."))
    places = {each.name: tmp_path / str(number) for number, each in enumerate(code)}
    found = [(each.name, each.version, each.paths) for each in editable_installs(environment, code, places)]
    assert found == [("proj", "1", (tmp_path / "0/src",)), ("pth/lib", "", (tmp_path / "1",))]
    alone = editable_installs(replace(environment, distributions=()), code, places)
    assert [(each.name, each.paths) for each in alone] == [
        (".", (tmp_path / "0/src",)),
        ("pth/lib", (tmp_path / "1",)),
    ]
