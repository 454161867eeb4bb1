import os

import pytest

from ledger.capture import files
from ledger.errors import LedgerError
from ledger.model import Manifest, ManifestEntry, Mode
from ledger.model.codec import encode
from ledger.ops import namespace, scratch
from ledger.store.memory import MemoryStore

needs_namespaces = pytest.mark.skipif(namespace.available() is not None, reason="no namespaces here")


@pytest.fixture
def without_namespaces(monkeypatch):
    monkeypatch.setattr(namespace, "_reason", ["refused for this test"])


def test_a_temporary_directory_is_gone_whatever_was_left_in_it():
    with scratch.temporary() as place:
        (place / "closed" / "inner").mkdir(parents=True)
        (place / "closed" / "inner" / "file").write_text("x")
        (place / "closed" / "inner").chmod(0)
        (place / "closed").chmod(0)
        (place / "link").symlink_to("/")
        assert place == place.resolve()
    assert not place.exists()
    assert os.path.isdir("/usr")


def test_it_is_gone_after_an_error_too():
    with pytest.raises(KeyboardInterrupt), scratch.temporary() as place:
        raise KeyboardInterrupt
    assert not place.exists()


@needs_namespaces
def test_a_tree_is_mounted_over_the_original(tmp_path):
    tree, original = tmp_path / "tree", tmp_path / "original"
    tree.mkdir()
    original.mkdir()
    stand = scratch.placed(tree, original, "inside")
    assert stand.directory == original / "inside"
    assert [(bind.source, bind.target) for bind in stand.binds] == [(str(tree), str(original))]
    assert stand.rewritten(f"{original}/x") == f"{original}/x"
    assert stand.seen_as(stand.directory) == tree / "inside"
    assert stand.seen_as(tmp_path) == tmp_path


def test_paths_are_written_anew_where_the_original_is_gone(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    stand = scratch.placed(tree, tmp_path / "gone", "inside")
    assert (stand.directory, stand.binds) == (tree / "inside", ())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/a/b", "/new"),
        ("/a/b/c", "/new/c"),
        ("--out=/a/b/c", "--out=/new/c"),
        ("x:/a/b:/a/b/c:y", "x:/new:/new/c:y"),
        ('{"path": "/a/b/c"}', '{"path": "/new/c"}'),
        ("/a/bc", "/a/bc"),
        ("/a/b.py", "/a/b.py"),
        ("/x/a/b", "/x/a/b"),
        ("../a/b", "../a/b"),
        ("a/b", "a/b"),
        ("", ""),
    ],
)
def test_only_whole_paths_are_written_anew(tmp_path, without_namespaces, word, expected):
    stand = scratch.placed(tmp_path, tmp_path.parent, ".")
    stand = scratch.replace(stand, replacing=(("/a/b", "/new"),))
    assert stand.rewritten(word) == expected


def test_a_scratch_tree_inside_of_the_original_is_never_mounted_over_it(tmp_path):
    tree = tmp_path / "project" / "tmp" / "tree"
    tree.mkdir(parents=True)
    assert scratch.placed(tree, tmp_path / "project", ".").binds == ()


def test_trees_are_restored_and_what_is_missing_is_named(tmp_path):
    store = MemoryStore()
    entries = [
        ManifestEntry(path="a/b", mode=Mode.FILE, size=1, digest=store.put(b"x")),
        ManifestEntry(path="run", mode=Mode.EXECUTABLE, size=1, digest=store.put(b"y")),
        ManifestEntry(path="link", mode=Mode.LINK, size=3, digest=store.put(b"a/b")),
        ManifestEntry(path="large", mode=Mode.FILE, size=9, digest=store.put(b"z"), omitted="too large"),
    ]
    tree = store.put(encode(Manifest.of(entries)))
    absent, paths = scratch.restore(store, [tree], tmp_path)
    assert (absent, paths) == (["large"], {"a/b", "run", "link", "large"})
    assert (tmp_path / "a" / "b").read_text() == "x"
    assert os.access(tmp_path / "run", os.X_OK)
    assert os.readlink(tmp_path / "link") == "a/b"


def test_a_copy_keeps_links_and_modes_and_overwrites_nothing(tmp_path):
    source = tmp_path / "source"
    source.write_text("x")
    source.chmod(0o750)
    (tmp_path / "link").symlink_to("source")
    scratch.copy(source, tmp_path / "new" / "file")
    scratch.copy(tmp_path / "link", tmp_path / "new" / "link")
    assert (tmp_path / "new" / "file").read_text() == "x"
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == 0o750
    assert os.readlink(tmp_path / "new" / "link") == "source"
    with pytest.raises(LedgerError):
        scratch.copy(source, tmp_path / "new" / "file")
    with pytest.raises(LedgerError):
        scratch.copy(tmp_path / "gone", tmp_path / "new" / "other")


def test_a_directory_is_shared_by_a_link_without_namespaces(tmp_path, without_namespaces):
    tree, original = tmp_path / "tree", tmp_path / "original"
    for place in (tree, original / "environment"):
        place.mkdir(parents=True)
    stand = scratch.placed(tree, original, ".")
    stand = scratch.with_directory(stand, "a/environment", original / "environment", original)
    assert os.readlink(tree / "a" / "environment") == str(original / "environment")
    assert scratch.with_directory(stand, "a/environment", original, original) == stand


def test_a_file_of_no_tree_that_is_gone_by_now_is_left_out(git_project):
    root = git_project.path
    for name in ("kept.log", "gone.log"):
        (root / name).write_text(name)
    found = files.scan(root, frozenset({git_project.workspace.directory}))
    (root / "gone.log").unlink()
    with scratch.isolated(git_project.workspace, [], found, ".") as place:
        assert (place.root / "kept.log").read_text() == "kept.log"
        assert not (place.root / "gone.log").exists()
