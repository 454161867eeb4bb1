"""A directory is recorded and comes back as it was."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.capture.code import capture
from ledger.capture.restore import restore_tree
from ledger.capture.walk import scan
from ledger.store.memory import MemoryStore

PART = st.one_of(
    st.sampled_from(
        [b"a", b"b", b"a b", b"new\nline", b"\xff\xfe", b"-x", b"\xc3\xa9", b"a.b", b"A", b"'", b"\\"]
    ),
    st.binary(min_size=1, max_size=12).filter(
        lambda name: (
            not {0, ord("/")} & set(name) and name not in (b".", b"..") and not name.startswith(b".git")
        )
    ),
)
PATH = st.lists(PART, min_size=1, max_size=4).map(tuple)
THING = st.one_of(
    st.tuples(st.just("file"), st.binary(max_size=20)),
    st.tuples(st.just("executable"), st.binary(max_size=20)),
    st.tuples(st.just("link"), st.binary(min_size=1, max_size=20).filter(lambda target: 0 not in target)),
    st.tuples(st.just("directory"), st.just(b"")),
)


def build(root, things):
    for path, (kind, content) in things.items():
        folder = make_folder(os.fsencode(root), path[:-1])
        if folder is None or os.path.lexists(target := os.path.join(folder, path[-1])):
            continue  # an earlier path lies in the way
        if kind == "link":
            os.symlink(content, target)
        elif kind == "directory":
            os.mkdir(target)
        else:
            with open(target, "xb") as file:
                file.write(content)
            os.chmod(target, 0o755 if kind == "executable" else 0o644)


def make_folder(folder, parts):
    """Make a directory beneath `folder`; None where that would lead through a file or link."""
    for part in parts:
        folder = os.path.join(folder, part)
        if not os.path.lexists(folder):
            os.mkdir(folder)
        elif os.path.islink(folder) or not os.path.isdir(folder):
            return None
    return folder


def looks(root):
    found = scan(root)
    content = {}
    for path, status in found.files.items():
        place = os.path.join(os.fsencode(root), path.encode("utf-8", "surrogateescape"))
        if status.is_link:
            content[path] = ("link", os.readlink(place))
        else:
            with open(place, "rb") as file:
                content[path] = (status.executable, file.read())
    return content, found.directories


@pytest.mark.parametrize("git", [True, False], ids=["git", "no git"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(things=st.dictionaries(PATH, THING, max_size=8))
def test_round_trip(git, things):
    place = Path(tempfile.mkdtemp())
    try:
        before, after = place / "before", place / "after"
        before.mkdir()
        build(before, things)
        if git:
            subprocess.run(["git", "init", "-q", str(before)], check=True)
        store = MemoryStore()
        options = {"put": store, "is_product": lambda path, digest: False}
        first = capture(before, git=git, **options)
        for manifest in (first.tree, first.products):
            missing = restore_tree(manifest, after, restore=store.restore, content=store.get)
            assert missing == [entry.path for entry in manifest if entry.omitted]
        if not any(entry.omitted for entry in first.tree):
            assert looks(after) == looks(before)
            if git:
                subprocess.run(["git", "init", "-q", str(after)], check=True)
            again = capture(after, git=git, **options)
            assert (again.tree, again.products) == (first.tree, first.products)
            assert (again.snapshot.tree, again.snapshot.products) == (
                first.snapshot.tree,
                first.snapshot.products,
            )
    finally:
        shutil.rmtree(place)
