import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import DamagedError
from ledger.model import Digest, layout
from ledger.store import packing
from ledger.store import packs as packs_module
from ledger.store.local import LocalStore
from ledger.store.pack import Pack
from ledger.store.pack_format import CHUNK, LIST, OBJECT
from ledger.store.packs import Packs

ROOT = Path(__file__).parents[3]
MIB = 1 << 20


class Place:
    """A directory for stores that pack everything."""

    def __init__(self, directory):
        self.objects, self.temporary = directory / "objects", directory / "tmp"
        self.packs = layout.packs(self.objects)

    def open(self, **options):
        return LocalStore(self.objects, self.temporary, **{"most_loose": 0, **options})

    def fill(self, *contents, **options):
        store = self.open(**options)
        digests = [store.put(content) for content in contents]
        store.flush()
        return digests

    def names(self, suffix="pack"):
        return sorted(self.packs.glob(f"*.{suffix}"))

    def pack(self, **options):
        return packing.pack(self.objects, self.temporary, **{"fewest": 1, **options})


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "ledger")


def many(count, what="content"):
    return [f"{what} {number}".encode() for number in range(count)]


def test_few_small_objects_are_files_and_many_are_one_pack(place):
    place.fill(*many(16), most_loose=16)
    assert len(list(place.objects.glob("??/*"))) == 16
    assert not place.packs.exists()
    place.fill(*many(17, "other"), most_loose=16)
    assert len(list(place.objects.glob("??/*"))) == 16
    assert len(place.names()) == 1
    assert place.names()[0].stat().st_mode & 0o222 == 0
    assert not list(place.temporary.iterdir())


def test_a_pack_is_named_by_its_index(place):
    place.fill(*many(5))
    (path,) = place.names()
    content = path.read_bytes()
    assert path.stem == Digest.of(content[-64 - 5 * 64 : -64]).hex()


def test_what_is_alike_is_stored_once(place, tmp_path):
    content = os.urandom(6 * MIB)
    place.fill(content, content)
    first = place.names()[0].stat().st_size
    assert first < 6.1 * MIB
    place.fill(content)
    assert len(place.names()) == 1
    place.fill(content[: 3 * MIB] + b"inserted" + content[3 * MIB :])
    grown = sum(path.stat().st_size for path in place.names()) - first
    assert grown < 0.3 * MIB


def test_an_object_that_is_loose_is_not_stored_again_in_chunks(place):
    content = os.urandom(5 * MIB)
    place.fill(content, large="whole", most_loose=5)
    place.fill(content)
    assert not place.names()


def test_weights_take_less_room(place):
    import numpy

    weights = (
        numpy.random.default_rng(0).standard_normal(2 * MIB, dtype="f4") * numpy.float32(0.02)
    ).tobytes()
    (digest,) = place.fill(weights)
    assert place.names()[0].stat().st_size < 0.87 * len(weights)
    assert place.open().get(digest) == weights


def test_a_file_that_changes_while_it_is_read_is_stored_as_read(place, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(6 * MIB))
    real, calls = os.preadv, []

    def preadv(descriptor, buffers, offset):
        if len(calls) == 2:
            with open(path, "r+b") as file:
                file.write(b"changed" * 1000)
                file.seek(5 * MIB)
                file.write(b"changed" * 1000)
                file.truncate(7 * MIB)
        calls.append(offset)
        return real(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)
    store = place.open(step=MIB)
    digest, size = store.put_file(path)
    monkeypatch.undo()
    assert calls == sorted(calls), "it was read twice"
    store.flush()
    content = store.get(digest)
    assert len(content) == size == 6 * MIB
    assert content == bytes(5 * MIB) + b"changed" * 1000 + bytes(MIB - 7000)


@pytest.mark.slow
@pytest.mark.parametrize("large", ["chunk", "whole"])
def test_memory_does_not_grow_with_the_file(place, tmp_path, large):
    with open(tmp_path / "file", "wb") as file:
        for _ in range(300):
            file.write(os.urandom(MIB))
    code = """
import sys
from pathlib import Path
from ledger.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), Path(sys.argv[2]), large=sys.argv[4])
digest, _ = store.put_file(Path(sys.argv[3]))
store.flush()
store.restore(digest, Path(sys.argv[3] + "-copy"))
store.check(digest)
with store.open(digest) as reader:
    while reader.read(1 << 20):
        pass
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
    words = [sys.executable, "-c", code, place.objects, place.temporary, tmp_path / "file", large]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True
    )
    assert int(done.stdout) < 120 * 1024


def test_nothing_heavy_is_imported_before_something_large_is_stored(tmp_path):
    code = """
import sys
from pathlib import Path
from ledger.store.local import LocalStore
place = Path(sys.argv[1])
store = LocalStore(place / "objects", place / "tmp")
for number in range(100):
    digest = store.put(b"%d" % number)
store.flush()
LocalStore(place / "objects", place / "tmp").get(digest)
print(*sorted({"pyfastcdc", "zstandard", "threading", "queue", "numpy", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n" + code, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == ""


class TestLookups:
    def fill(self, place, count):
        return [digest for number in range(count) for digest in place.fill(*many(3, f"pack {number}:"))]

    def test_many_packs_have_few_lookups(self, place):
        digests = self.fill(place, 130)
        assert len(place.names()) == 130
        assert 1 <= len(place.names("lookup")) <= 5
        store = place.open()
        assert store.present(digests) == set(digests)
        assert set(store.digests()) == set(digests)
        assert not store.has(Digest.of(b"nobody's"))

    def test_with_a_lookup_few_packs_are_opened(self, place):
        digests = self.fill(place, 60)
        found = Packs(place.objects)
        found.refresh()
        assert found.find(digests[0])
        assert len(found._opened) == 1

    @pytest.mark.parametrize("damage", ["gone", "flipped", "empty", "cut", "of nobody"])
    def test_a_lookup_is_derived(self, place, damage):
        digests = self.fill(place, 40)
        for path in place.names("lookup"):
            content = path.read_bytes()
            path.unlink()
            if damage != "gone":
                middle = len(content) // 2
                path.write_bytes(
                    {
                        "flipped": content[:middle] + bytes(200) + content[middle + 200 :],
                        "empty": b"",
                        "cut": content[:-16],
                        "of nobody": content[:56] + bytes(32) + content[88:],
                    }[damage]
                )
        store = place.open()
        for digest in digests:
            assert store.has(digest)
            store.check(digest)
        assert not store.has(Digest.of(b"nobody's"))
        more = self.fill(place, 41)  # one that comes back by itself
        assert set(more) >= set(digests)
        assert place.open().present(more) == set(more)

    def test_packs_of_a_lookup_that_were_merged(self, place):
        digests = self.fill(place, 40)
        store = place.open()
        assert store.has(digests[0])
        assert place.pack().packs == 40
        assert len(place.names()) == 1
        assert all(store.get(digest) for digest in digests)
        assert all(place.open().get(digest) for digest in digests)

    def test_a_directory_that_may_not_be_written_is_read(self, place):
        digests = self.fill(place, 40)
        for path in place.names("lookup"):
            path.unlink()
        store = place.open()
        assert store.present(digests) == set(digests)
        assert not place.names("lookup")


class TestPacking:
    def test_loose_objects_and_small_packs_become_one(self, place):
        loose = place.fill(*many(20), most_loose=20)
        packed = place.fill(*many(5, "packed")) + place.fill(os.urandom(5 * MIB), b"more")
        done = place.pack()
        assert (done.loose, done.packs) == (20, 2)
        assert len(place.names()) == 1
        assert not list(place.objects.glob("??/*"))
        store = place.open()
        assert set(store.digests()) == {*loose, *packed}
        for digest in (*loose, *packed):
            store.check(digest)
        again = place.names()[0].stat()
        assert (place.pack().loose, place.pack().packs) == (0, 0)
        assert place.names()[0].stat() == again

    def test_a_pack_that_has_all_of_another_stays(self, place):
        one, two = place.open(), place.open()  # neither sees what the other has put
        one.put(b"one")
        digests = {two.put(b"one"), two.put(b"two")}
        one.flush()
        two.flush()
        assert len(place.names()) == 2
        assert place.pack().packs == 2
        assert len(place.names()) == 1
        assert set(place.open().digests()) == digests

    def test_few_files_are_left_alone(self, place):
        place.fill(*many(20), most_loose=20)
        done = place.pack(fewest=21)
        assert (done.loose, done.packs) == (0, 0)
        assert not place.names()

    def test_large_files_and_large_packs_are_left_alone(self, place):
        place.fill(os.urandom(2 * MIB), most_loose=1)
        place.fill(*many(5))
        place.fill(*many(6))
        done = place.pack(small=100)
        assert (done.loose, done.packs) == (0, 0)

    def test_what_is_loose_and_in_a_pack_is_removed_only(self, place):
        contents = many(5)
        place.fill(*contents, most_loose=5)
        for path in place.objects.glob("??/*"):
            path.rename(place.objects / path.name)
        place.fill(*contents)
        before = place.names()
        for path in place.objects.glob("*"):
            if len(path.name) == 62:
                digest = next(each for each in map(Digest.of, contents) if each.hex().endswith(path.name))
                path.rename(layout.loose(place.objects, digest))
        assert place.pack().loose == 5
        assert place.names() == before
        assert not list(place.objects.glob("??/*"))

    def test_a_loose_object_that_is_damaged_stays(self, place):
        good, bad = place.fill(b"good", b"bad", most_loose=5)
        path = layout.loose(place.objects, bad)
        path.chmod(0o644)
        path.write_bytes(b"wrong")
        assert place.pack().loose == 1
        assert path.read_bytes() == b"wrong"
        assert place.open().get(good) == b"good"

    def test_text_is_compressed(self, place):
        content = b"a line of text that comes again\n" * 2000
        (digest,) = place.fill(content, most_loose=1)
        place.pack()
        assert place.names()[0].stat().st_size < 2000
        assert place.open().get(digest) == content

    def test_records_and_chunks_are_told(self, place):
        content = os.urandom(5 * MIB)
        digest, small = place.fill(content, b"small")
        (path,) = packing.packs_of(place.objects)
        found = list(Pack(path).records())
        (whole,) = [each for each in found if each.kind == LIST]
        assert (whole.digest, whole.plain) == (digest, len(content))
        pieces = packing.chunks(Pack(path), whole)
        assert set(pieces) == {each.digest for each in found if each.kind == CHUNK}
        assert [each.digest for each in found if each.kind == OBJECT] == [small]

    def test_a_pack_without_some_of_its_records(self, place):
        content = os.urandom(5 * MIB)
        digest, small = place.fill(content, b"small")
        (path,) = packing.packs_of(place.objects)
        assert packing.rewrite(place.objects, place.temporary, path, lambda entry: entry) == 0
        freed = packing.rewrite(
            place.objects, place.temporary, path, lambda entry: entry if entry.digest == small else None
        )
        assert freed > len(content)
        assert not path.exists()
        store = place.open()
        assert set(store.digests()) == {small}
        assert store.get(small) == b"small"
        (path,) = packing.packs_of(place.objects)
        assert packing.rewrite(place.objects, place.temporary, path, lambda entry: None) > 0
        assert packing.packs_of(place.objects) == []
        with pytest.raises(FileNotFoundError):
            packing.rewrite(place.objects, place.temporary, path, lambda entry: None)
        assert digest not in set(store.digests())

    def test_a_damaged_pack_is_not_rewritten(self, place):
        place.fill(*many(5))
        (path,) = packing.packs_of(place.objects)
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(DamagedError, match="damaged pack"):
            packing.rewrite(place.objects, place.temporary, path, lambda entry: None)
        assert path.exists()

    def test_loose_objects_are_deleted(self, place):
        one, two = place.fill(b"one", b"two!", most_loose=2)
        assert packing.remove_loose(place.objects, [two, Digest.of(b"gone")]) == [two]
        assert set(place.open().digests()) == {one}


def test_threads_that_search_many_packs_take_turns(place, monkeypatch):
    monkeypatch.setattr(packs_module, "_MOST_OPEN", 1)
    digests = [place.fill(content)[0] for content in many(8)]
    assert len(place.names()) == 8
    store = place.open()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            checks = [pool.submit(store.check, digest) for digest in digests * 200]
    finally:
        sys.setswitchinterval(interval)
    assert [each.exception() for each in checks if each.exception()] == []
