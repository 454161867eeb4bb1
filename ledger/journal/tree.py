"""The Merkle tree of a log as it is stored: proofs that hash few of its leaves.

A tree of a million leaves takes a second to hash. So roots of each `BLOCK` leaves, which never change, are
kept beside the log; they are derived, and nothing is believed of them: a proof is held against the root that
it has to lead to, and made from the leaves alone where it does not.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError, LedgerError
from ledger.journal import merkle
from ledger.journal.state import decode_sheet, encode_sheet
from ledger.journal.view import Part, View, part_rows
from ledger.model import Digest, OriginHead, layout

BLOCK = 1 << 10
"""Leaves under each root that is kept."""

_MAGIC = b"LDGN"
_VERSION = 1

Leaves = Callable[[int, int], Sequence[bytes]]
"""Leaves from the first position up to, not including, the second."""


class Tree:
    """The tree of one log.

    Parameters
    ----------
    leaves
        Reads them.
    blocks
        Roots of the first blocks, as they were kept.
    is_sound
        Whether what `leaves` gives up to a position is what was written there. A proof shows that by itself.
    """

    def __init__(
        self,
        leaves: Leaves,
        blocks: Sequence[bytes] = (),
        is_sound: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._leaves = leaves
        self._is_sound = is_sound
        self.blocks = list(blocks)
        """Roots of the first blocks, as many as are known."""

    def inclusion(self, leaf: Digest, index: int, head: OriginHead) -> tuple[Digest, ...]:
        """The proof that `leaf` is number `index` under `head`.

        Raises
        ------
        DamagedError
            If the log is not what the head says.
        """

        def attempt() -> tuple[Digest, ...] | None:
            proof = merkle.inclusion_path(head.size, index, self._subtree)
            return proof if merkle.verify_inclusion(leaf, index, head.size, proof, head.root) else None

        return self._proven(attempt, head)

    def consistency(self, first: OriginHead, second: OriginHead) -> tuple[Digest, ...]:
        """The proof that what `first` says of the log is a prefix of what `second` says.

        Raises
        ------
        DamagedError
            If the log is not what the heads say.
        """

        def attempt() -> tuple[Digest, ...] | None:
            proof = merkle.consistency_path(second.size, first.size, self._subtree)
            holds = merkle.verify_consistency(first.size, second.size, first.root, second.root, proof)
            return proof if holds else None

        return self._proven(attempt, first)

    def root(self, size: int) -> Digest:
        """Root of the first `size` leaves; of damage it is another one, or a DamagedError."""
        return self._subtree(0, size) if size else merkle.root(())

    def roots(self, sizes: Iterable[int]) -> dict[int, Digest]:
        """Roots of the first so many leaves, by the leaves alone: as long as they are not lost or damaged."""
        found: dict[int, Digest] = {}
        frontier = merkle.EMPTY
        for size in sorted(sizes):
            if not self._is_sound(size):
                break  # or a flipped bit would look like another log
            try:
                while frontier.size < size:
                    end = min(size, frontier.size + BLOCK)
                    frontier = frontier.extend(self._leaves(frontier.size, end))
            except DamagedError:
                break
            found[size] = frontier.root()
        return found

    def _proven(
        self, attempt: Callable[[], tuple[Digest, ...] | None], head: OriginHead
    ) -> tuple[Digest, ...]:
        proof = attempt()
        if proof is None and self.blocks:
            self.blocks.clear()
            proof = attempt()
        if proof is None:
            raise DamagedError(
                f"the log {head.origin.hex()} is not what it was",
                cause=f"{head.size:,} entries: expected root {head.root}, got {self.root(head.size)}",
                hint="see what is wrong: ledger verify",
            )
        return proof

    def _subtree(self, first: int, end: int) -> Digest:
        count = end - first
        if count < BLOCK:
            return merkle.root(self._leaves(first, end))
        if count & (count - 1) == 0:  # then it begins at a multiple of its size
            self._know(end // BLOCK)
            return merkle.root(self.blocks[first // BLOCK : end // BLOCK])
        middle = first + (1 << count.bit_length() - 1)
        return merkle.node_hash(self._subtree(first, middle), self._subtree(middle, end))

    def _know(self, count: int) -> None:
        while len(self.blocks) < count:
            first = BLOCK * len(self.blocks)
            self.blocks.append(merkle.root(self._leaves(first, first + BLOCK)))


class StoredLeaves:
    """Reads the leaves of an open log, of each segment once."""

    def __init__(self, view: View) -> None:
        self._parts = view.parts
        self._first = self._parts[-1].end if self._parts else 0
        self._held: dict[int, bytes] = {}
        frames = [frame for frame in view.chain().frames if frame.seq >= self._first]
        whole = [frame.leaf for place, frame in enumerate(frames) if frame.seq == self._first + place]
        self._tail = b"".join(whole)
        self._where = view.log.name

    def __call__(self, first: int, end: int) -> list[bytes]:
        """Leaves of the positions `first` … `end` - 1.

        Raises
        ------
        DamagedError
            If some are lost.
        """
        found = []
        for place, part in enumerate(self._parts):
            if part.first < end and part.end > first:
                if place not in self._held:
                    self._held[place] = _leaves(part)
                found += _slices(self._held[place], first - part.first, end - part.first)
        if end > self._first:
            found += _slices(self._tail, first - self._first, end - self._first)
        if len(found) != end - first:
            raise lost(self._where, first, end, len(found))
        return found

    def is_sound(self, end: int) -> bool:
        """Whether the files that hold the leaves before `end` are as they were sealed."""
        return all(part.whole for part in self._parts if part.first < end)


def lost(log: str, first: int, end: int, got: int) -> DamagedError:
    """The refusal of leaves that are not there."""
    return DamagedError(
        f"the log {log} has lost entries",
        cause=f"expected {end - first:,} from entry {first:,} on, got {max(got, 0):,}",
        hint="see what is wrong: ledger verify",
    )


def nothing(origin: bytes) -> Leaves:
    """Leaves of a log that is not here."""

    def read(first: int, end: int) -> list[bytes]:
        raise lost(origin.hex(), first, end, 0)

    return read


def read_blocks(ledger: Path, origin: bytes) -> tuple[bytes, ...]:
    """The roots that are kept of a log; none where there is no such file, or it is damaged."""
    try:
        content = layout.nodes(ledger, origin).read_bytes()
        kept = decode_sheet(_MAGIC, content, "nodes")["nodes"]
    except (OSError, LedgerError, KeyError):
        return ()  # they are made anew
    whole = isinstance(kept, bytes) and len(kept) % 32 == 0
    return tuple(_slices(kept, 0, len(kept) // 32)) if whole else ()


def write_blocks(ledger: Path, origin: bytes, blocks: Sequence[bytes]) -> None:
    """Keep the roots of a log; a ledger that cannot be written goes without."""
    sheet = encode_sheet(_MAGIC, {"v": _VERSION, "nodes": b"".join(blocks)})
    try:
        fs.make_directory(layout.index(ledger))
        fs.replace(layout.nodes(ledger, origin), sheet, sync=False)
    except OSError:
        return


def _slices(leaves: bytes, first: int, end: int) -> list[bytes]:
    first, end = max(first, 0), min(end, len(leaves) // 32)
    return [leaves[32 * place : 32 * place + 32] for place in range(first, end)]


def _leaves(part: Part) -> bytes:
    """The leaves of a segment, one behind the other; of a damaged one, those up to the first lost one."""
    from ledger.journal import ipc

    try:
        # Of the other columns nothing is read, whatever it would take.
        columns = [batch.column(0) for batch in ipc.Reader(part.content or b"", ("leaf",))]
        found = b"".join(
            memoryview(each.buffers()[1])[32 * each.offset : 32 * (each.offset + len(each))]
            for each in columns
        )
        if len(found) == 32 * (part.end - part.first):
            return found
    except ipc.DAMAGE:
        pass  # as a damaged one
    rows = enumerate(part_rows(part), part.first)
    return b"".join(row.leaf for place, row in rows if row.seq == place)
