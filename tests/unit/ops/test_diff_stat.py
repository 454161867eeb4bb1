"""Lines of a unified diff are counted as git counts them."""

import pytest

from ledger.ops.diff_code import unified
from ledger.ops.diff_stat import FileStat, stat


def test_lines_are_counted_file_by_file(maker):
    code = {"a.py": b"one\ntwo\n-- three\n", "gone": b"x\n" * 3, "b.bin": b"\0", "same": b"", "c/d": b"1"}
    maker.trial(code=code)
    now = {"a.py": b"one\n2\n++ four\n-- three\n", "new": b"y\n", "b.bin": b"\0\0", "same": b"", "c/d": b"2"}
    maker.trial(code=now)
    assert stat(unified(*maker.trials, maker.store)) == [
        FileStat(path="a.py", added=2, removed=1, note=None),
        FileStat(path="b.bin", added=0, removed=0, note="binary"),
        FileStat(path="c/d", added=1, removed=1, note=None),
        FileStat(path="gone", added=0, removed=3, note=None),
        FileStat(path="new", added=1, removed=0, note=None),
    ]


def test_it_agrees_with_git(git_repository, maker):
    before = {"a": "".join(f"{each}\n" for each in range(60)), "b": "--- x\n+++ y\n@@ -1 +1 @@\n"}
    after = {"a": before["a"].replace("7\n", "seven\nsieben\n"), "b": "--- x\n+++ z\n@@ -1 +1 @@\n-- w\n"}
    repository = git_repository(before)
    repository.write(after)
    numbers = [each.split("\t") for each in repository.git("diff", "--numstat").splitlines()]
    for files in (before, after):
        maker.trial(code={name: text.encode() for name, text in files.items()})
    found = stat(unified(*maker.trials, maker.store))
    assert [[str(each.added), str(each.removed), each.path] for each in found] == numbers


@pytest.mark.parametrize("lines", [[], ["# the tree cannot be read: no object\n"]])
def test_nothing_to_count(lines):
    assert [(each.added, each.note) for each in stat(lines)] == [(0, "no object")] * len(lines)
