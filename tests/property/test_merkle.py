from hypothesis import given
from hypothesis import strategies as st

from ledger.journal import merkle

sizes = st.integers(min_value=1, max_value=200)


def leaves(count, salt=b""):
    return [merkle.leaf_hash(salt + place.to_bytes(4, "big")) for place in range(count)]


@given(sizes, st.data())
def test_a_leaf_is_proven_where_it_is_and_nowhere_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    tree = leaves(size)
    proof = merkle.inclusion_proof(tree, index)
    assert len(proof) == merkle.inclusion_length(index, size)
    assert merkle.verify_inclusion(tree[index], index, size, proof, merkle.root(tree))
    assert merkle.verify_inclusion(tree[other], index, size, proof, merkle.root(tree)) == (other == index)


@given(sizes, st.data())
def test_a_prefix_is_proven_and_another_tree_is_not(second, data):
    first = data.draw(st.integers(0, second))
    tree, other = leaves(second), leaves(second, b"other")
    proof = merkle.consistency_proof(tree, first)
    roots = merkle.root(tree[:first]), merkle.root(tree)
    assert merkle.verify_consistency(first, second, *roots, proof)
    assert merkle.verify_consistency(first, second, merkle.root(other[:first]), roots[1], proof) == (
        first == 0
    )
    if first:
        assert not merkle.verify_consistency(first, second, roots[0], merkle.root(other), proof)


@given(sizes, st.data())
def test_a_flipped_bit_breaks_a_proof(size, data):
    tree = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = [bytearray(each) for each in merkle.inclusion_proof(tree, index)]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        proof[place][data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
        assert not merkle.verify_inclusion(tree[index], index, size, proof, merkle.root(tree))


@given(st.lists(st.integers(0, 40), max_size=8))
def test_a_frontier_grown_in_pieces_has_the_root_of_the_whole(pieces):
    tree = leaves(sum(pieces))
    frontier, place = merkle.Frontier(), 0
    for piece in pieces:
        frontier = frontier.extend(tree[place : place + piece])
        place += piece
    assert frontier.root() == merkle.root(tree)
