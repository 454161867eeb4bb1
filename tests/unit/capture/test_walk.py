import os

import pytest

from ledger.capture.walk import named, scan, shown


def make(root, *paths):
    for path in paths:
        file = root / path
        if path.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)


def test_what_is_there(tmp_path):
    make(tmp_path, "a", "d/b", "empty/deeper/")
    (tmp_path / "link").symlink_to("d")
    found = scan(tmp_path)
    assert sorted(found.files) == ["a", "d/b", "link"]
    assert found.directories == {"d", "empty", "empty/deeper"}
    assert found.files["link"].is_link
    assert found.files["a"].size == 1
    assert (found.skipped, found.special, found.problems) == (frozenset(), {}, ())


def test_what_is_left_out(tmp_path):
    make(tmp_path, ".git/HEAD", "sub/.git", "v/pyvenv.cfg", "v/lib/x", "a/node_modules/b/c", ".ledger/format")
    make(tmp_path, "c/conda-meta/history", "c/lib/x", "p/lib/site-packages/x", "file.py", "records/x")
    make(tmp_path, "node_modules.py", "deep/__pycache__/x")
    found = scan(tmp_path, frozenset({tmp_path / "records", tmp_path / "absent"}))
    assert sorted(found.files) == ["file.py", "node_modules.py"]
    assert found.skipped == {
        *(
            ".git",
            "v",
            "a/node_modules",
            ".ledger",
            "c",
            "p/lib/site-packages",
            "records",
            "deep/__pycache__",
        ),
    }
    assert "v" not in found.directories
    assert found.beneath_skipped("v/lib/x")
    assert found.beneath_skipped("v")
    assert not found.beneath_skipped("vv/lib")


def test_root_that_is_an_environment_itself(tmp_path):
    make(tmp_path, "pyvenv.cfg", "train.py", "lib/python3.11/site-packages/x.py")
    assert sorted(scan(tmp_path).files) == ["pyvenv.cfg", "train.py"]


def test_special(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = scan(tmp_path)
    assert found.special == {"pipe": "a named pipe"}
    assert found.files == {}


def test_missing_root(tmp_path):
    found = scan(tmp_path / "absent")
    assert (found.files, len(found.problems)) == ({}, 1)


def test_root_that_is_a_file(tmp_path):
    make(tmp_path, "file")
    found = scan(tmp_path / "file")
    assert (found.files, len(found.problems)) == ({}, 1)


def test_very_deep(tmp_path):
    """Deeper than a path may be long: what cannot be reached by its path is named."""
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(30):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        with open("file", "w") as file:
            file.write("x")
    finally:
        os.chdir(here)
    found = scan(tmp_path)
    assert found.files == {}
    assert len(found.problems) == 1
    assert "too long" in found.problems[0]


def test_directories_that_vanish(tmp_path, monkeypatch):
    make(tmp_path, "a/x", "b/x", "c")
    real = os.scandir

    def vanishing(path):
        if path != os.fsencode(tmp_path):
            raise FileNotFoundError(2, "No such file or directory")
        return real(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    found = scan(tmp_path)
    assert (sorted(found.files), found.directories, found.problems) == (["c"], frozenset(), ())


@pytest.mark.parametrize(
    ("path", "expected"), [("a b", "a b"), ("a\nb", "'a\\nb'"), ("\udcff", "'\\udcff'"), ("ü", "ü")]
)
def test_shown(path, expected):
    assert shown(path) == expected


def test_named():
    assert named(["a", "b"]) == "a, b"
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
