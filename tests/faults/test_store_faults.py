"""A store when things go wrong: killed writers, full and failing disks, directories that vanish or refuse."""

import contextlib
import errno
import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ledger.errors import DamagedError, StorageError
from ledger.model import Digest, layout
from ledger.store.local import LocalStore

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).parents[1] / "packs.py")
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)
blake3 = packs.blake3

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
LOOSE = {"large": "whole", "most_loose": 10**6, "step": 1 << 20}
"""Every object is a file."""
PACKED = {"threshold": 100_000, "step": 300_000, "most_loose": 0}
"""All are in packs, and most in chunks."""
both = pytest.mark.parametrize("options", [LOOSE, PACKED], ids=["loose", "packed"])

WRITER = """
import json, os, random, sys
from pathlib import Path
from ledger.store.local import LocalStore

directory, seed = Path(sys.argv[1]), int(sys.argv[2])
choose = random.Random(seed)
store = LocalStore(directory / "objects", directory / "tmp", **json.loads(sys.argv[4]))
file = directory / f"file-{os.getpid()}"
print("ready", flush=True)
rounds = 0
while rounds < int(sys.argv[3]):
    rounds += 1
    digests = []
    for _ in range(choose.choice([1, 3, 12])):
        # Few numbers, so that writers meet in one object.
        number = choose.randrange(400)
        content = random.Random(number).randbytes(choose.choice([0, 10, 5000])) + str(number).encode()
        digests.append(store.put(content))
    if choose.random() < 0.2:
        file.write_bytes(random.Random(choose.randrange(5)).randbytes((1 << 20) + 5))
        digests.append(store.put_file(file)[0])
    store.flush()
    os.write(1, b"".join(digest.hex().encode() + b"\\n" for digest in digests))  # the acknowledgement
file.unlink(missing_ok=True)
"""


def writer(directory, seed, options, rounds=10**9):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, directory, str(seed), str(rounds), json.dumps(options)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )


def acknowledged(process):
    """Digests that a writer told to be durable; a last line that is cut is none."""
    lines = process.stdout.read().split(b"\n")[:-1]
    return {bytes.fromhex(line.decode()) for line in lines if line != b"ready"}


def objects(directory):
    return packs.contents(directory / "objects")


def damaged(directory):
    return [name.hex() for name, content in objects(directory).items() if blake3(content).digest() != name]


def left(directory):
    return [path for path in (directory / "tmp").rglob("*") if path.is_file()]


def store_in(directory, **options):
    return LocalStore(directory / "objects", directory / "tmp", **options)


def put_and_flush(store, contents):
    for content in contents:
        store.put(content)
    store.flush()


def content_named(first, *, size=20):
    """Return a content whose digest begins with a byte, and so lies in one directory with others of it."""
    return next(each for _ in range(10**6) if Digest.of(each := os.urandom(size))[0] == first)


class TestKilled:
    @pytest.mark.slow
    @both
    def test_what_was_acknowledged_is_whole_whenever_a_writer_is_killed(self, tmp_path, options):
        known = set()
        choose = random.Random(1)
        for seed in range(25):
            with writer(tmp_path, seed, options) as process:
                assert process.stdout.readline() == b"ready\n"
                if seed == 0:  # on a slow disk none may come to it
                    known.add(bytes.fromhex(process.stdout.readline().decode()))
                time.sleep(choose.uniform(0, 0.05))
                process.kill()
                known |= acknowledged(process)
            assert damaged(tmp_path) == []
            assert known <= set(objects(tmp_path))
        store = store_in(tmp_path)
        store.put(os.urandom(20))
        store.flush()
        assert left(tmp_path) == []

    @both
    def test_of_many_writers_some_are_killed(self, tmp_path, options):
        choose = random.Random(2)
        with contextlib.ExitStack() as stack:
            processes = [stack.enter_context(writer(tmp_path, seed, options)) for seed in range(6)]
            for process in processes:
                assert process.stdout.readline() == b"ready\n"
            known = {bytes.fromhex(processes[0].stdout.readline().decode())}
            for process in processes:
                time.sleep(choose.uniform(0, 0.1))
                process.kill()
            known.update(*map(acknowledged, processes))
        assert damaged(tmp_path) == []
        assert known <= set(objects(tmp_path))
        store = store_in(tmp_path)
        store.put(os.urandom(20))
        store.flush()
        assert left(tmp_path) == []

    @both
    def test_eight_writers_store_overlapping_contents(self, tmp_path, options):
        with contextlib.ExitStack() as stack:
            processes = [stack.enter_context(writer(tmp_path, seed, options, rounds=30)) for seed in range(8)]
            known = [acknowledged(process) for process in processes]
        assert [process.returncode for process in processes] == [0] * 8
        assert set().union(*known) == set(objects(tmp_path))
        assert sum(map(len, known)) > len(objects(tmp_path)), "they did not overlap"
        assert damaged(tmp_path) == []
        assert list((tmp_path / "tmp").iterdir()) == []

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_a_writer_that_is_killed_between_naming_and_syncing(self, tmp_path, number):
        code = """
import os, sys
from pathlib import Path
from ledger.store.local import LocalStore
directory = Path(sys.argv[1])
store = LocalStore(directory / "objects", directory / "tmp")
store.put(b"one"), store.put(b"two")
real = os.rename
def rename(source, target):
    real(source, target)
    os.kill(os.getpid(), int(sys.argv[2]))
os.rename = rename
store.flush()
"""
        subprocess.run(
            [sys.executable, "-c", code, tmp_path, str(int(number))],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        assert len(objects(tmp_path)) == 1
        assert left(tmp_path)  # the sign that a name may not be durable
        store = store_in(tmp_path)
        digests = {store.put(b"one"), store.put(b"two")}
        store.flush()
        assert set(objects(tmp_path)) == {bytes(digest) for digest in digests}
        assert left(tmp_path) == []


class TestFull:
    @pytest.fixture
    def small_disk(self, tmp_path):
        """Return a directory with room for 4 MiB."""
        disk = tmp_path / "disk"
        disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True)
        if done.returncode:
            pytest.skip("nothing can be mounted here")
        yield disk
        subprocess.run(["umount", "--lazy", disk], check=True)  # a failed test still has it open

    @pytest.mark.parametrize("size", [100_000, 3 * MIB])
    def test_a_full_disk_is_told_and_nothing_is_left_of_what_did_not_fit(self, small_disk, tmp_path, size):
        store = store_in(small_disk, **LOOSE)
        kept = store.put(b"kept")
        store.flush()
        with pytest.raises(StorageError) as error:
            self.fill(store, tmp_path / "file", size)
        assert error.value.cause == os.strerror(errno.ENOSPC)
        assert "room" in error.value.hint
        store.flush()  # what did fit
        assert damaged(small_disk) == []
        assert left(small_disk) == []
        store_in(small_disk).check(kept)

    @pytest.mark.parametrize("size", [90_000, 2 * MIB])
    def test_a_full_disk_leaves_no_pack_that_is_not_whole(self, small_disk, tmp_path, size):
        store = store_in(small_disk, **PACKED)
        kept = store.put(b"kept")
        store.flush()
        with pytest.raises(StorageError) as error:
            self.fill(store, tmp_path / "file", size)
        assert error.value.cause == os.strerror(errno.ENOSPC)
        with contextlib.suppress(StorageError):  # there may be no room for the index of what did fit
            store.flush()
        assert damaged(small_disk) == []
        store = store_in(small_disk, **PACKED)
        store.check(kept)
        digest = store.put(b"there is room for this, as nothing is left of what did not fit")
        store.flush()
        assert store.get(digest)
        assert left(small_disk) == []

    def fill(self, store, file, size):
        for _ in range(100):
            file.write_bytes(os.urandom(size))
            store.put_file(file)

    def test_a_disk_with_room_again(self, small_disk):
        (small_disk / "ballast").write_bytes(bytes(3 * MIB + 900_000))
        store = store_in(small_disk)
        content = os.urandom(500_000)
        with pytest.raises(StorageError):
            store.put(content)
        (small_disk / "ballast").unlink()
        digest = store.put(content)
        store.flush()
        assert store_in(small_disk).get(digest) == content

    def test_restoring_to_a_full_disk_leaves_no_half_file(self, small_disk, tmp_path):
        store = store_in(tmp_path)
        digest = store.put(os.urandom(6 * MIB))
        with pytest.raises(StorageError, match=r"cannot write .*restored"):
            store.restore(digest, small_disk / "restored")
        assert os.listdir(small_disk) == []

    @pytest.fixture
    def limit(self):
        """Let no file grow past 2 MiB."""
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, old[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, old)

    def test_a_limit_on_the_size_of_files(self, tmp_path, request):
        (tmp_path / "file").write_bytes(os.urandom(5 * MIB))
        (tmp_path / "sparse").touch()
        os.truncate(tmp_path / "sparse", 5 * MIB)
        store = store_in(tmp_path, **LOOSE)
        request.getfixturevalue("limit")
        for attempt in (
            lambda: store.put(os.urandom(3 * MIB)),
            lambda: store.put_file(tmp_path / "file"),
            lambda: store.put_file(tmp_path / "sparse"),
        ):
            with pytest.raises(StorageError) as error:
                attempt()
            assert "ulimit" in error.value.hint
        digest = store.put(b"small")
        store.flush()
        assert set(objects(tmp_path)) == {bytes(digest)}
        assert left(tmp_path) == []


class TestFailingDisk:
    """Errors put in where the system would raise them."""

    def fail(self, monkeypatch, name, after=0):
        """Let the call `os.NAME` fail with EIO once, after some that work."""
        real, count = getattr(os, name), [after]

        def failing(*arguments, **named):
            count[0] -= 1
            if count[0] == -1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, failing)

    @pytest.mark.parametrize("after", range(5))
    def test_a_sync_that_fails_is_never_taken_back(self, tmp_path, monkeypatch, after):
        store = store_in(tmp_path)
        for content in (b"one", b"two"):
            store.put(content)
        self.fail(monkeypatch, "fsync", after)
        with pytest.raises(StorageError) as error:
            store.flush()
        assert "dmesg" in error.value.hint
        if after < 2:
            assert objects(tmp_path) == {}, "it has a name, and its content may not be on the disk"
        monkeypatch.undo()
        store.flush()  # there is nothing to flush: what failed is gone
        assert damaged(tmp_path) == []
        digests = {bytes(store.put(content)) for content in (b"one", b"two", b"three")}
        store.flush()
        assert set(objects(tmp_path)) == digests
        assert left(tmp_path) == []

    def test_a_sync_of_all_that_fails(self, tmp_path, monkeypatch):
        store = store_in(tmp_path, **LOOSE)
        contents = [str(number).encode() for number in range(30)]
        for content in contents:
            store.put(content)

        def failing(path):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr("ledger.fs.sync_file_system", failing)
        with pytest.raises(StorageError):
            store.flush()
        assert objects(tmp_path) == {}
        monkeypatch.undo()
        for content in contents:
            store.put(content)
        store.flush()
        assert len(objects(tmp_path)) == 30
        assert left(tmp_path) == []

    @pytest.mark.parametrize("name", ["write", "pwritev", "open", "rename", "mkdir", "fsync", "unlink"])
    @pytest.mark.parametrize("after", range(5))
    @both
    def test_any_call_may_fail(self, tmp_path, monkeypatch, name, after, options):
        store = store_in(tmp_path, **options)
        self.fail(monkeypatch, name, after)
        contents = [b"one", b"two", b"three", os.urandom(2 * MIB)]
        file = tmp_path / "file"
        with contextlib.suppress(OSError, StorageError):
            for content in contents:
                file.write_bytes(content)
                store.put_file(file)
            store.flush()
        monkeypatch.undo()
        assert damaged(tmp_path) == []
        for content in contents:
            store.put(content)
        store.flush()
        assert set(objects(tmp_path)) == {blake3(content).digest() for content in contents}
        store = store_in(tmp_path)
        store.put(b"the next writer")
        store.flush()
        assert left(tmp_path) == []

    @both
    def test_short_writes(self, tmp_path, monkeypatch, options):
        real = os.write
        monkeypatch.setattr(
            os, "write", lambda descriptor, content: real(descriptor, content[: max(1, len(content) // 2)])
        )
        at = os.pwrite
        monkeypatch.setattr(
            os, "pwrite", lambda number, content, offset: at(number, content[: len(content) // 2 + 1], offset)
        )
        monkeypatch.setattr(
            os,
            "pwritev",
            lambda number, parts, offset: at(number, parts[0][: len(parts[0]) // 2 + 1], offset),
        )
        store = store_in(tmp_path, **options)
        content = os.urandom(2 * MIB + 5)
        (tmp_path / "file").write_bytes(content)
        digest, _ = store.put_file(tmp_path / "file")
        store.restore(digest, tmp_path / "copy")
        store.flush()
        assert (tmp_path / "copy").read_bytes() == content
        assert damaged(tmp_path) == []

    @both
    def test_a_source_that_fails_is_the_callers_error(self, tmp_path, monkeypatch, options):
        (tmp_path / "file").write_bytes(os.urandom(3 * MIB))
        store = store_in(tmp_path, **options)
        self.fail(monkeypatch, "preadv", 1)
        with pytest.raises(OSError, match="Input/output"):
            store.put_file(tmp_path / "file")
        store.flush()
        assert objects(tmp_path) == {}
        assert left(tmp_path) == []

    def test_an_object_that_cannot_be_read(self, tmp_path, monkeypatch):
        store = store_in(tmp_path)
        digest = store.put(os.urandom(3 * MIB))
        store.flush()
        self.fail(monkeypatch, "preadv", 1)
        with pytest.raises(StorageError, match="cannot read"):
            store.restore(digest, tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        store.check(digest)


class TestDirectories:
    def test_a_directory_of_objects_that_vanishes(self, tmp_path):
        store = store_in(tmp_path)
        first = content_named(0xAB)
        store.put(first)
        store.flush()
        second = content_named(0xAB)
        digest = store.put(second)
        shutil.rmtree(tmp_path / "objects" / "ab")
        store.flush()
        assert store.get(digest) == second
        assert not store.has(Digest.of(first))

    def test_all_objects_vanish_before_a_flush(self, tmp_path):
        store = store_in(tmp_path)
        digest = store.put(b"content")
        shutil.rmtree(tmp_path / "objects")
        with pytest.raises(StorageError, match="objects"):
            store.flush()
        store.put(b"content")
        store.flush()
        assert store.get(digest) == b"content"
        assert left(tmp_path) == []

    def test_the_half_written_files_vanish_before_a_flush(self, tmp_path):
        store = store_in(tmp_path)
        digest = store.put(b"content")
        shutil.rmtree(tmp_path / "tmp")
        with pytest.raises(StorageError):
            store.flush()
        assert not store.has(digest)
        store.put(b"content")
        store.flush()
        assert store.get(digest) == b"content"

    @pytest.mark.parametrize("name", ["objects", "tmp"])
    def test_a_file_in_the_place_of_a_directory(self, tmp_path, name):
        (tmp_path / name).touch()
        store = store_in(tmp_path)
        with pytest.raises(StorageError):
            store.put(b"content")
        assert not store.has(Digest.of(b"content"))
        assert list(store.digests()) == []

    def test_objects_behind_a_link(self, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "objects").symlink_to("elsewhere")
        store = store_in(tmp_path)
        digest = store.put(b"content")
        store.flush()
        assert layout.loose(tmp_path / "elsewhere", digest).read_bytes() == b"content"
        assert list(store_in(tmp_path).digests()) == [digest]

    def test_objects_behind_a_link_to_nowhere(self, tmp_path):
        (tmp_path / "objects").symlink_to("nowhere")
        store = store_in(tmp_path)
        with pytest.raises(StorageError, match="objects"):
            store.put(b"content")
        assert list(store.digests()) == []

    def test_an_object_behind_a_link_to_another(self, tmp_path):
        store = store_in(tmp_path)
        digest, other = store.put(b"content"), store.put(b"another")
        store.flush()
        path = layout.loose(tmp_path / "objects", digest)
        path.unlink()
        path.symlink_to(layout.loose(tmp_path / "objects", other))
        with pytest.raises(DamagedError):
            store.get(digest)

    @pytest.fixture
    def user(self):
        """Return a directory of a user whom permissions hold, unlike root."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            if os.geteuid() == 0:
                os.chown(directory, 65534, 65534)
                os.seteuid(65534)
            yield directory
            if os.getuid() == 0:
                os.seteuid(0)
            for path in [directory, *directory.rglob("*")]:
                path.chmod(0o755)

    @pytest.mark.parametrize("name", ["objects", "tmp", "."])
    def test_a_directory_that_may_not_be_written(self, user, name):
        store = store_in(user)
        if name != ".":
            digest = store.put(b"content")
            store.flush()
        (user / name).chmod(0o555)
        with pytest.raises(StorageError) as error:
            put_and_flush(store, [b"one", b"two"])
        assert error.value.cause == os.strerror(errno.EACCES)
        assert "LEDGER_DIR" in error.value.hint
        if name != ".":
            assert store.get(digest) == b"content"
            put_and_flush(store, [b"content"])  # nothing has to be written

    def test_a_file_that_may_not_be_read(self, user):
        (user / "file").write_bytes(b"content")
        (user / "file").chmod(0)
        with pytest.raises(PermissionError):
            store_in(user).put_file(user / "file")

    def test_an_object_that_may_not_be_read(self, user):
        store = store_in(user)
        digest = store.put(b"content")
        store.flush()
        layout.loose(user / "objects", digest).chmod(0)
        with pytest.raises(StorageError, match="cannot read"):
            store.get(digest)
        layout.loose(user / "objects", digest).parent.chmod(0)
        with pytest.raises(StorageError, match="cannot read"):
            store.has(digest)
        with pytest.raises(StorageError, match="cannot read"):
            list(store.digests())
