"""What every store does; the suite also looks behind its back: what is there, and what if it is damaged."""

import os
import stat
from pathlib import Path

import pytest
from blake3 import blake3

from ledger.errors import DamagedError, NotFoundError, StorageError
from ledger.model import Digest, layout
from ledger.store.base import Store
from ledger.store.local import LocalStore
from ledger.store.memory import MemoryStore

MIB = 1 << 20
ABSENT = Digest.of(b"nobody has put this")
# Around the size from which a file is streamed; zeros, of which a store may make holes.
CONTENTS = {
    "empty": b"",
    "one byte": b"a",
    "text": b"line\r\nline\n\0\xff",
    "a block less one": os.urandom(MIB - 1),
    "a block": os.urandom(MIB),
    "a block and one": os.urandom(MIB + 1),
    "blocks": os.urandom(3 * MIB + 17),
    "zeros": bytes(4 * MIB),
    "zeros and one": bytes(2 * MIB) + b"a",
    "zeros inside": os.urandom(MIB) + bytes(2 * MIB) + os.urandom(100),
    "zeros at the start of a block": bytes(MIB - 1) + b"a" + bytes(MIB),
}


class Local:
    """A LocalStore, and its directory as the disk has it."""

    def __init__(self, directory: Path):
        self.objects, self.temporary = directory / "objects", directory / "tmp"
        self.store = self.another()

    def another(self) -> Store:
        return LocalStore(self.objects, self.temporary)

    def contents(self):
        return {
            bytes.fromhex(path.parent.name + path.name): path.read_bytes()
            for path in self.objects.glob("??/*")
        }

    def write(self, digest, content):
        path = layout.loose(self.objects, digest)
        path.unlink(missing_ok=True)
        path.write_bytes(content)


class Memory:
    """A MemoryStore, and its dictionary."""

    def __init__(self, directory: Path):
        self.store = MemoryStore()

    def another(self) -> Store:
        return self.store

    def contents(self):
        return {bytes(digest): content for digest, content in self.store._contents.items()}

    def write(self, digest, content):
        self.store._contents[digest] = content


@pytest.fixture(params=[Local, Memory], ids=["local", "memory"])
def behind(request, tmp_path):
    return request.param(tmp_path / "ledger")


@pytest.fixture
def store(behind):
    return behind.store


@pytest.fixture
def file(tmp_path):
    """Return a function: content → a file with it."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_comes_back_and_its_name_is_its_digest(behind, store, content):
    digest = store.put(content)
    assert digest == Digest(blake3(content).digest())
    store.flush()
    assert behind.contents() == {bytes(digest): content}
    for each in (store, behind.another()):
        assert each.get(digest) == content
        assert each.has(digest)
        assert each.size(digest) == len(content)
        assert list(each.digests()) == [digest]
        each.check(digest)
        with each.open(digest) as reader:
            assert reader.read() == content


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_its_content(behind, store, file, content):
    assert store.put_file(file(content)) == (Digest(blake3(content).digest()), len(content))
    store.flush()
    assert behind.contents() == {blake3(content).digest(): content}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("executable", [False, True])
def test_an_object_is_restored(store, tmp_path, content, executable):
    digest = store.put(content)
    for flushed in ("before", "after"):
        path = tmp_path / flushed
        store.restore(digest, path, executable=executable)
        assert path.read_bytes() == content
        umask = os.umask(0o022)
        os.umask(umask)
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if executable else 0o644) & ~umask
        assert path.stat().st_nlink == 1
        store.flush()


def test_a_restored_file_is_the_users_own(behind, store, tmp_path):
    digest = store.put(b"content" * 1_000_000)
    store.flush()
    store.restore(digest, tmp_path / "copy")
    (tmp_path / "copy").write_bytes(b"changed")
    store.check(digest)


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_what_was_put_is_readable_before_it_is_durable(store, file, tmp_path, size):
    content = os.urandom(size)
    digest, _ = store.put_file(file(content))
    assert store.has(digest)
    assert store.size(digest) == size
    assert store.get(digest) == content
    assert list(store.digests()) == [digest]
    store.check(digest)


def test_putting_what_is_there_changes_nothing(behind, store, file):
    digest = store.put(b"content")
    store.flush()
    for each in (store, behind.another()):
        assert each.put(b"content") == digest
        assert each.put_file(file(b"content")) == (digest, 7)
        each.flush()
    assert behind.contents() == {bytes(digest): b"content"}
    assert list(store.digests()) == [digest]


def test_one_content_put_twice_before_a_flush_is_one_object(behind, store, file):
    content = os.urandom(2 * MIB)
    assert store.put(content) == store.put_file(file(content))[0] == store.put_file(file(content))[0]
    store.flush()
    store.flush()
    assert list(behind.contents().values()) == [content]


def test_many_objects(behind, store):
    contents = [str(number).encode() for number in range(300)]
    digests = {store.put(content) for content in contents}
    store.flush()
    assert set(store.digests()) == set(behind.another().digests()) == digests
    assert sorted(behind.contents().values()) == sorted(contents)


def test_flushing_nothing_is_nothing(behind, store):
    store.flush()
    assert behind.contents() == {}
    assert list(store.digests()) == []


def test_a_link_is_the_file_that_it_points_to(store, file, tmp_path):
    (tmp_path / "link").symlink_to(file(b"content"))
    assert store.put_file(tmp_path / "link") == (Digest.of(b"content"), 7)


def test_a_path_that_is_no_utf8(store, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \n"))
    path.write_bytes(b"content")
    digest, _ = store.put_file(path)
    path.unlink()
    store.restore(digest, path)
    assert path.read_bytes() == b"content"


def test_a_file_of_the_kernel_that_tells_no_size(store):
    digest, size = store.put_file(Path("/proc/self/maps"))
    assert size > 0
    assert len(store.get(digest)) == size


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "dangling", "socket"])
def test_what_is_no_file_is_the_callers_error(behind, store, tmp_path, kind):
    path = tmp_path / kind
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    with pytest.raises(OSError, match=str(path)):
        store.put_file(path)
    store.flush()
    assert behind.contents() == {}


@pytest.mark.parametrize("name", ["get", "open", "size", "check"])
def test_an_object_that_is_not_there(store, name):
    assert not store.has(ABSENT)
    with pytest.raises(NotFoundError) as error:
        getattr(store, name)(ABSENT)
    assert str(ABSENT) in error.value.message
    assert "ledger verify" in error.value.hint


def test_an_object_that_is_not_there_is_not_restored(store, tmp_path):
    with pytest.raises(NotFoundError):
        store.restore(ABSENT, tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("size", [9, 2 * MIB])
@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "other", "empty"])
def test_damage_is_told(behind, store, tmp_path, damage, size):
    content = os.urandom(size)
    digest = store.put(content)
    store.flush()
    wrong = {
        "flip": content[:-1] + bytes([content[-1] ^ 1]),
        "cut": content[:-1],
        "longer": content + b"a",
        "other": os.urandom(size),
        "empty": b"",
    }[damage]
    behind.write(digest, wrong)
    for name in ("get", "check"):
        with pytest.raises(DamagedError) as error:
            getattr(store, name)(digest)
        assert error.value.cause == f"expected {digest}, got {Digest.of(wrong)} ({len(wrong)} bytes)"
        assert "ledger verify" in error.value.hint
    with pytest.raises(DamagedError):
        store.restore(digest, tmp_path / "file")
    assert not (tmp_path / "file").exists()
    with store.open(digest) as reader:
        assert reader.read() == wrong


def test_a_file_that_is_there_is_not_overwritten(store, tmp_path):
    digest = store.put(b"content")
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(StorageError, match=str(tmp_path / "file")):
        store.restore(digest, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_place_that_cannot_be_written(store, tmp_path):
    digest = store.put(b"content")
    with pytest.raises(StorageError, match="nowhere"):
        store.restore(digest, tmp_path / "nowhere" / "file")


def test_a_reader_can_seek(store):
    digest = store.put(b"0123456789")
    store.flush()
    with store.open(digest) as reader:
        assert reader.seek(-3, os.SEEK_END) == 7
        assert reader.read() == b"789"
        assert reader.seek(2) == 2
        assert reader.read(3) == b"234"
