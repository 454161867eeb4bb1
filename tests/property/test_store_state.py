"""Stores against a dictionary: several writers of one directory, in any order, with damage and deaths."""

import importlib.util
import os
import random
import shutil
import tempfile
from array import array
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pyfastcdc import FastCDC

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest, layout
from ledger.store import packing
from ledger.store.local import LocalStore
from ledger.store.memory import MemoryStore

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).parents[1] / "packs.py")
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)

MIB = 1 << 20
writers = st.integers(0, 2)
# Few, so that writers meet; some are streamed, some hold holes.
CONTENTS = {
    "empty": b"",
    "short": b"a",
    "text": b"content",
    "zeros": bytes(1000),
    "a block": b"y" * MIB,
    "a hole": bytes(MIB) + b"z",
}
BASE = random.Random(0).randbytes(700_000)
# Large ones that share most of their chunks, and one whose chunk is an object by itself.
EDITED = {
    "large": BASE,
    "large, inserted": BASE[:300_000] + b"inserted" + BASE[300_000:],
    "large, cut": BASE[:500_000],
    "a chunk": BASE[: next(iter(FastCDC(1 << 16).cut_buf(BASE))).length],
    "numbers": array("f", [random.Random(1).gauss(0, 1) for _ in range(60_000)]).tobytes(),
}
names = st.sampled_from(sorted(CONTENTS))


class Stores(RuleBasedStateMachine):
    """Three writers; what each has put and not flushed is its own, what is flushed is everybody's."""

    def __init__(self):
        super().__init__()
        # In memory where that is possible: what is asked of the disk is tested elsewhere.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(dir=memory))

    @initialize()
    def start(self):
        self.objects = self.directory / "objects"
        self.stores = [self.open() for _ in range(3)]
        self.flushed = {}
        self.damaged = {}
        self.pending = [{} for _ in range(3)]

    def open(self):
        return LocalStore(self.objects, self.directory / "tmp", large="whole", most_loose=10**6)

    def teardown(self):
        shutil.rmtree(self.directory)

    def seen(self, writer):
        """What a writer can read, by digest: what lies in a damaged file is hidden by its own pending one."""
        return self.flushed | self.damaged | self.pending[writer]

    def note(self, writer, content, digest):
        assert digest == Digest.of(content)
        there = (self.flushed | self.damaged).get(digest)
        if there is None or len(there) != len(content):
            self.pending[writer].setdefault(digest, content)

    @rule(writer=writers, name=names)
    def put(self, writer, name):
        content = CONTENTS[name]
        self.note(writer, content, self.stores[writer].put(content))

    @rule(writer=writers, name=names)
    def put_file(self, writer, name):
        content = CONTENTS[name]
        file = self.directory / "file"
        file.write_bytes(content)
        digest, size = self.stores[writer].put_file(file)
        assert size == len(content)
        self.note(writer, content, digest)

    @rule(writer=writers)
    def flush(self, writer):
        self.stores[writer].flush()
        for digest, content in self.pending[writer].items():
            there = (self.flushed | self.damaged).get(digest)
            if there is None or len(there) != len(content):
                self.damaged.pop(digest, None)
                self.flushed[digest] = content
        self.pending[writer] = {}

    @rule(writer=writers)
    def die(self, writer):
        """Lose a writer with all that it had not flushed."""
        self.stores[writer]._batch._release()
        self.stores[writer] = self.open()
        self.pending[writer] = {}

    @precondition(lambda self: any(self.flushed.values()))
    @rule(data=st.data())
    def damage(self, data):
        digest = data.draw(st.sampled_from([each for each, content in self.flushed.items() if content]))
        wrong = data.draw(st.sampled_from(["flip", "cut", "empty", "gone"]))
        content = self.flushed.pop(digest)
        path = layout.loose(self.objects, digest)
        path.unlink()
        if wrong != "gone":
            other = {"flip": b"!" + content[1:], "cut": content[:-1], "empty": b""}[wrong]
            path.write_bytes(other)
            self.damaged[digest] = other

    @rule(writer=writers, name=names)
    def get(self, writer, name):
        content = CONTENTS[name]
        digest, seen = Digest.of(content), self.seen(writer)
        store = self.stores[writer]
        if digest not in seen:
            with pytest.raises(NotFoundError):
                store.get(digest)
            return
        assert store.size(digest) == len(seen[digest])
        with store.open(digest) as reader:
            assert reader.read() == seen[digest]
        if seen[digest] == content:
            assert store.get(digest) == content
            store.check(digest)
        else:
            for read in (store.get, store.check):
                with pytest.raises(DamagedError):
                    read(digest)

    @rule(writer=writers, name=names)
    def restore(self, writer, name):
        content = CONTENTS[name]
        digest, seen = Digest.of(content), self.seen(writer)
        path = self.directory / "restored"
        if seen.get(digest) == content:
            self.stores[writer].restore(digest, path)
            assert path.read_bytes() == content
            path.unlink()
        else:
            with pytest.raises((DamagedError, NotFoundError)):
                self.stores[writer].restore(digest, path)
            assert not path.exists()

    @invariant()
    def every_writer_sees_what_is_flushed_and_its_own(self):
        if not hasattr(self, "stores"):
            return
        for writer, store in enumerate(self.stores):
            seen = self.seen(writer)
            assert set(store.digests()) == set(seen)
            for digest, content in seen.items():
                assert store.has(digest) == bool(content or digest == Digest.of(b""))

    @invariant()
    def the_disk_holds_what_was_flushed(self):
        if hasattr(self, "stores"):
            there = {path: path.read_bytes() for path in self.objects.glob("??/*")}
            expected = self.flushed | self.damaged
            assert there == {layout.loose(self.objects, digest): expected[digest] for digest in expected}

    @invariant()
    def nothing_is_left_over_when_nobody_writes(self):
        if hasattr(self, "stores") and all(not store._batch._workplace.is_there for store in self.stores):
            alive = {os.fspath(path) for path in (self.directory / "tmp").glob("*/lock")}
            self.open().flush()
            assert {os.fspath(path) for path in (self.directory / "tmp").glob("*/lock")} == alive


class Packed(RuleBasedStateMachine):
    """Three writers of loose, packed and chunked objects, and who packs them, against a MemoryStore."""

    def __init__(self):
        super().__init__()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(dir=memory))
        self.objects = self.directory / "objects"
        self.flushed = MemoryStore()
        self.stores = [self.open(number) for number in range(3)]
        self.pending = [MemoryStore() for _ in range(3)]

    def open(self, number):
        options = [{"most_loose": 0}, {"most_loose": 2}, {"large": "whole"}][number]
        return LocalStore(self.objects, self.directory / "tmp", threshold=9_000, step=400_000, **options)

    def teardown(self):
        shutil.rmtree(self.directory)

    def content(self, name):
        return CONTENTS[name] if name in CONTENTS else EDITED[name]

    @rule(writer=writers, name=st.sampled_from(sorted(CONTENTS) + sorted(EDITED)), as_file=st.booleans())
    def put(self, writer, name, as_file):
        content = self.content(name)
        file = self.directory / "file"
        file.write_bytes(content)
        store = self.stores[writer]
        digest = store.put_file(file)[0] if as_file else store.put(content)
        assert digest == self.pending[writer].put(content)

    @rule(writer=writers)
    def flush(self, writer):
        self.stores[writer].flush()
        for digest in self.pending[writer].digests():
            self.flushed.put(self.pending[writer].get(digest))
        self.pending[writer] = MemoryStore()

    @rule(writer=writers)
    def die(self, writer):
        self.stores[writer]._batch._release()
        self.stores[writer] = self.open(writer)
        self.pending[writer] = MemoryStore()

    @rule(writer=writers)
    def open_again(self, writer):
        if not list(self.pending[writer].digests()):
            self.stores[writer] = self.open(writer)

    @rule(smallest=st.sampled_from([0, 10**6]))
    def pack(self, smallest):
        packing.pack(self.objects, self.directory / "tmp", fewest=1, small=smallest)

    @rule(writer=writers, name=st.sampled_from(sorted(CONTENTS) + sorted(EDITED)))
    def read(self, writer, name):
        content, store = self.content(name), self.stores[writer]
        digest = Digest.of(content)
        path = self.directory / "restored"
        if not (self.flushed.has(digest) or self.pending[writer].has(digest)):
            assert not store.has(digest)
            with pytest.raises(NotFoundError):
                store.get(digest)
            return
        assert store.has(digest)
        assert store.size(digest) == len(content)
        assert store.get(digest) == content
        store.check(digest)
        with store.open(digest) as reader:
            middle = len(content) // 2
            assert reader.seek(middle) == middle
            assert reader.read(1000) == content[middle : middle + 1000]
            assert reader.seek(-min(7, len(content)), os.SEEK_END) == len(content) - min(7, len(content))
            assert reader.read() == content[-7:]
        store.restore(digest, path)
        assert path.read_bytes() == content
        path.unlink()

    @invariant()
    def every_writer_sees_what_is_flushed_and_its_own(self):
        for writer, store in enumerate(self.stores):
            seen = {*self.flushed.digests(), *self.pending[writer].digests()}
            assert set(store.digests()) == seen
            assert store.present([*seen, Digest.of(b"nobody's")]) == seen

    @invariant()
    def the_disk_holds_what_was_flushed(self):
        there = packs.contents(self.objects)
        assert there == {digest: self.flushed.get(digest) for digest in self.flushed.digests()}


TestStores = Stores.TestCase
TestPacked = Packed.TestCase
TestStores.settings = TestPacked.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
