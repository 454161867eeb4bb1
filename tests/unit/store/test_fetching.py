"""A store that brings what it lacks."""

import pytest

from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest
from ledger.store.base import not_there
from ledger.store.fetching import FetchingStore, bring
from ledger.store.memory import MemoryStore

ABSENT = Digest.of(b"nobody has it")


@pytest.fixture
def elsewhere():
    return {Digest.of(content): content for content in (b"one", b"two", b"three")}


@pytest.fixture
def asked():
    return []


@pytest.fixture
def store(elsewhere, asked):
    inner = MemoryStore()

    def fetch(digests):
        asked.append(sorted(digests))
        for each in digests:
            if each in elsewhere:
                inner.put(elsewhere[each])
        return {each: not_there(each) for each in digests if each not in elsewhere}

    return FetchingStore(inner, fetch)


@pytest.mark.parametrize("how", ["get", "open", "restore", "has", "present"])
def test_what_is_read_comes_once(store, asked, tmp_path, how):
    one = Digest.of(b"one")
    read = {
        "get": lambda: store.get(one),
        "open": lambda: store.open(one).read(),
        "restore": lambda: (store.restore(one, tmp_path / "x"), (tmp_path / "x").read_bytes())[1],
        "has": lambda: store.has(one) and store.get(one),
        "present": lambda: store.present([one]) == {one} and store.get(one),
    }[how]
    assert not store.inner.has(one)
    assert read() == b"one"
    assert store.get(one) == b"one"
    assert asked == [[one]]


def test_many_are_asked_for_at_once(store, asked, elsewhere):
    here = store.put(b"here")
    store.flush()
    assert store.present([*elsewhere, here, ABSENT]) == {*elsewhere, here}
    assert asked == [sorted([*elsewhere, ABSENT])]
    bring(store, elsewhere)
    bring(store.inner, [ABSENT])
    assert len(asked) == 1


def test_what_is_nowhere_is_said_to_be_missing(store):
    assert not store.has(ABSENT)
    for read in (store.get, store.open):
        with pytest.raises(NotFoundError):
            read(ABSENT)


def test_its_size_and_a_check_bring_nothing(store, asked):
    for read in (store.size, store.check):
        with pytest.raises(NotFoundError):
            read(Digest.of(b"one"))
    assert list(store.digests()) == []
    assert asked == []


def test_why_it_could_not_be_brought_is_raised():
    def fetch(digests):
        return {each: DamagedError("it is bent") for each in digests}

    with pytest.raises(DamagedError, match="it is bent"):
        FetchingStore(MemoryStore(), fetch).get(ABSENT)
