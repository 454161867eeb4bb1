import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger import fs
from ledger.errors import StorageError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(tmp_path):
    """Return a function: (name, content) → descriptor to read and write."""
    descriptors = []

    def make(name, content=b""):
        (tmp_path / name).write_bytes(content)
        descriptors.append(os.open(tmp_path / name, os.O_RDWR))
        return descriptors[-1]

    yield make
    for descriptor in descriptors:
        os.close(descriptor)


class TestExplained:
    @pytest.mark.parametrize(
        ("number", "hint"),
        [
            (errno.ENOSPC, "room"),
            (errno.EDQUOT, "quota"),
            (errno.EFBIG, "ulimit"),
            (errno.EROFS, "--ledger"),
            (errno.EACCES, "LEDGER_DIR"),
            (errno.EIO, "dmesg"),
        ],
    )
    def test_an_error_says_what_to_do(self, number, hint):
        with pytest.raises(StorageError) as error, fs.explained(Path("/x")):
            raise OSError(number, os.strerror(number), "/x/y")
        assert error.value.message == "cannot write /x"
        assert error.value.cause == os.strerror(number)
        assert hint in error.value.hint
        assert isinstance(error.value.__cause__, OSError)

    def test_an_error_of_reading_does_not_tell_to_write_elsewhere(self):
        with pytest.raises(StorageError) as error, fs.explained("/x", "read"):
            raise PermissionError(errno.EACCES, "Permission denied")
        assert error.value.message == "cannot read /x"
        assert error.value.hint is None

    def test_other_errors_pass(self):
        with pytest.raises(ValueError, match="mine"), fs.explained("/x"):
            raise ValueError("mine")

    def test_an_error_without_a_number(self):
        with pytest.raises(StorageError) as error, fs.explained("/x"):
            raise OSError("odd")
        assert (error.value.cause, error.value.hint) == ("odd", None)


class TestOpenFile:
    def test_a_file(self, tmp_path):
        (tmp_path / "file").write_bytes(b"content")
        descriptor = fs.open_file(tmp_path / "file")
        assert os.read(descriptor, 9) == b"content"
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)

    def test_a_pipe_is_not_waited_for_and_nothing_stays_open(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        before = os.listdir("/proc/self/fd")
        for path in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
            with pytest.raises(OSError, match="regular file"):
                fs.open_file(path)
        assert os.listdir("/proc/self/fd") == before


def test_write_all_writes_all_of_it_however_little_the_system_takes_at_once():
    content = os.urandom(1 << 20)  # more than a pipe holds
    reader, writer = os.pipe()
    got = []
    with open(reader, "rb") as file:
        thread = threading.Thread(target=lambda: got.append(file.read()))
        thread.start()
        fs.write_all(writer, content)
        os.close(writer)
        thread.join()
    assert got == [content]


class TestCreate:
    def test_a_new_file(self, tmp_path):
        assert fs.create(tmp_path / "file", b"content", mode=0o444)
        assert (tmp_path / "file").read_bytes() == b"content"
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) & 0o222 == 0
        assert os.listdir(tmp_path) == ["file"]

    def test_one_that_is_there_stays(self, tmp_path):
        assert fs.create(tmp_path / "file", b"first")
        assert not fs.create(tmp_path / "file", b"second")
        assert (tmp_path / "file").read_bytes() == b"first"
        assert os.listdir(tmp_path) == ["file"]

    def test_of_many_one_wins(self, tmp_path):
        code = "import sys; from pathlib import Path; from ledger import fs; sys.stdin.read()\n"
        code += "print(fs.create(Path(sys.argv[1]), sys.argv[2].encode()))"
        children = [
            subprocess.Popen(
                [sys.executable, "-c", code, tmp_path / "file", str(number)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for number in range(6)
        ]
        for child in children:
            child.stdin.close()
        won = []
        for number, child in enumerate(children):
            with child:
                if child.stdout.read() == b"True\n":
                    won.append(number)
        assert [(tmp_path / "file").read_bytes()] == [str(number).encode() for number in won]
        assert os.listdir(tmp_path) == ["file"]

    @pytest.mark.parametrize("name", ["é" * 120, "a" * 255, "😀" * 60, os.fsdecode(b"\xff" * 255)])
    def test_long_names(self, tmp_path, name):
        assert fs.create(tmp_path / name, b"content")
        fs.replace(tmp_path / name, b"other")
        assert (tmp_path / name).read_bytes() == b"other"
        assert len(os.listdir(tmp_path)) == 1


class TestReplace:
    @pytest.mark.parametrize("sync", [True, False])
    def test_the_old_content_is_gone(self, tmp_path, sync):
        fs.replace(tmp_path / "file", b"first", sync=sync)
        with open(tmp_path / "file", "rb") as reader:
            fs.replace(tmp_path / "file", b"second", sync=sync)
            assert reader.read() == b"first"
        assert (tmp_path / "file").read_bytes() == b"second"
        assert os.listdir(tmp_path) == ["file"]

    def test_what_cannot_be_replaced_stays_and_nothing_is_left(self, tmp_path):
        (tmp_path / "directory").mkdir()
        (tmp_path / "directory" / "file").touch()
        with pytest.raises(OSError, match="directory"):
            fs.replace(tmp_path / "directory", b"content")
        assert os.listdir(tmp_path) == ["directory"]


class TestDirectories:
    def test_parents_are_made(self, tmp_path):
        fs.make_directory(tmp_path / "a" / "b" / "c")
        fs.make_directory(tmp_path / "a" / "b" / "c")
        assert (tmp_path / "a" / "b" / "c").is_dir()

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "a").touch()
        with pytest.raises(OSError, match="a"):
            fs.make_directory(tmp_path / "a" / "b")

    def test_syncs(self, tmp_path):
        (tmp_path / "file").write_bytes(b"content")
        fs.sync_file(tmp_path / "file")
        fs.sync_directory(tmp_path)
        with pytest.raises(NotADirectoryError):
            fs.sync_directory(tmp_path / "file")
        for sync in (fs.sync_file, fs.sync_directory, fs.sync_file_system):
            with pytest.raises(FileNotFoundError):
                sync(tmp_path / "nowhere")

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
    def test_a_whole_file_system_is_synced(self, tmp_path):
        assert fs.sync_file_system(tmp_path) is True

    @pytest.mark.parametrize(
        ("system", "release", "relied"),
        [
            ("Linux", "5.8.0", True),
            ("Linux", "6.18.44-fc-v657", True),
            ("Linux", "10.1", True),
            ("Linux", "5.8-rc1", True),
            ("Linux", "5.7.19-arch1", False),
            ("Linux", "4.18.0-553.el8_10.x86_64", False),
            ("Linux", "unknown", False),
            ("Darwin", "23.1.0", False),
        ],
    )
    def test_before_linux_5_8_it_tells_no_error_and_is_not_used(
        self, tmp_path, monkeypatch, system, release, relied
    ):
        uname = os.uname_result((system, "node", release, "version", "machine"))
        monkeypatch.setattr(os, "uname", lambda: uname)
        if relied and sys.platform != "linux":
            pytest.skip("only Linux has it")
        assert fs.sync_file_system(tmp_path) is relied


class TestLocks:
    def test_a_lock_is_held_by_one(self, tmp_path):
        with fs.locked(tmp_path / "lock"):
            assert fs.try_lock(tmp_path / "lock") is None
        descriptor = fs.try_lock(tmp_path / "lock")
        assert descriptor is not None
        assert fs.try_lock(tmp_path / "lock") is None
        os.close(descriptor)
        os.close(fs.try_lock(tmp_path / "lock"))

    def test_a_shared_lock_is_held_by_many(self, tmp_path):
        with fs.locked(tmp_path / "lock", shared=True), fs.locked(tmp_path / "lock", shared=True):
            assert fs.try_lock(tmp_path / "lock") is None

    def test_a_lock_ends_with_an_error_inside(self, tmp_path):
        with pytest.raises(KeyError), fs.locked(tmp_path / "lock"):
            raise KeyError
        os.close(fs.try_lock(tmp_path / "lock"))

    def test_who_comes_second_is_not_alone(self, tmp_path):
        place = tmp_path / "new" / "lock"
        with fs.alone(place) as first, fs.alone(place) as second:
            assert (first, second) == (True, False)
        with fs.alone(place) as again:
            assert again
        (tmp_path / "file").write_bytes(b"")
        with fs.alone(tmp_path / "file" / "lock") as refused:
            assert not refused

    def test_a_lock_that_is_not_to_be_made(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            fs.try_lock(tmp_path / "lock", make=False)
        assert os.listdir(tmp_path) == []

    def test_a_lock_ends_with_its_process(self, tmp_path):
        code = "import os, sys; from pathlib import Path; from ledger import fs\n"
        code += "assert fs.try_lock(Path(sys.argv[1])) is not None; os.kill(os.getpid(), 9)"
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "lock"], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert done.returncode == -9
        os.close(fs.try_lock(tmp_path / "lock"))

    def test_nothing_stays_open(self, tmp_path):
        before = os.listdir("/proc/self/fd")
        with fs.locked(tmp_path / "lock"):
            fs.try_lock(tmp_path / "lock")
        assert os.listdir("/proc/self/fd") == before


class TestClone:
    @pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) + 7])
    def test_a_file_is_copied(self, opened, size):
        content = os.urandom(size)
        source, target = opened("source", content), opened("target")
        fs.clone(source, target, size)
        assert os.pread(target, size + 1, 0) == content

    def test_a_source_that_has_become_shorter_gives_what_it_has(self, opened):
        source, target = opened("source", b"short"), opened("target")
        fs.clone(source, target, 1000)
        assert os.pread(target, 1000, 0) == b"short"

    def test_between_file_systems(self, opened, tmp_path):
        with open("/proc/self/maps", "rb") as source:
            target = opened("target")
            fs.clone(source.fileno(), target, 200)
        assert os.fstat(target).st_size == 200

    def test_a_target_that_cannot_be_written(self, opened, tmp_path):
        source = opened("source", b"content")
        with open(tmp_path / "source", "rb") as target, pytest.raises(OSError, match="Bad file"):
            fs.clone(source, target.fileno(), 7)

    def test_a_reflink_that_is_not_possible_leaves_the_target_alone(self, opened):
        target = opened("target")
        with open("/proc/self/maps", "rb") as source:
            assert fs.reflink(source.fileno(), target) is False
        assert os.fstat(target).st_size == 0


def test_a_tree_is_removed_whatever_is_in_it_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    tree = tmp_path / "tree"
    (tree / "locked" / "deep").mkdir(parents=True)
    (tree / "locked" / "file").write_text("x")
    (tree / "to_directory").symlink_to(kept)
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    (tree / "locked").chmod(0o500)
    fs.remove_tree(tree)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    assert (kept / "file").read_text() == "x"
    fs.remove_tree(tree)


def test_a_lock_that_is_held_keeps_others_out(tmp_path):
    with fs.locked(tmp_path / "lock"):
        assert fs.locks_hold(tmp_path / "lock")
    assert not fs.locks_hold(tmp_path / "lock")  # as where every call for a lock succeeds
    with fs.locked(tmp_path / "lock"):
        assert fs.try_lock(tmp_path / "lock") is None
