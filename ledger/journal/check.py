"""The checker: what is stored against what the logs say of themselves and of one another. It only reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

from ledger.errors import FormatError, NewerFormatError
from ledger.journal import origins
from ledger.journal.merkle import Frontier
from ledger.journal.rows import Row
from ledger.journal.tail import Frame, Item, scan
from ledger.journal.view import Part, View, opened, part_rows
from ledger.model import Digest, Finding, OriginHead, layout
from ledger.model.codec import decode_entry


@dataclass(slots=True, kw_only=True)
class _Log:
    """One log while it is checked."""

    origin: bytes
    findings: list[Finding] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    """Of the entries from 0 on, up to the first that is not known."""
    size: int = 0
    """Positions that were come by."""
    seen: list[tuple[int, OriginHead]] = field(default_factory=list)
    """Position of an entry, and what it has seen of another log."""

    def find(self, what: str, file: str, place: str | int | None, expected: str, got: str) -> None:
        where = "/".join(filter(None, ("journal", self.origin.hex(), file)))
        where += "" if place is None else f"@{place}"
        self.findings.append(Finding(what=what, where=where, expected=expected, got=got))

    def take(self, seq: int, leaf: bytes) -> None:
        if seq == len(self.leaves):
            self.leaves.append(leaf)


def check(ledger: Path) -> list[Finding]:
    """All that is wrong in a ledger directory's journal."""
    logs = {origin: _check_log(layout.log(ledger, origin), origin) for origin in origins.logs(ledger)}
    named = origins.named(ledger)
    for each in logs.values():
        _check_seen(each, logs, own=each.origin in named.values())
    findings = [finding for each in logs.values() for finding in each.findings]
    for owner, origin in named.items():
        where, of = f"origins/{owner}", "an origin's id"
        if origin is None:
            findings.append(Finding(what="journal.origin", where=where, expected=of, got="other bytes"))
        elif origin not in logs:
            where, of = f"journal/{origin.hex()}", f"the log that {where} names"
            findings.append(Finding(what="journal.missing", where=where, expected=of, got="nothing"))
    return findings


def _check_log(log: Path, origin: bytes) -> _Log:
    found = _Log(origin=origin)
    try:
        with opened(log, still=True) as view:
            _check_sheets(found, view)
            for part in view.parts:
                _check_part(found, part)
            _check_tail(found, view)
            _check_roots(found, view)
    except NewerFormatError as error:
        found.find("journal.newer", "", None, error.cause or "", error.message)
    except OSError as error:
        found.find("journal.unreadable", "", None, "files that can be read", str(error))
    return found


def _check_sheets(found: _Log, view: View) -> None:
    """`head` and `sealed` are there, whole, and agree on where the tail begins."""
    if view.head is None:
        got = "damaged" if layout.log_head(view.log).exists() else "nothing"
        found.find("journal.head", "head", None, "a whole file", got)
    sealed = view.sealed.frontier.size if view.sealed else 0
    if view.sealed is None and layout.log_sealed(view.log).exists():
        found.find("journal.sealed", "sealed", None, "a whole file", "damaged")
    elif view.sealed is None and (view.parts or view.first):
        found.find("journal.sealed", "sealed", None, "a whole file", "nothing")
    elif view.head and view.head.first > sealed:
        found.find("journal.sealed", "sealed", None, f"{view.head.first} entries", f"{sealed} entries")


def _check_part(found: _Log, part: Part) -> None:
    """The file is as it was sealed, its entries are whole and dense, its columns say what they say."""
    name = part.path.name
    _check_gap(found, name, part.first)
    if part.content is None:
        found.find("journal.segment", name, None, "the file", "nothing")
    elif part.digest and not part.whole:
        got = Digest.of(memoryview(part.content))
        found.find("journal.segment", name, None, str(part.digest), str(got))
    expected = part.first
    for row in part_rows(part):
        _check_lost(found, name, expected, row.seq)
        _check_row(found, name, row)
        expected = row.seq + 1
    if part.content is not None:
        _check_lost(found, name, expected, part.end)
    found.size = part.end
    if part.content is not None and part.whole:
        _check_columns(found, part, part.content)


def _check_lost(found: _Log, name: str, first: int, end: int) -> None:
    if first < end:
        place = str(first) if end == first + 1 else f"{first}-{end - 1}"
        found.find("journal.entry", name, place, "bytes that hash to the entry's id", "other bytes")


def _check_gap(found: _Log, name: str, first: int) -> None:
    if first > found.size:
        place = f"{found.size}-{first - 1}"
        found.find("journal.missing", name, place, f"{first - found.size} entries in front", "nothing")


def _check_columns(found: _Log, part: Part, content: bytes | mmap) -> None:
    from ledger.journal import arrow
    from ledger.journal.ipc import DAMAGE, Reader

    name = part.path.name
    try:
        reader = Reader(content)
        root = Frontier().extend(found.leaves[: part.end]).root()
        expected = arrow.metadata(found.origin, part.first, part.end, root)
        described = reader.schema.metadata or {}
        for key, value in expected.items():
            unknown = key == b"ledger.root" and len(found.leaves) < part.end
            if described.get(key) != value and not unknown:
                got = described.get(key, b"nothing").decode("utf-8", "replace")
                found.find("journal.segment", name, key.decode(), value.decode(), got)
        for batch in arrow.checked(content):
            for seq, column in arrow.differing(batch):
                found.find("journal.column", name, seq, f"{column} as the body says", "another value")
    except DAMAGE as error:
        found.find("journal.segment", name, None, "the columns of a segment", str(error))


def _check_tail(found: _Log, view: View) -> None:
    """Each frame is whole and in its place; all that `head` tells of is there."""
    name = layout.tail(view.log, view.first).name
    _check_gap(found, name, view.first)
    found.size = view.first
    chain = view.chain()
    for stray in chain.strays:
        _check_stray(found, name, stray)
    for missing in chain.missing:
        place = f"{missing.start}-{missing.stop - 1}"
        found.find("journal.missing", name, place, f"{len(missing)} entries", "nothing")
    for frame in chain.frames:
        _check_frame(found, name, frame)
    promised = view.head.offset if view.head and view.head.first == view.first else 0
    if view.tail is not None and promised > chain.end:
        # Beyond what `head` tells of, this would be the torn end that a crash leaves.
        for item in scan(view.tail, chain.end, min(promised, view.length)):
            if isinstance(item, Frame) and item.seq == found.size:
                _check_frame(found, name, item)
            else:
                _check_stray(found, name, item)
    if view.head and promised > view.length:
        expected = f"{view.head.frontier.size} entries, {promised} bytes of tail"
        found.find(
            "journal.truncated", name, chain.end, expected, f"{found.size} entries, {view.length} bytes"
        )


def _check_frame(found: _Log, name: str, frame: Frame) -> None:
    found.take(frame.seq, frame.leaf)
    found.size = frame.seq + 1
    if frame.body is None:
        found.find("journal.entry", name, frame.seq, str(frame.leaf), "other bytes")
    else:
        _check_row(found, name, Row(frame.seq, frame.leaf, frame.body))


def _check_stray(found: _Log, name: str, item: Item) -> None:
    if isinstance(item, Frame):
        found.find("journal.frame", name, item.offset, "each entry once", f"entry {item.seq} out of place")
    else:
        found.find("journal.frame", name, item.offset, "a frame", f"{item.end - item.offset} other bytes")


def _check_row(found: _Log, name: str, row: Row) -> None:
    """The entry can be read and belongs here."""
    found.take(row.seq, row.leaf)
    try:
        entry = decode_entry(row.body)
    except NewerFormatError as error:
        found.find("journal.newer", name, row.seq, error.cause or "", error.message)
        return
    except FormatError as error:
        found.find("journal.undecodable", name, row.seq, "an entry", error.cause or error.message)
        return
    if entry.origin != found.origin:
        found.find("journal.origin", name, row.seq, found.origin.hex(), entry.origin.hex())
    found.seen.extend((row.seq, each) for each in entry.seen)


def _check_roots(found: _Log, view: View) -> None:
    """The roots that the log tells of itself are those of its leaves."""
    told = {"sealed": view.sealed, "head": view.head}
    for file, record in told.items():
        if record is None:
            continue
        size = record.frontier.size
        if size > found.size and not found.findings:
            found.find("journal.truncated", file, None, f"{size} entries", f"{found.size} entries")
        if size <= len(found.leaves):
            got = Frontier().extend(found.leaves[:size])
            if got != record.frontier:
                found.find("journal.root", file, size, str(record.frontier.root()), str(got.root()))


def _check_seen(found: _Log, logs: Mapping[bytes, _Log], *, own: bool) -> None:
    """What entries have seen of other logs is there; all of it, if they were written here."""
    sizes: dict[bytes, set[int]] = {}
    for _, claim in found.seen:
        sizes.setdefault(claim.origin, set()).add(claim.size)
    roots = {origin: dict(_roots(logs[origin], sizes[origin])) for origin in sizes if origin in logs}
    for seq, claim in found.seen:
        other = logs.get(claim.origin)
        root = roots.get(claim.origin, {}).get(claim.size)
        if root is not None and root != claim.root:
            got = f"root {root}"
        elif own and (other is None or claim.size > other.size):
            got = f"{other.size} entries" if other else "nothing"
        else:
            continue  # it is as it was seen, or was not copied here, or is damaged, which was found above
        expected = f"{claim.size} entries of {claim.origin.hex()} with root {claim.root}"
        found.find("journal.seen", "", seq, expected, got)


def _roots(log: _Log, sizes: Iterable[int]) -> Iterator[tuple[int, Digest]]:
    """Roots of some prefixes of a log, as far as its leaves are known."""
    frontier = Frontier()
    for size in sorted(sizes):
        if size <= len(log.leaves):
            frontier = frontier.extend(log.leaves[frontier.size : size])
            yield size, frontier.root()
