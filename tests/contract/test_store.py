"""What every store does; the suite also looks behind its back: what is there, and what if it is damaged."""

import importlib.util
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from blake3 import blake3

from ledger.errors import DamagedError, NotFoundError, StorageError
from ledger.model import Digest, layout
from ledger.store.base import Store, not_there
from ledger.store.fetching import FetchingStore
from ledger.store.local import LocalStore
from ledger.store.memory import MemoryStore
from ledger.store.pinned import PinnedStore

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).parents[1] / "packs.py")
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)

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

    options: ClassVar = {}

    def __init__(self, directory: Path):
        self.objects, self.temporary = directory / "objects", directory / "tmp"
        self.store = self.another()

    def another(self) -> Store:
        return LocalStore(self.objects, self.temporary, **self.options)

    def contents(self):
        return packs.contents(self.objects)

    def write(self, digest, content):
        path = layout.loose(self.objects, digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)


class Whole(Local):
    """One that keeps large files whole."""

    options: ClassVar = {"large": "whole"}


class Packed(Local):
    """One that has everything in packs, what is not tiny in chunks."""

    options: ClassVar = {"threshold": 100_000, "step": 300_000, "most_loose": 0}

    def write(self, digest, content):
        for path in packs.names(self.objects):
            path.unlink()
        packs.write(self.objects, [(digest, packs.OBJECT, 0, len(content), content)])


class Pinned(Local):
    """A LocalStore as a ledger has it."""

    def another(self) -> Store:
        return PinnedStore(super().another(), self.objects.parent)


class PinnedPacked(Packed):
    """One that has everything in packs, as a ledger has it."""

    def another(self) -> Store:
        return PinnedStore(super().another(), self.objects.parent)


class Fetching(Pinned):
    """One that asks elsewhere for what it has not, where there is nothing either."""

    def another(self) -> Store:
        return FetchingStore(super().another(), lambda wanted: {each: not_there(each) for each in wanted})


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


@pytest.fixture(
    params=[Local, Whole, Packed, Pinned, PinnedPacked, Fetching, Memory],
    ids=["local", "whole", "packed", "pinned", "pinned-packed", "fetching", "memory"],
)
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


@pytest.mark.parametrize("count", [1, 3, 2000])
def test_which_of_many_are_there(behind, store, count):
    digests = [store.put(b"%d" % number) for number in range(count)]
    assert store.present([*digests, ABSENT]) == set(digests)
    store.flush()
    fresh = store.put(b"not flushed")
    assert store.present([*digests, ABSENT, fresh]) == {*digests, fresh}
    assert store.present(iter([ABSENT])) == set()


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


def test_threads_may_check_at_once(store):
    # Compressible, so that whatever a store decompresses with is used by all at once, too.
    contents = [os.urandom(3 * MIB).hex().encode() for _ in range(6)]
    digests = [store.put(content) for content in contents]
    store.flush()
    with ThreadPoolExecutor(4) as pool:
        checks = [pool.submit(store.check, digest) for digest in digests * 10 + [ABSENT]]
    errors = [each.exception() for each in checks]
    assert isinstance(errors.pop(), NotFoundError)
    assert errors == [None] * 60


def test_a_reader_of_a_large_object_can_seek(store, file):
    content = os.urandom(5 * MIB)
    digest, _ = store.put_file(file(content))
    store.flush()
    with store.open(digest) as reader:
        for place in (4 * MIB, 0, 1, MIB - 1, 5 * MIB - 3, 5 * MIB, 6 * MIB, 2 * MIB):
            assert reader.seek(place) == place
            assert reader.tell() == place
            assert reader.read(200_000) == content[place : place + 200_000]
        reader.seek(3)
        assert reader.seek(7, os.SEEK_CUR) == 10
        with pytest.raises((OSError, ValueError)):
            reader.seek(-1)
        try:
            number = reader.fileno()
        except OSError:  # it is no file by itself: who asks has to read
            return
        assert os.pread(number, 10, MIB) == content[MIB : MIB + 10]


def test_what_a_large_object_shares_with_another_is_not_an_object(store, file):
    content = os.urandom(6 * MIB)
    digest, _ = store.put_file(file(content))
    other, _ = store.put_file(file(content[: 5 * MIB]))
    store.flush()
    assert set(store.digests()) == {digest, other}
    assert store.get(digest) == content
    assert store.get(other) == content[: 5 * MIB]


def test_what_is_discarded_is_gone_for_everybody(behind, store):
    contents = [os.urandom(10), os.urandom(2 * MIB), b"", b"stays"]
    digests = [store.put(content) for content in contents]
    store.flush()
    other = behind.another()
    store.discard([*digests[:3], ABSENT])
    for each in (store, other, behind.another()):
        assert list(each.digests()) == digests[3:]
        assert each.present(digests) == {digests[3]}
        for digest in digests[:3]:
            with pytest.raises(NotFoundError):
                each.get(digest)
    assert behind.contents() == {bytes(digests[3]): b"stays"}


def test_what_was_discarded_can_be_put_again(behind, store, file):
    digest = store.put(b"content")
    store.flush()
    for put in (lambda: store.put(b"content"), lambda: store.put_file(file(b"content"))[0]):
        store.discard([digest])
        assert put() == digest
        store.flush()
        assert behind.another().get(digest) == b"content"


def test_discarding_nothing_is_nothing(behind, store):
    store.discard([])
    store.discard([ABSENT])
    assert behind.contents() == {}


def test_what_is_avoided_is_written_anew(behind, store, file):
    content = os.urandom(3 * MIB)
    digest, _ = store.put_file(file(content))
    small = store.put(b"small")
    store.flush()
    writer = behind.another()
    writer.avoid({digest, small, *store.pieces_of({digest})})
    assert writer.put_file(file(content)) == (digest, len(content))
    assert writer.put(b"small") == small
    writer.flush()
    assert behind.another().get(digest) == content
    assert behind.another().get(small) == b"small"


def test_what_went_before_is_not_relied_on(behind, store, file):
    content = os.urandom(3 * MIB)
    digest, _ = store.put_file(file(content))
    store.flush()
    writer = behind.another()
    assert writer.get(digest) == content
    store.discard({digest} | store.pieces_of({digest}))
    writer.avoid(())
    assert not writer.has(digest)
    writer.put_file(file(content))
    writer.flush()
    assert behind.another().get(digest) == content


def test_pieces_that_others_need_stay(behind, store, file):
    content = os.urandom(3 * MIB)
    digest, _ = store.put_file(file(content))
    shared, _ = store.put_file(file(content[: 2 * MIB] + b"else"))
    store.flush()
    if not {digest, shared}.isdisjoint(store.pieces_of({digest, shared})):
        pytest.fail("an object is no piece")
    store.discard({digest} | store.pieces_of({digest}))
    assert behind.another().get(shared) == content[: 2 * MIB] + b"else"
    assert behind.contents() == {bytes(shared): content[: 2 * MIB] + b"else"}
    assert store.pieces_of(()) == frozenset(), "pieces of nothing are left"
    store.discard({shared} | store.pieces_of({shared}))
    assert behind.contents() == {}
    assert store.pieces_of(()) == frozenset()


def test_what_comes_back_in_time_stays(behind, store, file):
    contents = [os.urandom(size) for size in (10, 2 * MIB, 5 * MIB)]
    digests = [store.put_file(file(content))[0] for content in contents]
    store.flush()
    turns = []

    @contextmanager
    def turn():
        turns.append(len(turns))
        yield {digests[0], *store.pieces_of(digests)}

    store.discard({*digests, *store.pieces_of(digests)}, turn)
    assert turns
    for digest, content in zip(digests[1:], contents[1:], strict=True):
        assert behind.another().get(digest) == content
    assert set(behind.another().digests()) == set(digests[1:])


def test_tidying_up_changes_no_object(behind, store, file):
    contents = {Digest.of(content): content for content in (b"%d" % number for number in range(100))}
    for content in contents.values():
        store.put(content)
        store.flush()
    large, _ = store.put_file(file(os.urandom(5 * MIB)))
    store.flush()
    store.tidy()
    for each in (store, behind.another()):
        assert set(each.digests()) == {*contents, large}
        assert {digest: each.get(digest) for digest in contents} == contents
        each.check(large)


def test_letting_go_changes_no_object(store):
    with store.pinned():
        digest = store.put(b"content")
        store.release()
        store.flush()
    store.release()
    assert store.get(digest) == b"content"
