"""The Merkle tree of a log: RFC 6962's shape over BLAKE3; pure functions of leaves.

A leaf is BLAKE3 of the byte 0 and the content, a node BLAKE3 of the byte 1 and its two children, so that none
can pass for the other; the empty tree's root is BLAKE3 of nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from blake3 import blake3

from ledger.model.digest import Digest

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(content: bytes | memoryview) -> Digest:
    """Leaf of an entry's stored bytes."""
    return Digest(blake3(_LEAF).update(content).digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    """Parent of two nodes."""
    return Digest(blake3(_NODE + left + right).digest())


class Frontier(NamedTuple):
    """What has to be kept of a tree to append to it and to know its root."""

    size: int = 0
    """Leaves."""
    peaks: tuple[bytes, ...] = ()
    """Roots of the perfect trees that `size` is made of, the largest, leftmost, first: one for each bit."""

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier of one leaf more."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier of some leaves more."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            node = bytes(leaf)
            carry = size
            while carry & 1:
                node = blake3(_NODE + peaks.pop() + node).digest()
                carry >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size=size, peaks=tuple(peaks))

    def root(self) -> Digest:
        """Root of the tree."""
        if not self.peaks:
            return Digest.of(b"")
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = blake3(_NODE + peak + node).digest()
        return Digest(node)


EMPTY = Frontier()


def root(leaves: Iterable[bytes]) -> Digest:
    """Root of the tree over `leaves`."""
    return Frontier().extend(leaves).root()


Subtree = Callable[[int, int], Digest]
"""Root of the tree over the leaves from the first number up to, not including, the second."""


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[Digest, ...]:
    """The nodes that lead from leaf `index` to the root, from the bottom up (RFC 6962, 2.1.1).

    Raises
    ------
    IndexError
        If there is no such leaf.
    """
    return inclusion_path(len(leaves), index, lambda first, end: root(leaves[first:end]))


def inclusion_path(size: int, index: int, subtree: Subtree) -> tuple[Digest, ...]:
    """`inclusion_proof` for the first `size` leaves of a tree, by the roots of parts of it.

    Raises
    ------
    IndexError
        If there is no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of {size}")
    found: list[Digest] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            found.append(subtree(middle, end))
            end = middle
        else:
            found.append(subtree(first, middle))
            first = middle
    return tuple(reversed(found))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` is number `index` of the `size` leaves under `root`."""
    return inclusion_root(leaf, index, size, proof) == bytes(root)


def inclusion_root(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> Digest | None:
    """The root that a proof leads to (RFC 9162, 2.1.3.2); None if it is no proof for that place."""
    if not 0 <= index < size:
        return None
    node, place, last = Digest(leaf), index, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return node if last == 0 else None


def inclusion_length(index: int, size: int) -> int:
    """How many nodes lead from leaf `index` of `size` to the root."""
    found, place, last = 0, index, size - 1
    while last:
        # A leaf at the right edge has no sibling on the levels that its tree is not full on.
        found += place & 1 or place < last
        place, last = place >> 1, last >> 1
    return found


def consistency_proof(leaves: Sequence[bytes], first: int) -> tuple[Digest, ...]:
    """The nodes that show that the tree of the `first` leaves is a prefix of the whole (RFC 6962, 2.1.2).

    Raises
    ------
    IndexError
        If there are not that many leaves.
    """
    return consistency_path(len(leaves), first, lambda start, end: root(leaves[start:end]))


def consistency_path(size: int, first: int, subtree: Subtree) -> tuple[Digest, ...]:
    """`consistency_proof` for the first `size` leaves of a tree, by the roots of parts of it.

    Raises
    ------
    IndexError
        If there are not that many leaves.
    """
    if not 0 <= first <= size:
        raise IndexError(f"{first} leaves of {size}")
    if first in (0, size):
        return ()
    found: list[Digest] = []
    start, end = 0, size
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            found.append(subtree(middle, end))
            end = middle
        else:
            found.append(subtree(start, middle))
            start = middle
    if start:
        found.append(subtree(start, end))
    return tuple(reversed(found))


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a tree of `first` leaves is a prefix of one of `second` (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not proof and bytes(first_root) == Digest.of(b"")
    if first == second:
        return not proof and bytes(first_root) == bytes(second_root)
    nodes = [bytes(each) for each in proof]
    if first & (first - 1) == 0:
        nodes.insert(0, bytes(first_root))
    if not nodes:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == bytes(first_root) and new == bytes(second_root)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
