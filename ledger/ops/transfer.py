"""What push and pull have in common: what they tell, and how they read another's logs."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ledger.journal.merkle import EMPTY, Frontier
from ledger.model import Digest, Finding, Notice, OriginHead
from ledger.model.frozen import frozen
from ledger.remotes.note import Note
from ledger.remotes.remote import Heads

Progress = Callable[[str, int, int], None]
"""Told (what is moved, how many were, how many are known so far) as it goes."""

SMALL = 8 << 20
"""Bytes up to which an object is held in memory; some of these at once."""


@frozen
class Moved:
    """How far one origin's log goes there now."""

    origin: bytes
    before: int
    """Entries."""
    after: int


@frozen
class Transferred:
    """What a push or a pull has done."""

    origins: tuple[Moved, ...]
    """Those that have grown."""
    entries: int
    objects: int
    """That travelled."""
    bytes: int
    """Of those objects."""
    signatures: int = 0
    """Of heads, that travelled."""
    findings: tuple[Finding, ...] = ()
    """What was refused, and why: nothing was changed by it."""
    notices: tuple[Notice, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was refused."""
        return not self.findings


def frontiers(leaves: Sequence[bytes], sizes: Sequence[int]) -> dict[int, Frontier]:
    """The frontiers of some prefixes of a log."""
    found, frontier = {}, EMPTY
    for size in sorted(set(sizes)):
        frontier = frontier.extend(leaves[frontier.size : size])
        found[size] = frontier
    return found


def split(remote: str, head: OriginHead, here: Digest, seq: int | None) -> Finding:
    """Two logs of one origin that differ: somebody tells two stories.

    Parameters
    ----------
    remote
        Its name or place.
    head
        What the remote says.
    here
        Root of the log here at that size.
    seq
        The first entry that differs, where it is known.
    """
    place = f"{head.size} entries" if seq is None else f"entry {seq}"
    return Finding(
        what="remote.split",
        where=f"{remote}: origin {head.origin.hex()} at {place}",
        expected=f"{head.size} entries with root {here}, as in the log",
        got=f"root {head.root}",
    )


def greatest(heads: Heads, origin: bytes) -> int:
    """Entries that a remote has of an origin."""
    found = heads.of.get(origin)
    return found[-1].size if found else 0


def rollbacks(remote: str, seen: Mapping[bytes, OriginHead], there: Heads) -> Iterator[Notice]:
    """Logs of which a remote has less than it was seen with."""
    for origin, before in seen.items():
        if (size := greatest(there, origin)) < before.size:
            yield Notice(
                what="remote.rollback",
                where=f"{remote}: origin {origin.hex()}",
                detail=f"it had {before.size} entries with root {before.root}, now it has {size}",
            )


def remember(note: Note, seen: Mapping[bytes, OriginHead], there: Heads) -> None:
    """Keep what a remote was seen with at its best, so that a rollback is told as long as it lasts."""
    best = dict(seen)
    for origin, heads in there.of.items():
        if origin not in best or heads[-1].size >= best[origin].size:
            best[origin] = heads[-1]
    if best != seen:
        note.set_heads(best.values())


def strange(name: str, heads: Heads) -> Iterator[Notice]:
    """Names among a remote's heads that are none."""
    if heads.strange:
        some = ", ".join(map(repr, heads.strange[:3]))
        yield Notice(
            what="remote.name", where=name, detail=f"names that mean nothing were left alone: {some}"
        )
