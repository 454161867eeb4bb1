"""A journal in memory: for tests, and for what need not last."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time_ns
from typing import TYPE_CHECKING

from ledger.journal import merkle
from ledger.journal.rows import Row, outputs
from ledger.model import Digest, Entry, Finding, Head, OriginHead, Payload, Recorded
from ledger.model.codec import decode_entry, encode_entry

if TYPE_CHECKING:
    import pyarrow

    from ledger.journal.tree import Tree


class MemoryJournal:
    """One origin's log, in a list."""

    def __init__(self) -> None:
        self._origin = os.urandom(16)
        self._rows: list[Row] = []
        self._outputs: set[tuple[bytes, bytes]] = set()

    @property
    def origin(self) -> bytes:
        """Id of the only origin, 16 bytes."""
        return self._origin

    def append(self, payload: Payload, *, time: int | None = None) -> Recorded:
        """Append one fact; it lasts as long as this object."""
        moment = time_ns() if time is None else time
        entry = Entry(time=moment, nonce=os.urandom(16), origin=self._origin, payload=payload)
        body = encode_entry(entry)
        row = Row(len(self._rows), merkle.leaf_hash(body), body)
        self._rows.append(row)
        self._outputs.update(outputs(body))
        return _recorded(row)

    def entries(self) -> Iterator[Recorded]:
        """All entries as they are now, in order."""
        return map(_recorded, tuple(self._rows))

    def get(self, id: Digest) -> Recorded | None:
        """The entry of that id, if there is one."""
        return next((_recorded(row) for row in self._rows if row.leaf == id), None)

    def head(self) -> Head:
        """The prefix that is there now."""
        if not self._rows:
            return Head(origins=())
        root = merkle.root(row.leaf for row in self._rows)
        return Head(origins=(OriginHead(origin=self._origin, size=len(self._rows), root=root),))

    def is_output(self, path: str, digest: Digest | None) -> bool:
        """Whether an entry here records that content, or with None any, as a trial's output at that path."""
        name = path.encode("utf-8", "surrogateescape")
        if digest is None:
            return any(name == each for each, _ in self._outputs)
        return (name, bytes(digest)) in self._outputs

    def outputs(self) -> Callable[[str, Digest | None], bool]:
        """Answers `is_output` for the prefix that is there now."""
        return self.is_output

    def seal(self) -> None:
        """Nothing: memory has no segments."""

    def table(self) -> "pyarrow.Table":
        """All entries as columns."""
        from ledger.journal import arrow

        return arrow.table([(self._origin, arrow.batches(self._rows))])

    @contextmanager
    def tree(self, origin: bytes) -> "Iterator[Tree]":
        """The Merkle tree of the log; of another origin, an empty one."""
        from ledger.journal.tree import Tree, lost

        rows = tuple(self._rows) if origin == self._origin else ()
        leaves = [row.leaf for row in rows]

        def read(first: int, end: int) -> list[bytes]:
            if end > len(leaves):
                raise lost(origin.hex(), first, end, len(leaves) - first)
            return leaves[first:end]

        yield Tree(read)

    def trial_index(self) -> None:
        """None: its trials are read as they are."""

    def verify(self) -> list[Finding]:
        """Check that every body hashes to its entry's id."""
        return [
            Finding(
                what="journal.entry",
                where=f"memory@{row.seq}",
                expected=str(Digest(row.leaf)),
                got="other bytes",
            )
            for row in self._rows
            if not row.whole
        ]


def _recorded(row: Row) -> Recorded:
    return Recorded(id=Digest(row.leaf), seq=row.seq, entry=decode_entry(row.body), body=row.body)
