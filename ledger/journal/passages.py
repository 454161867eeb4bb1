"""Where some bytes stand in the entries of a log: decoding each would take far longer."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ledger.journal.positions import Log
from ledger.journal.rows import facts
from ledger.journal.sealed_rows import IrregularError


class Passage(NamedTuple):
    """One place at which the bytes stand."""

    seq: int
    """Position of the entry."""
    kind: str | None
    trial: bytes | None
    """The trial that the entry is about."""
    which: int
    """Which of the patterns it is."""
    content: bytes
    """The bodies of some entries, one behind the other."""
    begin: int
    """Where the entry's body begins in `content`."""
    at: int
    """Where the pattern begins."""
    end: int
    """Where the body ends."""


def passages(log: Log, patterns: Sequence[bytes]) -> Iterator[Passage]:
    """Every place of some patterns, of one entry after the other.

    Raises
    ------
    IrregularError
        If the log is not whole.
    """
    for batch in log.batches(("kind", "trial", "body")):
        seqs, kinds, trials, bodies = batch.columns
        _, raw, data = bodies.buffers()
        ends = np.frombuffer(raw, np.int64)[bodies.offset : bodies.offset + len(bodies) + 1]
        content = bytes(memoryview(data or b""))
        if len(ends) <= len(bodies) or ends[0] < 0 or ends[-1] > len(content) or (np.diff(ends) < 0).any():
            raise IrregularError("bodies that end before they begin")
        found = [(at, which) for which, each in enumerate(patterns) for at in _places(content, each)]
        if not found:
            continue
        found.sort()
        rows = np.searchsorted(ends, [at for at, _ in found], "right") - 1
        texts, ids, first = kinds.to_pylist(), trials.to_pylist(), seqs[0].as_py()
        limits = ends.tolist()
        for (at, which), row in zip(found, rows.tolist(), strict=True):
            if 0 <= row < len(texts) and at + len(patterns[which]) <= limits[row + 1]:
                yield Passage(
                    first + row, texts[row], ids[row], which, content, limits[row], at, limits[row + 1]
                )
    for entry in log.unsealed():
        places = [(at, which) for which, each in enumerate(patterns) for at in _places(entry.body, each)]
        told = facts(entry.body, entry.leaf) if places else None
        for at, which in sorted(places):
            if told is not None:
                body = entry.body
                yield Passage(entry.seq, told.kind, told.trial, which, body, 0, at, len(body))


def _places(content: bytes, pattern: bytes) -> Iterator[int]:
    at = content.find(pattern)
    while at >= 0:
        yield at
        at = content.find(pattern, at + len(pattern))
