import pytest

from ledger.errors import DamagedError
from ledger.journal import merkle, state, tree, view
from ledger.journal.local import LocalJournal
from ledger.journal.tree import BLOCK, Tree
from ledger.model import Digest, OriginHead, layout

SIZE = 5 * BLOCK + 321
LEAVES = [merkle.leaf_hash(place.to_bytes(8, "big")) for place in range(SIZE)]
ORIGIN = bytes(16)


class Counting:
    """Leaves, and how many of them were asked for."""

    def __init__(self, leaves=LEAVES):
        self.leaves = leaves
        self.asked = 0

    def __call__(self, first, end):
        self.asked += end - first
        return self.leaves[first:end]


def head(size, leaves=LEAVES):
    return OriginHead(origin=ORIGIN, size=size, root=merkle.root(leaves[:size]))


WHOLE = head(SIZE)


@pytest.mark.parametrize("size", [1, 2, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1, 4 * BLOCK, SIZE])
def test_roots_are_those_of_the_leaves(size):
    found = Tree(Counting())
    assert found.root(size) == merkle.root(LEAVES[:size])
    assert found.root(0) == merkle.root(())


@pytest.mark.parametrize("index", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5, 4 * BLOCK, SIZE - 1])
def test_proofs_are_those_of_the_leaves(index):
    found = Tree(Counting())
    assert found.inclusion(LEAVES[index], index, WHOLE) == merkle.inclusion_proof(LEAVES, index)
    if index:
        assert found.consistency(head(index), WHOLE) == merkle.consistency_proof(LEAVES, index)


def test_what_is_kept_saves_most_of_the_leaves():
    first = Tree(Counting())
    first.inclusion(LEAVES[7], 7, WHOLE)
    leaves = Counting()
    Tree(leaves, first.blocks).inclusion(LEAVES[7], 7, WHOLE)
    assert len(first.blocks) == 5
    assert leaves.asked < BLOCK + 321


def test_what_is_kept_wrongly_is_made_anew():
    kept = [bytes(32)] * 5
    found = Tree(Counting(), kept)
    assert found.inclusion(LEAVES[7], 7, WHOLE) == merkle.inclusion_proof(LEAVES, 7)
    assert found.blocks != kept
    assert found.inclusion(LEAVES[7], 7, WHOLE) == Tree(Counting(), kept).inclusion(LEAVES[7], 7, WHOLE)


def test_a_log_that_is_not_what_the_head_says_gives_no_proof():
    other = OriginHead(origin=ORIGIN, size=SIZE, root=Digest.of(b"other"))
    found = Tree(Counting())
    with pytest.raises(DamagedError, match=r"is not what it was") as caught:
        found.inclusion(LEAVES[7], 7, other)
    assert str(merkle.root(LEAVES)) in caught.value.cause
    assert str(other.root) in caught.value.cause
    with pytest.raises(DamagedError):
        found.consistency(OriginHead(origin=ORIGIN, size=4, root=Digest.of(b"")), WHOLE)


def test_roots_of_many_sizes_stand_on_the_leaves_alone():
    sizes = {1, BLOCK, 2 * BLOCK + 7, SIZE}
    found = Tree(Counting(), [bytes(32)] * 5)
    assert found.roots(sizes) == {size: merkle.root(LEAVES[:size]) for size in sizes}


def stored(ledger, origin, kept=()):
    with view.opened(layout.log(ledger, origin)) as found:
        return Tree(tree.StoredLeaves(found), kept)


@pytest.mark.parametrize("sealed", [0, 3, 5])
def test_a_stored_log(ledger, journal, note, sealed, monkeypatch):
    monkeypatch.setattr(tree, "BLOCK", 2)
    recorded = []
    for place in range(5):
        recorded.append(journal.append(note(f"{place}")))
        if place + 1 == sealed:
            journal.seal()
    (now,) = journal.head().origins
    found = stored(ledger, journal.origin)
    for each in recorded:
        assert found.inclusion(each.id, each.seq, now) == merkle.inclusion_proof(
            [one.id for one in recorded], each.seq
        )
    with pytest.raises(DamagedError, match="lost entries"):
        found.root(6)


def test_a_segment_that_is_damaged(ledger, journal, note):
    recorded = [journal.append(note(f"{place}")) for place in range(5)]
    journal.seal()
    place = layout.log(ledger, journal.origin)
    (record,) = state.read_sealed(place).segments
    path = layout.segment(place, record.first, record.end)
    content = path.read_bytes()
    # The footer is gone: the entries are found without it.
    path.write_bytes(content[:-100])
    assert stored(ledger, journal.origin).root(5) == merkle.root([each.id for each in recorded])
    # And of one whose leaf is another, no root is what it was.
    path.write_bytes(content.replace(bytes(recorded[2].id), bytes(32)))
    assert stored(ledger, journal.origin).roots([2, 5]) != {
        size: merkle.root([each.id for each in recorded[:size]]) for size in (2, 5)
    }
    path.unlink()
    with pytest.raises(DamagedError, match="lost entries"):
        stored(ledger, journal.origin).root(5)


def test_what_is_kept_lies_beside_and_comes_back(ledger, journal, note, monkeypatch):
    monkeypatch.setattr(tree, "BLOCK", 2)
    for place in range(9):
        journal.append(note(f"{place}"))
    (now,) = journal.head().origins
    first = next(iter(journal.entries()))

    def prove():
        with LocalJournal(ledger).tree(journal.origin) as found:
            return found.inclusion(first.id, 0, now)

    expected = prove()
    path = layout.nodes(ledger, journal.origin)
    content = path.read_bytes()
    assert len(tree.read_blocks(ledger, journal.origin)) == 4
    for damage in (b"", content[:-1], content[:20] + b"x" + content[21:]):
        path.write_bytes(damage)
        assert prove() == expected
        assert path.read_bytes() == content
    tree.write_blocks(ledger, journal.origin, [bytes(32)] * 4)
    assert prove() == expected
    assert path.read_bytes() == content


def test_an_origin_that_is_not_here(ledger, journal):
    with journal.tree(bytes(16)) as found, pytest.raises(DamagedError, match="lost entries"):
        found.root(1)
