"""Entries of logs that are elsewhere, each proven by a bundle, in front of a log that is here."""

import os
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import fs
from ledger.errors import DamagedError, FormatError, LedgerError, NewerFormatError
from ledger.journal import merkle
from ledger.journal.base import Journal
from ledger.journal.rows import Row, outputs
from ledger.model import Digest, Finding, Head, Payload, Recorded, layout
from ledger.model.bundle import Bundle, read_bundle, refused
from ledger.model.codec import decode_proven

if TYPE_CHECKING:
    import pyarrow

    from ledger.journal.tree import Tree


def keep(ledger: Path, document: bytes) -> Digest:
    """Keep the document of a bundle whose entries were checked; from then on they are in the ledger.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    digest = Digest.of(document)
    fs.make_directory(layout.proven(ledger))
    fs.create(layout.proven_file(ledger, digest), document, mode=0o444)
    return digest


def keeps(ledger: Path, document: bytes) -> bool:
    """Whether the document of a bundle is kept already."""
    return Digest.of(document) in digests(ledger)


def digests(ledger: Path) -> list[Digest]:
    """Of the documents that are kept, sorted."""
    try:
        names = os.listdir(layout.proven(ledger))
    except FileNotFoundError:
        return []
    return sorted(found for name in names if (found := layout.proven_digest(name)) is not None)


def get(ledger: Path, digest: Digest) -> Bundle:
    """A document that is kept.

    Raises
    ------
    DamagedError
        If its bytes are not those that its name says.
    """
    path = layout.proven_file(ledger, digest)
    content = path.read_bytes()
    if Digest.of(content) != digest:
        raise DamagedError(
            f"{path} is damaged", cause=f"expected bytes of {digest}, got those of {Digest.of(content)}"
        )
    return read_bundle(content, str(path))


def entries_of(bundle: Bundle, what: str) -> list[Recorded]:
    """The entries of a bundle, each shown to be where its log has it under the head.

    Raises
    ------
    DamagedError
        If one is not; the cause names the place.
    NewerFormatError
        If a later release wrote one.
    """
    heads = {each.origin: each for each in bundle.head.origins}
    found: list[Recorded] = []
    for place, each in enumerate(bundle.entries):
        where = f"entries[{place}]"
        try:
            entry = decode_proven(each.body)
        except NewerFormatError:
            raise
        except FormatError as error:
            raise refused(what, f"{where}.body: {error.message}: {error.cause}") from error
        head, id = heads.get(entry.origin), merkle.leaf_hash(each.body)
        if head is None:
            raise refused(what, f"{where}.body: its origin {entry.origin.hex()} is not in the head")
        root = merkle.inclusion_root(id, each.index, head.size, each.path)
        if root != head.root:
            raise refused(
                what,
                f"{where}: expected a path from entry {each.index:,} of {head.size:,} to root {head.root} of"
                f" origin {entry.origin.hex()}, got {f'one to {root}' if root else 'none'}",
            )
        found.append(Recorded(id=id, seq=each.index, entry=entry, body=each.body))
    _check_order(found, what)
    return found


def _check_order(entries: Sequence[Recorded], what: str) -> None:
    """Whether it is one that the logs can have been merged in: each by position, causes first."""
    places: dict[bytes, list[tuple[int, int]]] = {}
    for place, each in enumerate(entries):
        own = places.setdefault(each.entry.origin, [])
        if own and own[-1][0] >= each.seq:
            raise refused(
                what,
                f"entries[{place}]: expected one behind entry {own[-1][0]:,} of its log, got {each.seq:,}",
            )
        own.append((each.seq, place))
    for place, each in enumerate(entries):
        for seen in each.entry.seen:
            other = places.get(seen.origin, [])
            before = bisect_left(other, (seen.size, 0))
            if before and other[before - 1][1] > place:
                raise refused(
                    what, f"entries[{place}]: expected it behind what it has seen, got it in front of that"
                )


def _united(sequences: Iterable[Sequence[Recorded]]) -> list[Recorded]:
    """Several orders as one, each entry once; what they leave open is by origin and position."""
    waiting = [deque(each) for each in sequences]
    behind = [Counter(each.id for each in some) for some in waiting]
    found: list[Recorded] = []
    while heads := {some[0].id: some[0] for some in waiting if some}:
        first: dict[bytes, int] = {}
        for each in heads.values():
            origin = each.entry.origin
            first[origin] = min(each.seq, first.get(origin, each.seq))
        ready = [
            each
            for id, each in heads.items()
            if each.seq == first[each.entry.origin]
            and all(
                some[0].id == id or not left[id] for some, left in zip(waiting, behind, strict=True) if some
            )
        ]
        chosen = min(ready or heads.values(), key=lambda each: (each.entry.origin, each.seq))
        found.append(chosen)
        for some, left in zip(waiting, behind, strict=True):
            if left.pop(chosen.id, 0):
                some.remove(chosen)
    return found


def _key(path: str, digest: Digest | None) -> tuple[bytes, bytes | None]:
    return path.encode("utf-8", "surrogateescape"), None if digest is None else bytes(digest)


class ProvenJournal:
    """The entries of all bundles that were opened in a ledger, then those of its own log.

    Of the logs that bundles speak of only these entries are here: `head` and `tree` tell of its own log.

    Parameters
    ----------
    own
        What this ledger itself has recorded.
    ledger
        The ledger directory.
    """

    def __init__(self, own: Journal, ledger: Path) -> None:
        self._own = own
        self._ledger = ledger
        self._read: tuple[list[Digest], list[Recorded]] = ([], [])
        self._told: tuple[list[Recorded], frozenset[tuple[bytes, bytes | None]]] = ([], frozenset())
        """What is proven, and the outputs that it tells of: path, and digest or None for any."""

    @property
    def origin(self) -> bytes:
        """Id of the origin of the own log."""
        return self._own.origin

    def append(self, payload: Payload, *, time: int | None = None) -> Recorded:
        """Append one fact to the own log, see `Journal.append`."""
        return self._own.append(payload, time=time)

    def proven(self) -> list[Recorded]:
        """The entries of bundles, in the order that these have; those of a damaged document are left out."""
        now = digests(self._ledger)
        if now != self._read[0]:
            found: list[list[Recorded]] = []
            for digest in now:
                try:
                    found.append(entries_of(get(self._ledger, digest), digest.short))
                except (OSError, LedgerError):
                    continue  # verify names it
            self._read = now, _united(found)
        return self._read[1]

    def entries(self) -> Iterator[Recorded]:
        """The proven entries, then the own ones, see `Journal.entries`."""
        proven = self.proven()
        yield from proven
        known = {each.id for each in proven}
        for each in self._own.entries():
            if each.id not in known:
                yield each

    def get(self, id: Digest) -> Recorded | None:
        """The entry of that id, if there is one."""
        return next((each for each in self.proven() if each.id == id), None) or self._own.get(id)

    def head(self) -> Head:
        """The prefix of the own log."""
        return self._own.head()

    def is_output(self, path: str, digest: Digest | None) -> bool:
        """Whether an entry records that content as an output at that path, see `Journal.is_output`."""
        return _key(path, digest) in self._outputs() or self._own.is_output(path, digest)

    def outputs(self) -> Callable[[str, Digest | None], bool]:
        """Answers `is_output` for what is there now."""
        proven, own = self._outputs(), self._own.outputs()
        return lambda path, digest: _key(path, digest) in proven or own(path, digest)

    def _outputs(self) -> frozenset[tuple[bytes, bytes | None]]:
        proven = self.proven()
        if proven is not self._told[0]:
            found = [told for each in proven for told in outputs(each.body)]
            self._told = proven, frozenset(found) | {(path, None) for path, _ in found}
        return self._told[1]

    def seal(self) -> None:
        """Seal the own log, see `Journal.seal`."""
        self._own.seal()

    def table(self) -> "pyarrow.Table":
        """All entries as columns: those of each proven log by position, then the own ones; each once."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from ledger.journal import arrow

        logs: dict[bytes, list[Row]] = {}
        for each in self.proven():
            logs.setdefault(each.entry.origin, []).append(Row(each.seq, each.id, each.body))
        rows = [(origin, arrow.batches(sorted(some))) for origin, some in sorted(logs.items())]
        own = self._own.table()
        if not rows:
            return own
        proven = arrow.table(rows)
        known = pc.is_in(own["leaf"], value_set=proven["leaf"])
        return pa.concat_tables([proven, own.filter(pc.invert(known))])

    def tree(self, origin: bytes) -> "AbstractContextManager[Tree]":
        """The Merkle tree of the own log; of a proven one, an empty one."""
        return self._own.tree(origin)

    def trial_index(self) -> None:
        """None: the trials of bundles are few, and are read as they are."""

    def verify(self) -> list[Finding]:
        """Check every byte of the own log, and that each proven entry is in the head of its bundle."""
        return [*self._own.verify(), *self._verify_proven()]

    def _verify_proven(self) -> Iterator[Finding]:
        places: dict[tuple[bytes, int], tuple[Digest, Digest]] = {}
        for digest in digests(self._ledger):
            where = f"{layout.proven(Path()).name}/{digest.hex()}"
            try:
                found = entries_of(get(self._ledger, digest), where)
            except (OSError, LedgerError) as error:
                got = error.cause or error.message if isinstance(error, LedgerError) else str(error)
                yield Finding(what="proven.damaged", where=where, expected=str(digest), got=got)
                continue
            for each in found:
                before, _ = places.setdefault((each.entry.origin, each.seq), (each.id, digest))
                if before != each.id:
                    yield Finding(
                        what="proven.split",
                        where=f"{where}: entry {each.seq} of origin {each.entry.origin.hex()}",
                        expected=str(before),
                        got=str(each.id),
                    )
