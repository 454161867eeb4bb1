import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from ledger import fs
from ledger.model import Digest, layout
from ledger.store.local import LocalStore

ROOT = Path(__file__).parents[3]
MIB = 1 << 20


class Place:
    """A directory for stores."""

    def __init__(self, directory):
        self.objects, self.temporary = directory / "objects", directory / "tmp"

    def open(self, **options):
        return LocalStore(self.objects, self.temporary, **options)

    def path(self, content):
        return layout.loose(self.objects, Digest.of(content))

    def left(self):
        """Files and directories of writers."""
        return sorted(path.relative_to(self.temporary) for path in self.temporary.rglob("*"))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "ledger")


def python(code, *arguments):
    """Run a program in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


def test_an_object_is_a_read_only_file_named_by_its_digest(place):
    store = place.open()
    digest = store.put(b"content")
    store.flush()
    path = place.objects / digest.hex()[:2] / digest.hex()[2:]
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) & 0o222 == 0
    assert path.stat().st_nlink == 1
    assert place.left() == []


def test_making_a_store_makes_nothing(place):
    store = place.open()
    assert not store.has(Digest.of(b""))
    assert list(store.digests()) == []
    store.flush()
    assert not place.objects.exists()
    assert not place.temporary.exists()


def test_another_process_sees_an_object_when_it_is_durable(place):
    store = place.open()
    digest = store.put(b"content")
    assert store.has(digest)
    assert not place.open().has(digest)
    assert not list(place.objects.iterdir())
    store.flush()
    assert place.open().has(digest)


@pytest.mark.parametrize("size", [7, 2 * MIB])
def test_an_object_that_is_there_is_never_written_again(place, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    first, second = place.open(), place.open()
    for store in (first, second):  # both write it, as neither sees the other's
        store.put_file(tmp_path / "file")
    first.flush()
    before = place.path(content).stat()
    second.flush()
    for store in (first, second, place.open()):
        store.put_file(tmp_path / "file")
        store.put(content)
        store.flush()
    assert place.path(content).stat() == before
    assert place.left() == []


@pytest.mark.parametrize("size", [7, 2 * MIB])
@pytest.mark.parametrize("found", ["empty", "short", "long"])
def test_a_file_of_the_wrong_size_is_replaced(place, tmp_path, found, size):
    # As a file system leaves it that lost its power before the content was on the disk.
    content = os.urandom(size)
    path = place.path(content)
    path.parent.mkdir(parents=True)
    path.write_bytes({"empty": b"", "short": content[:-1], "long": content + b"a"}[found])
    (tmp_path / "file").write_bytes(content)
    store = place.open()
    store.put_file(tmp_path / "file")
    store.flush()
    assert path.read_bytes() == content


def test_an_empty_file_is_the_empty_object_and_no_other(place):
    store = place.open()
    digest, empty = store.put(b"content"), store.put(b"")
    store.flush()
    place.path(b"content").unlink()
    place.path(b"content").touch()
    assert not store.has(digest)
    assert store.has(empty)


def test_a_directory_in_an_objects_place_is_no_object(place):
    place.path(b"content").mkdir(parents=True)
    assert not place.open().has(Digest.of(b"content"))


def test_names_that_are_no_digest_are_nobodys(place):
    store = place.open()
    digest = store.put(b"content")
    store.flush()
    for name in (
        "README",
        "ab/short",
        f"AB/{'0' * 62}",
        f"zz/{'0' * 62}",
        "tmp/objects-x/0",
        f"ab/{'g' * 62}",
    ):
        path = place.objects / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    assert list(store.digests()) == [digest]


@pytest.mark.parametrize("limit", [64 * MIB + 5, pytest.param(3 << 30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("large", ["whole", "chunk"])
def test_a_sparse_file_stays_one(place, tmp_path, limit, large):
    with open(tmp_path / "file", "wb") as file:
        file.truncate(limit)
        file.seek(limit // 2)
        file.write(b"content")
    store = place.open(large=large)
    digest, size = store.put_file(tmp_path / "file")
    store.flush()
    assert size == store.size(digest) == limit
    files = [path for path in place.objects.rglob("*") if path.is_file()]
    assert sum(path.stat().st_blocks for path in files) * 512 <= 2 * MIB
    store.restore(digest, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == limit
    assert (tmp_path / "copy").stat().st_blocks * 512 <= 2 * MIB
    with open(tmp_path / "copy", "rb") as file:
        file.seek(limit // 2)
        assert file.read(7) == b"content"


def test_memory_is_bounded(place, tmp_path):
    with open(tmp_path / "file", "wb") as file:
        for _ in range(200):
            file.write(os.urandom(MIB))
    code = """
import resource, sys
from pathlib import Path
from ledger.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digest, size = store.put_file(Path(sys.argv[3]))
store.flush()
store.check(digest)
store.restore(digest, Path(sys.argv[3] + ".copy"))
print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    size, kilobytes = map(int, python(code, place.objects, place.temporary, tmp_path / "file").split())
    assert size == 200 * MIB
    assert kilobytes < 20_000


@pytest.mark.parametrize("size", [1000, 4 * MIB])
def test_a_file_that_changes_meanwhile_is_stored_as_read(place, tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    done = threading.Event()

    def change():
        while not done.is_set():
            with open(path, "r+b") as file:
                file.write(os.urandom(size // 2))
                file.truncate(size // 2)
                file.write(os.urandom(size))

    writer = threading.Thread(target=change)
    writer.start()
    try:
        store = place.open()
        stored = dict(store.put_file(path) for _ in range(20))
    finally:
        done.set()
        writer.join()
    store.flush()
    for digest, length in stored.items():
        store.check(digest)
        assert store.size(digest) == length
    assert set(store.digests()) == set(stored)


def test_what_a_dead_writer_left_is_removed_by_the_next_one(place):
    code = """
import os, sys
from pathlib import Path
from ledger.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), Path(sys.argv[2]))
store.put(b"of the dead")
os._exit(0)
"""
    python(code, place.objects, place.temporary)
    left = place.left()
    assert len(left) == 3  # a directory with its lock and one file
    (place.temporary / "of somebody else").write_bytes(b"mine")
    store = place.open()
    digest = store.put(b"content")
    assert left[0] not in place.left()
    store.flush()
    assert list(store.digests()) == [digest]
    assert place.left() == [Path("of somebody else")]


def test_a_living_writer_is_left_alone(place):
    first, second = place.open(), place.open()
    one = first.put(b"one")
    two = second.put(b"two")
    second.flush()
    assert not place.open().has(one)
    first.flush()
    assert set(place.open().digests()) == {one, two}
    assert place.left() == []


def test_a_directory_that_a_writer_had_just_made_does_not_stop_another(place):
    place.temporary.mkdir(parents=True)
    (place.temporary / "objects-0123").mkdir()
    store = place.open()
    store.put(b"content")
    store.flush()
    assert place.left() == []


def test_a_forked_process_leaves_its_parents_objects_to_the_parent(place):
    code = """
import os, sys
from pathlib import Path
from ledger.model import Digest
from ledger.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), Path(sys.argv[2]))
mine = store.put(b"mine")
if os.fork() == 0:
    assert not store.has(mine)
    store.flush()
    store.put(b"both")
    store.put(b"the child's")
    store.flush()
    assert not store.has(mine)
    os._exit(0)
assert os.wait()[1] == 0
assert store.has(mine)
store.put(b"both")
store.flush()
"""
    python(code, place.objects, place.temporary)
    assert set(place.open().digests()) == {Digest.of(each) for each in (b"mine", b"both", b"the child's")}
    assert place.left() == []


def test_objects_on_another_file_system(place):
    place.objects.parent.mkdir()
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == place.objects.parent.stat().st_dev:
        pytest.skip("there is no other file system here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        place.objects.symlink_to(elsewhere)
        store = place.open()
        content = os.urandom(2 * MIB)
        digests = {store.put(b"content"), store.put(content)}
        store.flush()
        assert store.get(Digest.of(content)) == content
        assert set(place.open().digests()) == digests
        assert place.left() == []
        assert list((place.objects / "tmp").iterdir()) == []


def test_importing_it_is_light():
    code = """
import sys
import ledger.store.local
heavy = "pyarrow numpy git rich psutil ctypes asyncio importlib.metadata random hashlib subprocess yaml click"
print([name for name in heavy.split() if name in sys.modules])
"""
    assert python(code).strip() == "[]"


class Disk:
    """What is asked of the disk, in order; everything is done as asked."""

    def __init__(self, monkeypatch, has_syncfs):
        self.events = []
        fsync, rename, rmdir, syncfs = os.fsync, os.rename, os.rmdir, fs.sync_file_system

        def sync(descriptor):
            self.events.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        def move(source, target):
            self.events.append(("name", Path(target)))
            rename(source, target)

        def remove(path, **options):
            self.events.append(("remove", Path(path)))
            rmdir(path, **options)

        def sync_all(path):
            if has_syncfs and syncfs(path):
                self.events.append(("sync all", None))
                return True
            return False

        monkeypatch.setattr(os, "fsync", sync)
        monkeypatch.setattr(os, "rename", move)
        monkeypatch.setattr(os, "rmdir", remove)
        monkeypatch.setattr(fs, "sync_file_system", sync_all)

    def flush(self, store):
        """Flush the store; return the events between names: before the first, after the last, of removal."""
        self.events.clear()
        store.flush()
        kinds = [kind for kind, _ in self.events]
        if "name" not in kinds:
            return self.events, [], []
        first, last = kinds.index("name"), len(kinds) - kinds[::-1].index("name")
        assert set(kinds[first:last]) <= {"name", "sync"}
        end = kinds.index("remove")
        return self.events[:first], self.events[last:end], self.events[end:]


@pytest.mark.parametrize(("count", "has_syncfs"), [(1, True), (7, True), (9, True), (9, False), (40, False)])
def test_contents_are_synced_before_they_are_named_and_names_before_it_is_told(
    place, monkeypatch, count, has_syncfs
):
    store = place.open(most_loose=count)
    contents = [str(number).encode() for number in range(count)]
    for content in contents:
        store.put(content)
    before, after, end = Disk(monkeypatch, has_syncfs).flush(store)
    paths = [place.path(content) for content in contents]
    if count > 8 and has_syncfs:
        assert before == [("sync all", None)]
        assert after == [("sync all", None)]
    else:
        assert len({path for _, path in before}) == count
        assert all(kind == "sync" and place.temporary in path.parents for kind, path in before)
        assert {path for _, path in after} == {place.objects, *(path.parent for path in paths)}
    assert [kind for kind, _ in end] == ["remove"]
    assert all(path.is_file() for path in paths)


def test_a_pack_is_synced_before_it_is_named_and_its_name_before_it_is_told(place, monkeypatch):
    store = place.open(most_loose=0)
    for number in range(20):
        store.put(b"%d" % number)
    before, after, _ = Disk(monkeypatch, True).flush(store)
    ((kind, path),) = before
    assert kind == "sync"
    assert place.temporary in path.parents
    assert {path for _, path in after} == {place.objects, layout.packs(place.objects)}


def test_an_object_that_is_there_costs_no_sync(place, monkeypatch):
    store = place.open()
    store.put(b"content")
    store.flush()
    store.put(b"content")
    assert Disk(monkeypatch, True).flush(store) == ([], [], [])


@pytest.mark.parametrize("alive", [True, False])
def test_an_object_of_a_writer_that_is_not_done_is_synced_by_who_relies_on_it(place, monkeypatch, alive):
    # The other may have named it and not yet synced the name.
    other = place.open()
    other.put(b"content")
    other.flush()
    other.put(b"more")
    if not alive:
        other._batch._release()
    store = place.open()
    store.put(b"content")
    before, _, _ = Disk(monkeypatch, True).flush(store)
    assert {path for _, path in before} == {place.path(b"content").parent, place.objects}


def test_what_a_dead_writer_named_is_synced_before_its_trace_is_removed(place, monkeypatch):
    other = place.open()
    other.put(b"content")
    other._batch._release()
    disk = Disk(monkeypatch, True)
    place.open().put(b"more")
    assert ("sync all", None) in disk.events
    kinds = [kind for kind, _ in disk.events]
    assert kinds.index("sync all") < kinds.index("remove")


def test_which_are_there_among_many_more(place):
    """A directory that holds many names is not listed for the sake of one."""
    store = place.open()
    digests = [store.put(b"%d" % number) for number in range(9000)]
    store.flush()
    wanted = digests[::500]
    absent = [Digest.of(b"x%d" % number) for number in range(20)]
    assert store.present([*wanted, *absent]) == set(wanted)
