"""Packs when things go wrong: a process killed, or a disk that fails, at every call that writes."""

import contextlib
import errno
import gc
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import DamagedError, LedgerError, NotFoundError, StorageError
from ledger.model import Digest, layout
from ledger.store import packing
from ledger.store.local import LocalStore
from ledger.store.pack import Pack
from ledger.store.pack_format import LIST

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).parents[1] / "packs.py")
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)

WRITING = (
    "open",
    "write",
    "pwrite",
    "pwritev",
    "ftruncate",
    "rename",
    "replace",
    "unlink",
    "mkdir",
    "fsync",
    "rmdir",
)
choose = random.Random(5)
LARGE = choose.randbytes(400_000)
BEFORE = [b"loose", b"another loose one", b"", *(b"small %d" % number for number in range(20)), LARGE]
"""What is durable before anything goes wrong."""
AFTER = [b"new %d" % number for number in range(20)] + [LARGE[:200_000] + b"inserted" + LARGE[200_000:]]
"""What is being stored."""


@pytest.fixture(autouse=True)
def _no_more_to_collect():
    """Leave what there is before a test out of its collections, which else take as long as its calls."""
    gc.freeze()
    yield
    gc.unfreeze()


def store_in(directory):
    return LocalStore(directory / "objects", directory / "tmp", threshold=100_000, step=300_000, most_loose=3)


def fill(directory, contents):
    store = store_in(directory)
    for content in contents:
        store.put(content)
    store.flush()


def make(directory):
    """A store with three loose objects and three packs, one of them with a list."""
    fill(directory, BEFORE[:3])
    fill(directory, BEFORE[3:15])
    fill(directory, BEFORE[15:-1])
    fill(directory, BEFORE[-1:])
    return directory


def counting(monkeypatch, at, act):
    """Call `act` instead of the call number `at` of those that change a disk; return how many there were."""
    count = [0]

    def wrap(name):
        real = getattr(os, name)

        def call(*arguments, **named):
            if name == "open" and not (arguments[1] & os.O_CREAT):
                return real(*arguments, **named)
            count[0] += 1
            if count[0] == at + 1:
                act(lambda: real(*arguments, **named))
            return real(*arguments, **named)

        return call

    for name in WRITING:
        monkeypatch.setattr(os, name, wrap(name))
    return count


def store_more(directory):
    fill(directory, AFTER)


def pack(directory):
    packing.pack(directory / "objects", directory / "tmp", fewest=1)


def rewrite(directory):
    """Drop the chunked object's list and every second small one."""
    for path in packing.packs_of(directory / "objects"):
        if any(each.kind == LIST for each in Pack(path).records()):
            continue
        packing.rewrite(
            directory / "objects",
            directory / "tmp",
            path,
            lambda entry: entry if entry.digest in KEPT else None,
        )


KEPT = {Digest.of(content) for content in BEFORE[::2]}
CASES = {
    "store": (store_more, BEFORE, AFTER),
    "pack": (pack, BEFORE, []),
    "rewrite": (rewrite, [each for each in BEFORE if Digest.of(each) in KEPT], []),
}


def whole(directory, expected):
    there = packs.contents(directory / "objects")  # which fails where any pack is not whole
    for content in expected:
        assert there[Digest.of(content)] == content
        assert store_in(directory).get(Digest.of(content)) == content
    assert all(packs.hashed(content) == digest for digest, content in there.items())


def tidy(directory):
    """What the next writer does, once the one that failed is forgotten: with Python 3.13 it is in a cycle."""
    gc.collect()
    fill(directory, [os.urandom(8)])
    assert [path for path in (directory / "tmp").rglob("*") if path.is_file()] == []


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_call_that_writes(tmp_path, monkeypatch, case, when):
    act, kept, new = CASES[case]
    made = make(tmp_path / "made")

    def kill(call):
        if when == "after":
            call()
        os.kill(os.getpid(), signal.SIGKILL)

    for at in range(1000):
        directory = tmp_path / "run"
        shutil.copytree(made, directory)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                counting(monkeypatch, at, kill)
                act(directory)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
        whole(directory, kept + (new if status == 0 else []))
        tidy(directory)
        whole(directory, kept)
        shutil.rmtree(directory)
        if status == 0:
            break
    assert at > 10, "it was never killed"


def attempt(act, directory):
    """What goes wrong, if anything does."""
    try:
        act(directory)
    except StorageError as error:
        return error.cause
    return None


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("case", CASES)
def test_every_call_that_writes_may_fail(tmp_path, monkeypatch, case, number):
    act, kept, new = CASES[case]
    made = make(tmp_path / "made")

    def fail(call):
        raise OSError(number, os.strerror(number))

    failed = 0
    for at in range(1000):
        directory = tmp_path / "run"
        shutil.copytree(made, directory)
        with monkeypatch.context() as patched:
            count = counting(patched, at, fail)
            told = attempt(act, directory)
        done = told is None
        assert done or told == os.strerror(number)
        failed += not done
        whole(directory, kept + (new if done else []))
        tidy(directory)
        act(directory)
        whole(directory, kept + new)
        shutil.rmtree(directory)
        if count[0] <= at:
            break
    assert failed > 5


def files(directory):
    return [path for path in (directory / "objects").rglob("*") if path.is_file()]


def read_all(directory):
    """Each content, or the error that it gives."""
    store = store_in(directory)
    found = {}
    for content in BEFORE:
        digest = Digest.of(content)
        try:
            found[content] = store.get(digest)
            store.check(digest)
        except LedgerError as error:
            found[content] = error
    return found


@pytest.mark.parametrize("kind", ["loose", "pack", "lookup"])
def test_a_flipped_bit_gives_no_other_bytes_and_hides_nothing_else(tmp_path, kind):
    directory = make(tmp_path / "made")
    for number in range(20):
        fill(directory, [b"%d %d" % (number, each) for each in range(4)])
    some = [path for path in files(directory) if (path.suffix or ".loose") == f".{kind}"]
    assert some
    for _ in range(150):
        path = choose.choice(some)
        content = path.read_bytes()
        if not content:
            continue
        place = choose.randrange(len(content))
        path.chmod(0o644)
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 1 << choose.randrange(8)]) + content[place + 1 :]
        )
        found = read_all(directory)
        wrong = [each for each in found if found[each] != each]
        assert all(isinstance(found[each], DamagedError | NotFoundError) for each in wrong)
        assert len(wrong) <= 1
        assert kind != "lookup" or not wrong
        path.write_bytes(content)
    assert all(found == content for content, found in read_all(directory).items())


def test_a_pack_that_is_cut_anywhere(tmp_path):
    directory = tmp_path / "made"
    contents = BEFORE[3:9]
    fill(directory, contents)
    (path,) = packs.names(directory / "objects")
    content = path.read_bytes()
    path.chmod(0o644)
    for size in range(len(content)):
        path.write_bytes(content[:size])
        store = store_in(directory)
        found = set(store.digests())
        for each in contents:
            digest = Digest.of(each)
            if digest in found:
                assert store.get(digest) == each
            else:
                with pytest.raises(NotFoundError):
                    store.get(digest)
        ends = [content.index(b"LDGO" + len(each).to_bytes(4, "little"), 8) for each in contents]
        assert ends
        complete = sum(8 + (number + 1) * (64 + len(contents[0])) <= size for number in range(len(contents)))
        assert len(found) == complete, size
    assert packing.pack(directory / "objects", directory / "tmp", fewest=1).packs == 0


def test_a_damaged_pack_is_left_where_it_is(tmp_path):
    directory = make(tmp_path / "made")
    path = next(path for path in packs.names(directory / "objects") if b"small 3" in path.read_bytes())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"small 3", b"smell 3"))
    packing.pack(directory / "objects", directory / "tmp", fewest=1)
    assert path.exists()
    found = read_all(directory)
    wrong = [content for content in found if found[content] != content]
    assert wrong == [b"small 3"]
    with pytest.raises(DamagedError):
        store_in(directory).check(Digest.of(b"small 3"))


def test_a_frame_that_says_it_is_larger_is_not_decoded(tmp_path):
    import zstandard

    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 30))
    digest = Digest.of(bytes(1 << 30))
    directory = tmp_path / "made"
    packs.write(directory / "objects", [(digest, packs.OBJECT, 1, 1000, bomb)])
    with pytest.raises(DamagedError, match="cannot be decoded"):
        store_in(directory).get(digest)
    packs.names(directory / "objects")[0].unlink()
    packs.write(directory / "objects", [(digest, packs.OBJECT, 1, 1 << 30, bomb)])
    with pytest.raises(NotFoundError):  # no record is so large
        store_in(directory).get(digest)


def test_a_reader_finds_what_moved_after_it_looked(tmp_path):
    directory = make(tmp_path / "made")
    store = store_in(directory)
    assert len(set(store.digests())) == len(BEFORE)
    with store.open(Digest.of(LARGE)) as reader:
        begin = reader.read(100_000)
        pack(directory)
        assert begin + reader.read() == LARGE
    for content in BEFORE:
        assert store.get(Digest.of(content)) == content
    assert not list((directory / "objects").glob("??/*"))
    assert len(packs.names(directory / "objects")) == 1


def test_a_list_whose_chunk_is_gone_is_stored_again(tmp_path):
    directory = tmp_path / "made"
    fill(directory, [LARGE[:250_000]])
    fill(directory, [LARGE])
    first = min(packs.names(directory / "objects"), key=lambda path: path.stat().st_mtime_ns)
    first.unlink()
    store = store_in(directory)
    with pytest.raises(DamagedError, match="damaged object"):
        store.get(Digest.of(LARGE))
    fill(directory, [LARGE])
    assert store_in(directory).get(Digest.of(LARGE)) == LARGE


def test_no_pack_is_left_of_what_was_there_already(tmp_path):
    directory = make(tmp_path / "made")
    before = files(directory)
    fill(directory, BEFORE)
    assert files(directory) == before
    assert layout.packs(directory / "objects").is_dir()


WRITER = """
import os, random, sys
from pathlib import Path
from ledger.store import packing
from ledger.store.local import LocalStore

directory, seed, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
choose = random.Random(seed)
options = {"threshold": 100_000, "step": 300_000, "most_loose": 2}
print("ready", flush=True)
while what == "pack":
    packing.pack(directory / "objects", directory / "tmp", fewest=2)
for _ in range(25):
    store = LocalStore(directory / "objects", directory / "tmp", **options)
    digests = [store.put(b"%d" % choose.randrange(300)) for _ in range(choose.choice([1, 2, 12]))]
    base = random.Random(choose.randrange(3)).randbytes(300_000)
    digests.append(store.put(base[:150_000] + b"%d" % choose.randrange(3) + base[150_000:]))
    store.flush()
    os.write(1, b"".join(digest.hex().encode() + b"\\n" for digest in digests))
"""


def start(directory, seed, what):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, directory, str(seed), what],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
    )


def test_writers_and_readers_beside_two_who_pack(tmp_path):
    with contextlib.ExitStack() as stack:
        packers = [stack.enter_context(start(tmp_path, seed, "pack")) for seed in range(2)]
        writers = [stack.enter_context(start(tmp_path, seed, "write")) for seed in range(4)]
        for process in (*packers, *writers):
            assert process.stdout.readline() == b"ready\n"
        reader, known = store_in(tmp_path), set()
        for process in writers:
            for line in process.stdout:
                digest = Digest(bytes.fromhex(line.decode()))
                assert reader.has(digest)
                reader.check(digest)
                known.add(digest)
        for process in packers:
            process.kill()
        assert [process.wait() for process in writers] == [0] * 4
    assert len(known) > 100
    assert set(reader.digests()) == set(store_in(tmp_path).digests()) == known
    assert set(packs.contents(tmp_path / "objects")) == known
    tidy(tmp_path)
