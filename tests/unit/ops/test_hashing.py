import threading
import time

import pytest

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest
from ledger.ops import hashing
from ledger.ops.reach import Reference
from ledger.store.memory import MemoryStore
from tests.patience import PATIENCE_S

LARGE = 1 << 20


def reference(digest, size=LARGE):
    return Reference(digest=digest, what="output", size=size)


class Watched:
    """A store that notes which threads hash, and how many at once."""

    def __init__(self):
        self.store = MemoryStore()
        self.threads, self.busy, self.most = set(), 0, 0
        self.meeting = None
        """Where so many threads wait for each other."""
        self.lock = threading.Lock()

    def check(self, digest):
        with self.lock:
            self.threads.add(threading.current_thread())
            self.busy += 1
            self.most = max(self.most, self.busy)
        if self.meeting is None:
            time.sleep(0.02)
        else:
            self.meeting.wait(PATIENCE_S)
        with self.lock:
            self.busy -= 1
        self.store.check(digest)


@pytest.fixture
def watched():
    return Watched()


def test_each_object_is_told_once_with_what_is_wrong(watched):
    store = watched.store
    digests = [store.put(b"%d" % number) for number in range(20)]
    store._contents[digests[3]] = b"other"
    store._contents[digests[14]] = b"other"
    del store._contents[digests[5]]
    sizes = [LARGE if number % 2 else 10 for number in range(20)]
    found = list(hashing.check(store, map(reference, digests, sizes), threads=3))
    assert sorted(digest for digest, _ in found) == sorted(digests)
    problems = {digest: type(error) for digest, error in found if error is not None}
    assert problems == {digests[3]: DamagedError, digests[14]: DamagedError, digests[5]: NotFoundError}


def test_large_ones_are_hashed_at_once_small_ones_here(watched):
    large = [reference(watched.store.put(b"%d" % number)) for number in range(6)]
    watched.meeting = threading.Barrier(3)
    list(hashing.check(watched, large, threads=3))
    assert watched.most == len(watched.threads) == 3
    watched.meeting = None
    watched.threads.clear()
    list(hashing.check(watched, [reference(each.digest, 10) for each in large], threads=3))
    assert watched.threads == {threading.current_thread()}


def test_one_processor_needs_no_threads(watched):
    large = [reference(watched.store.put(b"%d" % number)) for number in range(3)]
    list(hashing.check(watched, large, threads=1))
    assert watched.threads == {threading.current_thread()}


def test_what_is_no_damage_is_raised(watched):
    watched.check = lambda digest: 1 / 0
    with pytest.raises(ZeroDivisionError):
        list(hashing.check(watched, [reference(Digest.of(b"%d" % each)) for each in range(9)], threads=2))


def test_who_stops_listening_stops_the_threads(watched):
    large = [reference(watched.store.put(b"%d" % number)) for number in range(200)]
    results = hashing.check(watched, large, threads=2)
    next(results)
    results.close()
    for thread in watched.threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert watched.busy == 0
