import os
import time
from base64 import urlsafe_b64encode
from subprocess import check_output

import pytest

from ledger.capture import edited as module
from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.edited import edited

LONG_AGO = time.time_ns() - 10**12
INSTALLED = LONG_AGO + 10**9
LATER = LONG_AGO + 10**11


class Site:
    """A directory of packages, as an installer leaves it."""

    def __init__(self, base):
        self.base = base
        self.path = base / "venv/lib/python3.11/site-packages"
        self.cache = base / "cache"

    def install(self, name, contents, *, rows=()):
        lines = []
        for path, content in contents.items():
            file = self.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            os.utime(file, ns=(LONG_AGO, LONG_AGO))
            digest = bytes.fromhex(check_output(["sha256sum", file]).split()[0].decode())
            text = urlsafe_b64encode(digest).decode().rstrip("=")
            lines.append(f"{path},sha256={text},{len(content)}")
        info = self.path / f"{name}-1.dist-info"
        info.mkdir()
        lines += [*rows, f"{info.name}/RECORD,,"]
        (info / "RECORD").write_text("\n".join(lines) + "\n")
        os.utime(info / "RECORD", ns=(INSTALLED, INSTALLED))
        os.utime(self.path, ns=(INSTALLED, INSTALLED))

    def edit(self, path, content, when=LATER):
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_bytes(content)
        os.utime(self.path / path, ns=(when, when))
        os.utime(self.path, ns=(INSTALLED, INSTALLED))

    def read(self, *paths, **fields):
        values = {"read": True, "written": False, "existed": True, **fields}
        accesses = tuple(Access(str(self.path / path), **values) for path in paths)
        return edited(Watched(Watching.TRACER, accesses), [str(self.path)], cache=self.cache)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path.resolve())
    made.install("Pack", {"pack/a.py": b"one", "pack/b.py": b"two", "pack/c.so": b"elf", "single.py": b"s"})
    made.install("other_thing", {"thing/x.json": b"{}"})
    return made


def test_as_installed(site):
    for _ in range(2):
        assert site.read("pack/a.py", "pack/b.py", "single.py", "thing/x.json") == ((), (), ())


def test_other_size(site):
    site.edit("pack/a.py", b"longer", LONG_AGO)
    found = site.read("pack/a.py", "pack/b.py")
    assert found == ((str(site.path / "pack/a.py"),), ("pack/a.py",), ())


@pytest.mark.parametrize("path", ["pack/a.py", "pack/c.so", "single.py", "thing/x.json"])
def test_other_content_of_one_size(site, path):
    size = (site.path / path).stat().st_size
    site.edit(path, b"!" * size)
    for _ in range(2):
        assert site.read(path).names == (path,)


def test_younger_and_the_same(site, monkeypatch):
    site.edit("pack/a.py", b"one")
    asked = []
    hashed = module._sha256sum
    monkeypatch.setattr(module, "_sha256sum", lambda paths: asked.append(paths) or hashed(paths))
    monkeypatch.setattr(module, "RECENT", -(10**15))
    for _ in range(2):
        assert site.read("pack/a.py", "pack/b.py") == ((), (), ())
    assert [paths for paths in asked if paths] == [[str(site.path / "pack/a.py")]]
    site.edit("pack/a.py", b"two", LATER + 1)
    assert site.read("pack/a.py").names == ("pack/a.py",)


def test_records_are_parsed_once(site, monkeypatch):
    parsed = []
    parse = module.record_rows
    monkeypatch.setattr(module, "record_rows", lambda path: parsed.append(path) or parse(path))
    site.read("pack/a.py")
    assert len(parsed) == 2
    listed = []
    monkeypatch.setattr(module.os, "listdir", lambda path: listed.append(path) or [])
    site.edit("pack/a.py", b"longer")
    assert site.read("pack/a.py").names == ("pack/a.py",)
    assert (len(parsed), listed) == (2, [])


def test_metadata_that_is_being_removed(site):
    site.install("~ld", {"pack/a.py": b"another"})
    site.edit("pack/a.py", b"one", LONG_AGO)
    assert site.read("pack/a.py").paths == ()


def test_little_younger_is_not_suspicious(site):
    site.edit("pack/a.py", b"odd", INSTALLED + 1_900_000_000)
    assert site.read("pack/a.py").paths == ()


def test_bytecode_stands_for_its_source(site):
    site.edit("pack/a.py", b"longer")
    found = site.read("pack/__pycache__/a.cpython-311.pyc")
    assert found.paths == (str(site.path / "pack/a.py"),)


def test_what_was_not_read_is_not_looked_at(site):
    site.edit("pack/a.py", b"longer")
    assert site.read("pack/b.py").paths == ()
    assert site.read("pack/a.py", read=False, written=True).paths == ()
    assert site.read("pack/a.py", existed=False).paths == ()


def test_added(site):
    site.edit("pack/new.py", b"mine")
    site.edit("pack/__pycache__/x.nbi", b"cache")
    site.edit("stray.py", b"stray")
    found = site.read("pack/new.py", "pack/__pycache__/x.nbi", "stray.py", "nowhere/x.py")
    assert found == ((str(site.path / "pack/new.py"),), (), ())


def test_gone(site):
    (site.path / "pack/a.py").unlink()
    assert site.read("pack/a.py") == ((), (), ())


def test_two_distributions_in_one_directory(site):
    site.install("space_one", {"space/one/a.py": b"1"})
    site.install("space_two", {"space/two/a.py": b"2"})
    site.edit("space/two/a.py", b"longer")
    assert site.read("space/one/a.py", "space/two/a.py").names == ("space/two/a.py",)


def test_installed_anew(site):
    """What is kept of a RECORD holds only until it changes."""
    site.read("pack/a.py")
    site.edit("pack/a.py", b"version two")
    record = site.path / "Pack-1.dist-info/RECORD"
    record.write_text("pack/a.py,,11\n")
    os.utime(record, ns=(LATER, LATER))
    assert site.read("pack/a.py") == ((), (), ())


@pytest.mark.parametrize("row", ["pack/a.py,,", "pack/a.py,sha256=,x", 'pack/a.py,"sha256=a,b",'])
def test_rows_that_tell_nothing(site, row):
    record = site.path / "Pack-1.dist-info/RECORD"
    record.write_text(f"{row}\n")
    os.utime(record, ns=(INSTALLED, INSTALLED))
    site.edit("pack/a.py", b"any")
    assert site.read("pack/a.py") == ((), (), ())


def test_without_record(site):
    (site.path / "Pack-1.dist-info/RECORD").unlink()
    site.edit("pack/a.py", b"longer")
    assert site.read("pack/a.py") == ((), (), ())


def test_without_the_program(site, monkeypatch):
    site.edit("pack/a.py", b"odd")
    monkeypatch.setenv("PATH", "/nowhere")
    found = site.read("pack/a.py")
    assert found.paths == (str(site.path / "pack/a.py"),)
    assert found.names == ()
    assert found.problems == ("pack/a.py is younger than its RECORD and could not be checked",)


def test_by_another_spelling(site):
    site.edit("pack/a.py", b"longer")
    (site.base / "venv/lib64").symlink_to("lib")
    alias = site.base / "venv/lib64/python3.11/site-packages/pack/a.py"
    assert site.read(alias).paths == (str(alias),)
    dotted = f"{site.path}/thing/../pack/a.py"
    assert site.read(dotted).paths == (dotted,)


def test_no_such_site(tmp_path):
    watched = Watched(Watching.TRACER, (Access("/nowhere/a.py", True, False, True),))
    assert edited(watched, ["/nowhere"], cache=tmp_path) == ((), (), ())
