"""Objects are removed while several write, in any order of steps: nothing that is relied on is ever lost."""

import os
import random
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.errors import NotFoundError
from ledger.model import Digest, layout
from ledger.store import discarding, packing
from ledger.store.gc import Collector, collecting
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore
from ledger.store.steps import cutter

WRITERS = 2
writers = st.integers(0, WRITERS - 1)
_RANDOM = random.Random(0).randbytes(150_000)
_FIRST = next(iter(cutter().cut_buf(_RANDOM))).length
# Few, so that writers meet in them and in what is condemned; the large ones have pieces in common.
CONTENTS = {
    "a piece": _RANDOM[:_FIRST],
    "a": b"a",
    "b": b"b",
    "large": _RANDOM,
    "like it": _RANDOM[:120_000] + b"c",
    "of two": _RANDOM[50_000:] + _RANDOM,
}
# One has all in files of their own, the other in packs, what is large in pieces.
KINDS = {"loose": {}, "packed": {"threshold": 100_000, "step": 300_000, "most_loose": 0}}
names = st.sampled_from(sorted(CONTENTS))


def named(name):
    return Digest.of(CONTENTS[name])


class Collecting(RuleBasedStateMachine):
    """Some writers, and one who removes; each of its steps may come at any time, or never.

    The record is a set of digests that entries refer to.
    """

    def __init__(self):
        super().__init__()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(dir=memory))
        self.at_once, discarding._AT_ONCE = discarding._AT_ONCE, 1

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def start(self, kind):
        self.kind = kind
        self.stores = [self.open() for _ in range(WRITERS)]
        self.relied = [set() for _ in range(WRITERS)]
        self.sure = [set() for _ in range(WRITERS)]
        """What of it must be on the disk."""
        self.recorded = set()
        self.plain = self.fresh()
        for content in CONTENTS.values():  # what a killed writer has left
            self.plain.put(content)
        self.plain.flush()
        self.begin()

    def begin(self):
        self.collecting = collecting(self.directory, self.plain)
        self.collector = self.collecting.__enter__()
        self.forget()

    def fresh(self):
        return LocalStore(
            layout.objects(self.directory), layout.temporary(self.directory), **KINDS[self.kind]
        )

    def open(self):
        return PinnedStore(self.fresh(), self.directory)

    def forget(self):
        self.planned = self.held = None

    def teardown(self):
        discarding._AT_ONCE = self.at_once
        shutil.rmtree(self.directory)

    # --- those who write ------------------------------------------------------------------------------------

    @rule(writer=writers, name=names, how=st.sampled_from(["put", "put_file", "has", "present"]))
    def rely(self, writer, name, how):
        store, digest = self.stores[writer], named(name)
        if how == "put":
            store.put(CONTENTS[name])
        elif how == "put_file":
            file = self.directory / "file"
            file.write_bytes(CONTENTS[name])
            store.put_file(file)
        else:
            found = store.has(digest) if how == "has" else digest in store.present(map(named, CONTENTS))
            if not found:
                return
            if digest not in self.relied[writer]:
                self.sure[writer].add(digest)
        self.relied[writer].add(digest)

    @rule(writer=writers)
    def append(self, writer):
        self.stores[writer].flush()
        self.recorded |= self.relied[writer]
        self.sure[writer] |= self.relied[writer]

    @rule(writer=writers)
    def release(self, writer):
        self.stores[writer].flush()
        self.stores[writer].release()
        self.relied[writer], self.sure[writer] = set(), set()

    @rule(writer=writers)
    def die(self, writer):
        """The kernel unlocks what the writer had locked; its files stay."""
        store = self.stores[writer]
        if store._pins._lock >= 0:
            os.close(store._pins._lock)
        store._store._batch._release()
        self.stores[writer], self.relied[writer], self.sure[writer] = self.open(), set(), set()

    @rule(name=names)
    def take_back(self, name):
        """An entry's hold is taken off; as far as nobody is about to rely on it, it may go."""
        self.recorded.discard(named(name))

    # --- who removes ----------------------------------------------------------------------------------------

    @precondition(lambda self: not self.collector.condemned())
    @rule()
    def plan(self):
        objects = frozenset(set(self.plain.digests()) - self.recorded)
        self.planned = objects | self.plain.pieces_of(objects)

    @precondition(lambda self: self.planned)
    @rule()
    def condemn(self):
        self.collector.condemn(self.planned)
        self.forget()

    @precondition(lambda self: self.planned)
    @rule()
    def condemn_and_die(self):
        """The list is written, and nobody has looked at the leases."""
        original = Collector._note_leases
        Collector._note_leases = lambda self: ()
        try:
            self.collector.condemn(self.planned)
        finally:
            Collector._note_leases = original
        self.die_collecting()

    @precondition(lambda self: self.collector.condemned())
    @rule()
    def look_who_is_there(self):
        if not self.collector.waiting():
            self.held = frozenset(self.recorded)

    @precondition(lambda self: self.held is not None)
    @rule(many=st.none() | st.integers(0, 6), data=st.data())
    def remove(self, many, data):
        """All of it, or so many steps and die; between two steps others go on."""

        class Killed(BaseException):
            pass

        original, steps = self.collector._listed, 0

        @contextmanager
        def listed():
            nonlocal steps
            if steps == many:
                raise Killed
            if steps and data.draw(st.booleans()):
                how = data.draw(st.sampled_from(["put", "put_file", "has", "present"]))
                self.rely(data.draw(writers), data.draw(names), how)
                if data.draw(st.booleans()):
                    self.append(data.draw(writers))
            steps += 1
            with original():
                yield

        self.collector._listed = listed
        try:
            self.collector.remove(self.held)
        except Killed:
            self.die_collecting()
        else:
            self.collector._listed = original
        self.forget()

    @rule()
    def tidy(self):
        packing.pack(layout.objects(self.directory), layout.temporary(self.directory), fewest=2)

    @rule()
    def die_collecting(self):
        """Another one begins."""
        self.collecting.__exit__(None, None, None)
        self.begin()

    # --- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def what_is_recorded_is_there(self):
        if hasattr(self, "plain"):
            store = self.fresh()  # one that has nothing open of what is gone
            for digest in self.recorded.union(*self.sure):
                store.check(digest)

    @invariant()
    def what_a_writer_relies_on_is_there(self):
        if hasattr(self, "stores"):
            for store, relied in zip(self.stores, self.relied, strict=True):
                for digest in relied:
                    store.check(digest)


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


HOW = st.sampled_from(["put", "put_file", "has", "present"])


class Round:
    """One round of removal; a writer comes after the list was written, and acts between any two steps."""

    def __init__(self, directory, data):
        self.directory, self.data = directory, data
        self.options = KINDS[data.draw(st.sampled_from(sorted(KINDS)), "kind")]
        self.relied, self.sure = set(), set()

    def fresh(self):
        return LocalStore(layout.objects(self.directory), layout.temporary(self.directory), **self.options)

    def fill(self):
        """Some contents, in as many packs as come; returns what is recorded of them."""
        for name in self.data.draw(st.lists(names, min_size=2, max_size=5, unique=True), "filled"):
            store = self.fresh()
            store.put(CONTENTS[name])
            if self.data.draw(st.booleans(), "with the next"):
                store.put(CONTENTS[self.data.draw(names)])
            store.flush()
        return set(self.fresh().digests()) & {
            named(name) for name in self.data.draw(st.sets(names), "recorded")
        }

    def act(self):
        for name, how in self.data.draw(st.lists(st.tuples(names, HOW), max_size=3), "acts"):
            self.rely(name, how)
        if self.data.draw(st.booleans(), "flush"):
            self.writer.flush()
            self.sure |= self.relied

    def rely(self, name, how):
        digest = named(name)
        if how == "put":
            self.writer.put(CONTENTS[name])
        elif how == "put_file":
            file = self.directory / "file"
            file.write_bytes(CONTENTS[name])
            self.writer.put_file(file)
        elif not (self.writer.has(digest) if how == "has" else self.writer.present([digest])):
            return
        elif digest not in self.relied:
            self.sure.add(digest)
        self.relied.add(digest)

    def check(self, digests):
        store = self.fresh()  # one that has nothing open of what is gone
        for digest in digests:
            store.check(digest)

    def remove(self, recorded):
        """Remove, the writer acting between any two steps; or be killed, and let another one do it."""
        with collecting(self.directory, self.fresh()) as collector:
            assert not collector.waiting()
            original, steps = collector._listed, 0
            deadly = self.data.draw(st.integers(0, 8) | st.none(), "killed before step")

            class Killed(Exception):
                pass

            @contextmanager
            def listed():
                nonlocal steps
                if steps == deadly:
                    raise Killed
                self.check(recorded | self.sure)
                self.act()
                steps += 1
                with original():
                    yield

            collector._listed = listed
            try:
                collector.remove(recorded)
            except Killed:
                return False
        return True


@pytest.mark.slow
@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_writer_that_comes_after_the_list(data):
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(discarding, "_AT_ONCE", 1)
        one = Round(Path(directory), data)
        recorded = one.fill()
        early = one.fresh()  # it has seen what is there by now
        with suppress(NotFoundError):
            early.get(named(data.draw(names, "seen")))
        one.writer = PinnedStore(early, one.directory)
        with collecting(one.directory, one.fresh()) as collector:
            objects = frozenset(one.fresh().digests()) - recorded
            collector.condemn(objects | one.fresh().pieces_of(objects))
        one.act()
        while not one.remove(recorded):
            pass
        one.check(recorded | one.sure)
        one.writer.flush()
        one.check(recorded | one.relied)
        one.writer.release()
        recorded |= one.relied
        with collecting(one.directory, one.fresh()) as collector:
            objects = frozenset(one.fresh().digests()) - recorded
            collector.condemn(objects | one.fresh().pieces_of(objects))
            collector.remove(recorded)
        one.check(recorded)
        assert set(one.fresh().digests()) == recorded
        assert one.fresh().pieces_of(()) <= recorded  # what is held as an object is not told from a piece
