"""A log as a remote has it: read, hashed, and refused where it is not what it should be."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ledger.errors import DamagedError, NewerFormatError, NotFoundError
from ledger.journal import copying
from ledger.journal.copying import Part
from ledger.journal.merkle import Frontier, leaf_hash
from ledger.journal.rows import Facts, Row, facts_of, load
from ledger.model import Finding, OriginHead
from ledger.model.codec import VERSION
from ledger.ops.mentions import Mentions
from ledger.ops.transfer import Progress
from ledger.remotes.names import Span
from ledger.remotes.remote import Remote, in_order

_PART = 1 << 17
"""Entries in one segment here, at most."""
_PART_BYTES = 256 << 20
"""Bytes of entries after which a segment ends: larger ones are not merged anyway."""

_AHEAD = 4
"""Segments on their way at once; each may be large."""


class RefusedError(Exception):
    """A log that is not believed, and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def parts(
    remote: Remote,
    name: str,
    head: OriginHead,
    base: Frontier,
    mentioned: Mentions,
    progress: Progress,
) -> Iterator[Part]:
    """The entries behind `base`, in their order, as far as the head goes; the root is the caller's to check.

    Parameters
    ----------
    remote, name
        Where they are.
    head
        What the remote says of the log.
    base
        Of the entries that are not needed.
    mentioned
        Takes the objects that entries name.
    progress
        Called as it goes.

    Raises
    ------
    RefusedError
        If an entry does not belong to the log.
    NotFoundError, DamagedError
        If entries are not there, or damaged.
    NewerFormatError
        If a later release wrote them.
    """
    frontier, rows, facts, held = base, list[Row](), list[Facts](), 0
    for bodies in _bodies(remote, head, base.size):
        first = frontier.size
        added = [Row(first + place, leaf_hash(body), body) for place, body in enumerate(bodies)]
        for row in added:
            document = _read(name, head, row)
            facts.append(facts_of(document, row.leaf))
            mentioned.read(document)
        frontier = frontier.extend(row.leaf for row in added)
        rows += added
        held += sum(map(len, bodies))
        progress("entries", frontier.size - base.size, head.size - base.size)
        if len(rows) >= _PART or held >= _PART_BYTES:
            yield Part(rows, facts, frontier)
            rows, facts, held = [], [], 0
    if rows:
        yield Part(rows, facts, frontier)


def parting(log: Path, remote: Remote, head: OriginHead, here: int) -> int | None:
    """The first of the `here` entries here that is another one there; None if it cannot be told."""
    try:
        ours = copying.leaves(log, min(here, head.size))
        position = 0
        for bodies in _bodies(remote, head, 0):
            for body in bodies:
                if position >= len(ours):
                    return None
                if leaf_hash(body) != ours[position]:
                    return position
                position += 1
    except (DamagedError, NotFoundError):
        pass  # what it has cannot be read: the roots tell enough
    return None


def finding(what: str, name: str, head: OriginHead, expected: str, got: str) -> Finding:
    """Something that is wrong with a log there."""
    where = f"{name}: origin {head.origin.hex()} of {head.size} entries"
    return Finding(what=what, where=where, expected=expected, got=got)


def _bodies(remote: Remote, head: OriginHead, first: int) -> Iterator[list[bytes]]:
    """Bodies from position `first` up to the head's end, from as few segments as there are."""
    chosen = _chain([span for span in remote.spans(head.origin) if span.end > first], head, first)
    tasks = (partial(remote.segment, span) for span in chosen)
    position = first
    # Small ones are many: one after the other, they would take as long as the way there and back, each.
    for span, bodies in zip(chosen, in_order(tasks, min(_AHEAD, remote.transport.parallel)), strict=True):
        yield bodies[position - span.first : head.size - span.first]
        position = min(span.end, head.size)


def _chain(spans: Sequence[Span], head: OriginHead, first: int) -> list[Span]:
    """Segments that cover the positions from `first` up to the head's end.

    Of several that go on from a place, one that ends with the head is taken, else the longest one within.
    """
    chosen: list[Span] = []
    position, place = first, 0
    open_ = list[Span]()
    while position < head.size:
        while place < len(spans) and spans[place].first <= position:
            open_.append(spans[place])
            place += 1
        open_ = [span for span in open_ if span.end > position]
        if not open_:
            raise DamagedError(
                f"entries from {position} on are missing", cause=f"expected {head.size} entries"
            )
        best = max(open_, key=lambda span: _fitness(span, head))
        chosen.append(best)
        position = best.end
    return chosen


def _fitness(span: Span, head: OriginHead) -> tuple[bool, bool, int]:
    return (span.end, span.root) == (head.size, head.root), span.end <= head.size, span.end


def _read(name: str, head: OriginHead, row: Row) -> dict[str, Any]:
    """An entry's map, if it belongs to this log."""
    document = load(row.body)
    version = document.get("v")
    if isinstance(version, int) and version > VERSION:
        raise NewerFormatError(
            f"{name}: entry {row.seq} of origin {head.origin.hex()} has format {version}",
            cause=f"this release reads entries up to format {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    if document.get("origin") != head.origin:
        got = "an entry of another one, or none"
        raise RefusedError(
            finding("remote.damaged", name, head, f"an entry of this origin at {row.seq}", got)
        )
    return document
