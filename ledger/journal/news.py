"""What is in the logs beyond the places up to which an index has read them."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from ledger.journal.order import merged
from ledger.journal.positions import Log, Logs, Segment
from ledger.journal.sealed_rows import IrregularError
from ledger.model import Recorded


class ChangedError(Exception):
    """The logs do not go on from where an index has read them: it has to be made anew."""


class Place(NamedTuple):
    """How far a log has been read."""

    seq: int = 0
    """Entries."""
    leaf: bytes = b""
    """Of the last one."""
    segments: tuple[Segment, ...] = ()
    """Those that were whole."""
    seen: Mapping[bytes, int] = {}
    """Entries of other logs that its entries have seen."""


Places = Mapping[bytes, Place]


def known(places: Places) -> frozenset[Segment]:
    """The segments that were whole."""
    return frozenset(segment for place in places.values() for segment in place.segments)


class News:
    """Entries beyond some places, in merged order, all of which come behind those that were read.

    Parameters
    ----------
    logs
        All logs.
    before
        How far they were read.

    Raises
    ------
    ChangedError
        If that is not how they begin, or an entry belongs in front of one that was read.
    IrregularError
        If they are damaged.
    """

    def __init__(self, logs: Logs, before: Places) -> None:
        self._logs = logs.by_origin
        self._seen = {origin: dict(place.seen) for origin, place in before.items()}
        self._leaves = {origin: place.leaf for origin, place in before.items()}
        self._read = {origin: before[origin].seq if origin in before else 0 for origin in self._logs}
        if not before.keys() <= self._logs.keys():
            raise ChangedError
        for origin, place in before.items():
            if not goes_on(self._logs[origin], place):
                raise ChangedError
        grown = {origin: log for origin, log in self._logs.items() if log.size > self._read[origin]}
        self._waiting: dict[bytes, Iterator[Recorded]] = {}
        for origin, log in grown.items():
            entries = log.entries(self._read[origin])
            first = next(entries)
            if not self._comes_last(origin, first):
                raise ChangedError
            self._waiting[origin] = chain((first,), entries)
        self.count = sum(log.size - self._read[origin] for origin, log in grown.items())
        """Entries."""

    def __iter__(self) -> Iterator[Recorded]:
        for recorded in merged(self._waiting):
            origin = recorded.entry.origin
            seen = self._seen.setdefault(origin, {})
            for claim in recorded.entry.seen:
                here = self._logs.get(claim.origin)
                if here is not None and self._read[claim.origin] < min(claim.size, here.size):
                    raise IrregularError("logs that wait for one another")
                seen[claim.origin] = max(claim.size, seen.get(claim.origin, 0))
            self._read[origin] = recorded.seq + 1
            self._leaves[origin] = recorded.id
            yield recorded

    def places(self) -> Places:
        """How far the logs were read."""
        return {
            origin: Place(
                seq=self._read[origin],
                leaf=self._leaves.get(origin, b""),
                segments=log.segments,
                seen=self._seen.get(origin, {}),
            )
            for origin, log in self._logs.items()
        }

    def _comes_last(self, origin: bytes, first: Recorded) -> bool:
        """Whether a log's next entry has to wait for all that was read, and nothing that was read for it."""
        seen = dict(self._seen.get(origin, {}))
        for claim in first.entry.seen:
            seen[claim.origin] = max(claim.size, seen.get(claim.origin, 0))
        behind = all(
            seen.get(other, 0) >= count for other, count in self._read.items() if other != origin and count
        )
        return behind and all(
            claims.get(origin, 0) <= self._read[origin]
            for other, claims in self._seen.items()
            if other != origin
        )


def goes_on(log: Log, place: Place) -> bool:
    """Whether a log begins with what was read of it up to a place."""
    if log.size < place.seq:
        return False
    if place.seq == 0:
        return True
    last = place.seq - 1
    for segment in log.segments:
        if segment.first <= last < segment.end and segment in place.segments:
            return True
    return log.row(last).leaf == place.leaf
