import os
import time

import pytest

from ledger.capture import known as module
from ledger.capture.known import Known
from ledger.capture.walk import FileStat
from ledger.model import Digest

DIGEST = Digest.of(b"x")
OLD = FileStat(mode=0o100644, size=1, mtime_ns=10, ctime_ns=20, inode=30)
NOW = 10**18


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


def saved(tmp_path, root, path="a", status=OLD):
    known = Known.load(tmp_path, root)
    known.add(path, status, DIGEST, NOW)
    known.save()
    return Known.load(tmp_path, root)


@pytest.mark.parametrize("path", ["a", "new\nline", "\udcff", "ü", "/outside", "a" * 5000])
def test_comes_back(tmp_path, root, path):
    assert saved(tmp_path, root, path).get(path, OLD) == DIGEST


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "inode"])
def test_any_change_counts(tmp_path, root, field):
    assert saved(tmp_path, root).get("a", OLD._replace(**{field: 5})) is None


def test_largest_numbers(tmp_path, root):
    status = FileStat(mode=0, size=2**62, mtime_ns=-(10**18), ctime_ns=0, inode=2**64 - 1)
    assert saved(tmp_path, root, status=status).get("a", status) == DIGEST


@pytest.mark.parametrize("field", ["mtime_ns", "ctime_ns"])
def test_young_file_is_not_trusted(tmp_path, root, field):
    young = OLD._replace(**{field: NOW - 1_999_999_999})
    assert saved(tmp_path, root, status=young).get("a", young) is None
    older = OLD._replace(**{field: NOW - 2_000_000_001})
    assert saved(tmp_path, root, status=older).get("a", older) == DIGEST


def test_other_root(tmp_path, root):
    saved(tmp_path, root)
    assert Known.load(tmp_path, tmp_path / "other").get("a", OLD) is None


def test_forgets_what_is_gone(tmp_path, root):
    known = saved(tmp_path, root)
    for path in ("b", "/outside"):
        known.add(path, OLD, DIGEST, NOW)
    known.save(present={"b"})
    again = Known.load(tmp_path, root)
    assert [path for path in ("a", "b", "/outside") if again.get(path, OLD)] == ["b", "/outside"]


def test_nothing_new_is_not_written(tmp_path, root):
    known = saved(tmp_path, root)
    (file,) = (tmp_path / "digests").iterdir()
    file.unlink()
    known.save()
    assert list((tmp_path / "digests").iterdir()) == []


def test_damaged(tmp_path, root):
    saved(tmp_path, root)
    (file,) = (tmp_path / "digests").iterdir()
    content = file.read_bytes()
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert Known.load(tmp_path, root).get("a", OLD) is None
        file.write_bytes(content[:place])
        assert Known.load(tmp_path, root).get("a", OLD) is None


def test_place_that_cannot_be_written(tmp_path, root):
    (tmp_path / "file").write_text("")
    known = Known.load(tmp_path / "file", root)
    known.add("a", OLD, DIGEST, NOW)
    known.save()
    assert known.get("a", OLD) == DIGEST


def test_margin_covers_a_real_clock(tmp_path):
    """A file that was just written is read again the next time."""
    file, began = tmp_path / "file", time.time_ns()
    file.write_bytes(b"1")
    status = FileStat.of(os.lstat(file))
    known = Known()
    known.add("file", status, DIGEST, began)
    assert known.get("file", status) is None
    assert module._MARGIN >= 2 * 10**9


class TestOutside:
    def keep(self, tmp_path, root, paths):
        known = Known.load(tmp_path, root)
        for path in paths:
            known.add(path, OLD, DIGEST, NOW)
        known.save(present=())

    def test_every_root_knows_them(self, tmp_path, root):
        self.keep(tmp_path, root, ["/set/a"])
        assert Known.load(tmp_path, tmp_path / "other").get("/set/a", OLD) == DIGEST

    def test_what_others_kept_stays(self, tmp_path, root):
        self.keep(tmp_path, root, ["/set/a"])
        self.keep(tmp_path, root, ["/set/b", "/other/c"])
        again = Known.load(tmp_path, root)
        assert all(again.get(path, OLD) for path in ("/set/a", "/set/b", "/other/c"))

    def test_only_what_is_asked_for_is_read(self, tmp_path, root, monkeypatch):
        self.keep(tmp_path, root, [f"/set{number}/a" for number in range(200)])
        assert len(list((tmp_path / "digests-outside").iterdir())) > 32
        read = []
        load = module.cache.load
        monkeypatch.setattr(module.cache, "load", lambda *each: read.append(each[1]) or load(*each))
        known = Known.load(tmp_path, root)
        assert read == ["digests"]
        known.get("/set1/a", OLD)
        known.get("/set1/b", OLD)
        assert read == ["digests", "digests-outside"]

    def test_those_not_asked_for_are_forgotten_first(self, tmp_path, root, monkeypatch):
        monkeypatch.setattr(module, "_SHARD_ROWS", 3)
        self.keep(tmp_path, root, ["/set/a", "/set/b", "/set/c"])
        known = Known.load(tmp_path, root)
        known.get("/set/a", OLD)
        known.add("/set/d", OLD, DIGEST, NOW)
        known.save()
        again = Known.load(tmp_path, root)
        assert [name for name in "abcd" if again.get(f"/set/{name}", OLD)] == ["a", "c", "d"]

    def test_bounded_on_disk(self, tmp_path, root, monkeypatch):
        monkeypatch.setattr(module, "_OUTSIDE_BYTES", 1000)
        for number in range(40):
            self.keep(tmp_path, root, [f"/set{number}/a"])
        place = tmp_path / "digests-outside"
        assert sum(file.stat().st_size for file in place.iterdir()) <= 1000
        assert Known.load(tmp_path, root).get("/set39/a", OLD) == DIGEST

    def test_many(self, tmp_path, root):
        paths = [f"/set/{number}" for number in range(30_000)]
        self.keep(tmp_path, root, paths)
        again = Known.load(tmp_path, root)
        assert all(again.get(path, OLD) for path in paths)
