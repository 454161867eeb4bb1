"""What a writer has put or found stays until it lets go, and nothing else is done to the store."""

import pytest

from ledger.model import Digest, layout
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore
from ledger.store.pins import Condemned, held_leases, read_condemned, write_condemned

A, B, C = (Digest.of(each) for each in (b"a", b"b", b"c"))


@pytest.fixture
def plain(tmp_path):
    store = LocalStore(layout.objects(tmp_path), layout.temporary(tmp_path))
    for content in (b"a", b"b"):
        store.put(content)
    store.flush()
    return store


@pytest.fixture
def store(plain, tmp_path):
    return PinnedStore(plain, tmp_path)


@pytest.fixture
def condemn(tmp_path):
    def condemn(*digests):
        layout.collection(tmp_path).mkdir(exist_ok=True)
        write_condemned(tmp_path, Condemned(digests=frozenset(digests), leases=()))

    return condemn


RELYING = {
    "put": lambda store, file: store.put(b"a"),
    "put_file": lambda store, file: store.put_file(file),
    "has": lambda store, file: store.has(A),
    "present": lambda store, file: store.present([A]),
}
READING = {
    "get": lambda store, path: store.get(A),
    "size": lambda store, path: store.size(A),
    "check": lambda store, path: store.check(A),
    "digests": lambda store, path: list(store.digests()),
    "open": lambda store, path: store.open(A).close(),
    "restore": lambda store, path: store.restore(A, path / "restored"),
    "flush": lambda store, path: store.flush(),
    "release": lambda store, path: store.release(),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"a")
    return path


@pytest.mark.parametrize("how", RELYING)
def test_who_relies_on_an_object_has_a_lease_until_it_lets_go(store, tmp_path, file, how):
    RELYING[how](store, file)
    assert len(held_leases(tmp_path)) == 1
    RELYING[how](store, file)
    store.flush()
    assert len(held_leases(tmp_path)) == 1
    store.release()
    assert held_leases(tmp_path) == ()
    assert list(layout.leases(tmp_path).iterdir()) == []


@pytest.mark.parametrize("how", READING)
def test_who_only_reads_leaves_no_trace(store, tmp_path, how):
    READING[how](store, tmp_path)
    assert not layout.collection(tmp_path).exists()


@pytest.mark.parametrize("how", RELYING)
def test_what_is_relied_on_is_taken_off_the_list(store, tmp_path, file, condemn, how):
    condemn(A, B)
    RELYING[how](store, file)
    store.flush()
    assert read_condemned(tmp_path) == Condemned(digests=frozenset({B}), leases=())


@pytest.mark.parametrize("end", ["flush", "release"])
def test_the_list_is_written_once_for_all_that_is_put(store, tmp_path, condemn, monkeypatch, end):
    condemn(A, B)
    rescued = []
    monkeypatch.setattr(store._pins, "rescue", rescued.append)
    for content in (b"a", b"b", b"new"):
        store.put(content)
    assert rescued == []
    getattr(store, end)()
    assert rescued == [{A, B}]


@pytest.mark.parametrize("how", ["put", "put_file"])
def test_what_was_removed_before_it_was_rescued_is_put_again(store, plain, tmp_path, file, condemn, how):
    condemn(A)
    assert store.has(B)  # from here on the list is known
    plain.discard([A])
    RELYING[how](store, file)
    store.flush()
    assert plain.get(A) == b"a"
    assert read_condemned(tmp_path).digests == frozenset()


def test_an_object_that_goes_while_its_file_is_read_is_put_again(plain, tmp_path, file, condemn):
    condemn(A)

    class Slow:
        def __getattr__(self, name):
            return getattr(plain, name)

        def put_file(self, path):
            found = plain.put_file(path)
            if not hasattr(self, "read"):  # it was there, so it was not written
                self.read = True
                plain.discard([A])
            return found

    store = PinnedStore(Slow(), tmp_path)
    assert store.put_file(file) == (A, 1)
    store.flush()
    assert plain.get(A) == b"a"


def test_a_list_that_comes_later_is_none_of_its_business(store, tmp_path, condemn):
    """Who wrote it waits for this writer."""
    assert store.has(A)
    condemn(A)
    assert store.has(A)
    assert read_condemned(tmp_path).digests == {A}
    store.release()
    assert store.has(A)
    assert read_condemned(tmp_path).digests == frozenset()


def test_of_what_is_rescued_others_on_the_list_are_left(store, tmp_path, condemn):
    condemn(A, B, C)
    assert store.present([A, B]) == {A, B}
    assert read_condemned(tmp_path).digests == {C}


def test_a_context_lets_go_at_its_end_unless_something_was_held(store, tmp_path):
    with store.pinned():
        store.put(b"c")
    assert held_leases(tmp_path) == ()
    store.put(b"c")
    with store.pinned():
        store.put(b"d")
    assert len(held_leases(tmp_path)) == 1
    store.release()
    with pytest.raises(FileNotFoundError), store.pinned():
        store.put_file(tmp_path / "nowhere")
    assert held_leases(tmp_path) == ()


@pytest.mark.parametrize(
    "condemned",
    [
        Condemned(),
        Condemned(leases=()),
        Condemned(digests=frozenset({A, B}), leases=None),
        Condemned(digests=frozenset({A}), leases=("0123456789abcdef", "fedcba9876543210")),
    ],
)
def test_the_list_is_read_as_it_was_written(tmp_path, condemned):
    layout.collection(tmp_path).mkdir()
    write_condemned(tmp_path, condemned)
    assert read_condemned(tmp_path) == condemned


def test_no_list(tmp_path):
    assert read_condemned(tmp_path) is None
    assert held_leases(tmp_path) == ()
    assert held_leases(tmp_path, ["0123456789abcdef"]) == ()


def test_letting_go_never_fails(store, tmp_path, monkeypatch):
    """A command has run and is recorded by then: a file that stays costs nothing."""

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    store.put(b"c")
    monkeypatch.setattr("pathlib.Path.unlink", refused)
    store.release()
    monkeypatch.undo()
    assert len(list(layout.leases(tmp_path).iterdir())) == 1
    assert held_leases(tmp_path) == ()
    assert list(layout.leases(tmp_path).iterdir()) == []
