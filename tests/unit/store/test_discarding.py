"""What goes from files and packs. That nothing is lost whatever others do: tests/property, tests/faults."""

import random

import pytest

from ledger.errors import DamagedError
from ledger.model import Digest, layout
from ledger.store import packing
from ledger.store.gc import collecting
from ledger.store.local import LocalStore
from ledger.store.pack import Pack
from ledger.store.pack_format import CHUNK, LIST, OBJECT
from ledger.store.pinned import PinnedStore
from ledger.store.steps import cutter

LARGE = random.Random(0).randbytes(300_000)
LIKE_IT = LARGE[:200_000] + b"else"
PIECE = LARGE[: next(iter(cutter().cut_buf(LARGE))).length]


@pytest.fixture
def open_store(tmp_path):
    """Return a function that opens a store with everything in packs, what is large in pieces."""

    def open_store():
        options = {"threshold": 100_000, "step": 300_000, "most_loose": 0}
        return LocalStore(layout.objects(tmp_path), layout.temporary(tmp_path), **options)

    return open_store


@pytest.fixture
def fill(open_store):
    def fill(*batches):
        """Put some contents, each batch into a pack of its own; returns their digests."""
        digests = []
        for contents in batches:
            store = open_store()
            digests += [store.put(content) for content in contents]
            store.flush()
        return digests

    return fill


@pytest.fixture
def kinds(tmp_path):
    def kinds():
        """How many records of each kind there are, pack by pack."""
        found = [Pack(path).records() for path in packing.packs_of(layout.objects(tmp_path))]
        counts = [[each.kind for each in records] for records in found]
        return sorted((some.count(OBJECT), some.count(CHUNK) > 0, some.count(LIST)) for some in counts)

    return kinds


def discard(store, digests):
    store.discard({*digests, *store.pieces_of(digests)})


def test_a_pack_of_which_nothing_is_needed_goes_as_a_whole(fill, open_store, tmp_path, monkeypatch):
    large, small, other = fill([LARGE, b"small"], [b"other"])
    monkeypatch.setattr(packing, "rewrite", None)  # nothing is written for that
    discard(open_store(), {large, small})
    assert set(open_store().digests()) == {other}
    assert len(packing.packs_of(layout.objects(tmp_path))) == 1


def test_a_pack_with_pieces_of_another_stays(fill, open_store, kinds):
    large, like_it = fill([LARGE], [LIKE_IT])
    assert kinds() == [(0, True, 1), (0, True, 1)]
    discard(open_store(), {large})
    assert kinds() == [(0, True, 0), (0, True, 1)]
    assert open_store().get(like_it) == LIKE_IT
    assert not open_store().has(large)
    discard(open_store(), {like_it})
    assert kinds() == []


def test_an_object_that_is_a_piece_of_another_becomes_a_mere_piece(fill, open_store, kinds):
    piece, large = fill([PIECE], [LARGE])
    assert kinds() == [(0, True, 1), (1, False, 0)]
    discard(open_store(), {piece})
    assert kinds() == [(0, True, 0), (0, True, 1)]
    assert set(open_store().digests()) == {large}
    assert open_store().get(large) == LARGE
    assert open_store().put(PIECE) == piece
    discard(open_store(), {large})
    assert kinds() == []


def test_what_is_in_a_file_and_in_a_pack_goes_from_both(fill, open_store, tmp_path):
    (small,) = fill([b"small"])
    path = layout.loose(layout.objects(tmp_path), small)
    path.parent.mkdir()
    path.write_bytes(b"small")
    discard(open_store(), {small})
    assert not path.exists()
    assert not open_store().has(small)


def test_pieces_without_an_object_are_told(fill, open_store, tmp_path):
    large, small = fill([LARGE, b"small"])
    (path,) = packing.packs_of(layout.objects(tmp_path))
    packing.rewrite(
        layout.objects(tmp_path),
        layout.temporary(tmp_path),
        path,
        lambda each: each if each.kind != LIST else None,
    )
    pieces = open_store().pieces_of(())
    assert sum(1 for _ in cutter().cut_buf(LARGE)) == len(pieces)
    assert large not in set(open_store().digests())
    open_store().discard(pieces)
    assert open_store().pieces_of(()) == frozenset()
    assert open_store().get(small) == b"small"


@pytest.mark.parametrize("where", ["index", "list"])
def test_nothing_in_packs_is_removed_while_one_is_damaged(fill, open_store, tmp_path, where):
    large, small = fill([LARGE], [b"small"])
    for path in packing.packs_of(layout.objects(tmp_path)):
        found = {each.kind: each for each in Pack(path).records()}
        if LIST in found:
            content = bytearray(path.read_bytes())
            content[-70 if where == "index" else found[LIST].offset + 70] ^= 1
            path.chmod(0o644)
            path.write_bytes(content)
    with pytest.raises(DamagedError):
        open_store().pieces_of({small})
    with pytest.raises(DamagedError):
        open_store().discard({small})
    assert open_store().get(small) == b"small"
    assert large


def test_what_goes_while_a_writer_is_at_it_is_written_anew(fill, open_store, tmp_path):
    """It looked at the packs before, and has not forgotten what it saw."""
    large, small, _ = fill([LARGE, b"small"], [b"stays"])
    file = tmp_path / "file"
    with collecting(tmp_path, open_store()) as collector:
        collector.condemn(frozenset({large, small}) | open_store().pieces_of({large, small}))
        writer = PinnedStore(open_store(), tmp_path)
        writer.put(b"stays")
        writer.check(large)
        assert collector.remove(()) >= {large, small}
        for content in (LARGE, b"small"):
            file.write_bytes(content)
            writer.put_file(file)
        writer.flush()
    assert open_store().get(large) == LARGE
    assert open_store().get(small) == b"small"


def test_a_piece_that_is_about_to_go_is_not_relied_on(fill, open_store, tmp_path):
    """What needs it is new, so that nobody else knows."""
    (large,) = fill([LARGE])
    file = tmp_path / "file"
    file.write_bytes(LIKE_IT)
    with collecting(tmp_path, open_store()) as collector:
        collector.condemn(frozenset({large}) | open_store().pieces_of({large}))
        writer = PinnedStore(open_store(), tmp_path)
        writer.put_file(file)
        collector.remove(())
        writer.flush()
    assert open_store().get(Digest.of(LIKE_IT)) == LIKE_IT


def test_what_went_is_not_there_for_a_writer_that_has_it_open(fill, open_store, tmp_path):
    (large,) = fill([LARGE])
    with collecting(tmp_path, open_store()) as collector:
        collector.condemn(frozenset({large}) | open_store().pieces_of({large}))
        writer = PinnedStore(open_store(), tmp_path)
        writer.put(b"begins a batch")
        writer.check(large)
        collector.remove(())
        assert not writer.has(large)


def test_a_piece_that_is_an_object_somebody_wants_back_stays(fill, open_store, tmp_path):
    """It is in a file, too; but who needs it as a piece finds that in a pack."""
    (large,) = fill([LARGE])
    loose = LocalStore(layout.objects(tmp_path), layout.temporary(tmp_path))
    piece = loose.put(PIECE)
    loose.flush()
    file = tmp_path / "file"
    file.write_bytes(LIKE_IT)
    with collecting(tmp_path, open_store()) as collector:
        collector.condemn(frozenset({large, piece}) | open_store().pieces_of({large, piece}))
        writer, locked = PinnedStore(open_store(), tmp_path), collector._listed

        def listed():
            if not writer.has(Digest.of(LIKE_IT)):  # it has been found out what goes, and nothing has gone
                assert writer.has(piece)
                writer.put_file(file)
            return locked()

        collector._listed = listed
        collector.remove(())
        writer.flush()
    assert open_store().get(Digest.of(LIKE_IT)) == LIKE_IT
