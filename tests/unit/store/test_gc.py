"""Who removes objects. That nothing is lost whatever others do: tests/property, tests/faults."""

from contextlib import contextmanager

import pytest

from ledger.errors import LedgerError
from ledger.model import Digest, layout
from ledger.store import discarding
from ledger.store.gc import collecting
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore
from ledger.store.pins import Condemned, read_condemned, write_condemned

CONTENTS = [b"a", b"b", b"c", b"d"]


@pytest.fixture
def plain(tmp_path):
    store = LocalStore(layout.objects(tmp_path), layout.temporary(tmp_path))
    for content in CONTENTS:
        store.put(content)
    store.flush()
    return store


@pytest.fixture
def writer(tmp_path):
    return PinnedStore(LocalStore(layout.objects(tmp_path), layout.temporary(tmp_path)), tmp_path)


@pytest.fixture
def collector(plain, tmp_path):
    with collecting(tmp_path, plain) as found:
        yield found


def test_what_is_condemned_and_not_held_goes(collector, plain, tmp_path):
    a, b, c, d = map(Digest.of, CONTENTS)
    collector.condemn(frozenset({a, b, c}))
    assert collector.condemned() == {a, b, c}
    assert collector.waiting() == 0
    assert collector.remove({b}) == {a, c}
    assert set(plain.digests()) == {b, d}
    assert collector.condemned() == frozenset()
    assert read_condemned(tmp_path) is None


def test_who_comes_after_the_list_is_not_waited_for(collector, writer):
    a, b, *_ = map(Digest.of, CONTENTS)
    collector.condemn(frozenset({a}))
    assert writer.has(b)
    assert collector.waiting() == 0


def test_who_was_there_is_waited_for(collector, writer):
    a, b, *_ = map(Digest.of, CONTENTS)
    assert writer.has(b)
    collector.condemn(frozenset({a}))
    assert collector.waiting() == 1
    writer.release()
    assert collector.waiting() == 0


def test_what_is_rescued_while_others_are_removed_stays(collector, plain, writer, monkeypatch):
    """Between two turns at the lock anybody may take something off the list."""
    digests = sorted(map(Digest.of, CONTENTS))
    collector.condemn(frozenset(digests))
    monkeypatch.setattr(discarding, "_AT_ONCE", 1)
    locked = collector._listed
    turns = 0

    @contextmanager
    def listed():
        nonlocal turns
        with locked():
            yield
        turns += 1
        if turns == 2:
            assert writer.has(digests[3])

    monkeypatch.setattr(collector, "_listed", listed)
    assert collector.remove(()) == set(digests[:3])
    assert set(plain.digests()) == {digests[3]}


def test_one_at_a_time(collector, plain, tmp_path):
    with pytest.raises(LedgerError, match="already"), collecting(tmp_path, plain):
        pass


def test_then_another(plain, tmp_path):
    for _ in range(2):
        with collecting(tmp_path, plain) as found:
            assert found.condemned() == frozenset()
            assert found.waiting() == 0


def test_of_a_list_whose_writer_was_killed_everybody_is_waited_for(collector, writer, tmp_path):
    assert writer.has(Digest.of(b"b"))
    write_condemned(tmp_path, Condemned(digests=frozenset({Digest.of(b"a")}), leases=None))
    assert collector.waiting() == 1
    assert len(read_condemned(tmp_path).leases) == 1
    writer.release()
    assert collector.waiting() == 0
