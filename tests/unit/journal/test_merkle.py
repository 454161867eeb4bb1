import pytest

from ledger.journal import merkle
from ledger.model import Digest
from ledger.model.schema import load

VECTORS = load("vectors/merkle")
LEAVES = [merkle.leaf_hash(place.to_bytes(8, "big")) for place in range(300)]


def slow_root(leaves):
    """RFC 6962, 2.1, word by word."""
    if not leaves:
        return Digest.of(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


def test_a_leaf_and_a_node_of_the_same_bytes_differ():
    left, right = LEAVES[:2]
    assert merkle.node_hash(left, right) != merkle.leaf_hash(left + right)
    assert merkle.leaf_hash(b"x") == Digest.of(b"\x00x")
    assert merkle.node_hash(left, right) == Digest.of(b"\x01" + left + right)


def test_roots_are_those_of_the_vectors_and_of_the_definition():
    frontier = merkle.Frontier()
    for size, expected in enumerate(VECTORS["roots"]):
        assert frontier.root().hex() == expected
        assert frontier.size == size
        if size < 300:
            frontier = frontier.append(LEAVES[size])
    for size in range(0, 300, 23):
        assert slow_root(LEAVES[:size]).hex() == VECTORS["roots"][size]


def test_a_frontier_keeps_one_peak_for_each_bit():
    for size in range(0, 300, 7):
        assert len(merkle.Frontier().extend(LEAVES[:size]).peaks) == size.bit_count()


def test_inclusion_proofs_are_those_of_the_vectors():
    for case in VECTORS["inclusion"]:
        size, index = case["size"], case["index"]
        proof = merkle.inclusion_proof(LEAVES[:size], index)
        assert [each.hex() for each in proof] == case["proof"]
        assert merkle.verify_inclusion(LEAVES[index], index, size, proof, merkle.root(LEAVES[:size]))


def test_consistency_proofs_are_those_of_the_vectors():
    for case in VECTORS["consistency"]:
        first, second = case["first"], case["second"]
        proof = merkle.consistency_proof(LEAVES[:second], first)
        assert [each.hex() for each in proof] == case["proof"]
        roots = merkle.root(LEAVES[:first]), merkle.root(LEAVES[:second])
        assert merkle.verify_consistency(first, second, *roots, proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index, size):
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES[:size], index)
    assert not merkle.verify_inclusion(LEAVES[0], index, size, (), LEAVES[0])


def test_there_is_no_proof_of_a_prefix_that_is_longer():
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES[:3], 4)
    assert not merkle.verify_consistency(4, 3, LEAVES[0], LEAVES[0], ())


def test_a_proof_that_is_too_short_or_too_long_is_refused():
    root = merkle.root(LEAVES[:7])
    proof = merkle.inclusion_proof(LEAVES[:7], 3)
    assert not merkle.verify_inclusion(LEAVES[3], 3, 7, proof[:-1], root)
    assert not merkle.verify_inclusion(LEAVES[3], 3, 7, (*proof, LEAVES[0]), root)
    first, proof = merkle.root(LEAVES[:3]), merkle.consistency_proof(LEAVES[:7], 3)
    assert not merkle.verify_consistency(3, 7, first, root, proof[:-1])
    assert not merkle.verify_consistency(3, 7, first, root, (*proof, LEAVES[0]))
    assert not merkle.verify_consistency(3, 7, first, root, ())
