"""The merged order of several logs, without their entries: which log's turn it is, and for how long."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.model import Recorded

Gate = tuple[int, tuple[tuple[bytes, int], ...]]
"""Position of an entry, and how many entries of other logs it has seen."""


class Turn(NamedTuple):
    """Entries of one log that follow one another in the merged order."""

    origin: bytes
    first: int
    end: int
    """Position behind the last one."""


class WaitingError(Exception):
    """Every log waits for another, which no honest writer makes."""


def gate(recorded: Recorded) -> Gate | None:
    """What an entry has seen of other logs; None where that is nothing new."""
    seen = recorded.entry.seen
    return (recorded.seq, tuple((each.origin, each.size) for each in seen)) if seen else None


def turns(sizes: Mapping[bytes, int], gates: Mapping[bytes, Sequence[Gate]]) -> Iterator[Turn]:
    """The logs' turns in the order that `ledger.journal.order.merged` has.

    Parameters
    ----------
    sizes
        Entries of each log.
    gates
        Of each log, those of its entries that have seen something, by position.

    Raises
    ------
    WaitingError
        If all logs wait for one another.
    """
    done = dict.fromkeys(sizes, 0)
    logs = sorted(origin for origin, size in sizes.items() if size)
    passed = dict.fromkeys(logs, 0)
    """Of each log, the gates in front of its next entry."""

    def missing(origin: bytes) -> list[tuple[bytes, int]]:
        """What has to come in front of a log's next entry."""
        place, own = passed[origin], gates.get(origin, ())
        if place == len(own) or own[place][0] > done[origin]:
            return []
        needed = ((other, min(size, sizes.get(other, 0))) for other, size in own[place][1])
        return [(other, size) for other, size in needed if done.get(other, 0) < size]

    while logs:
        awaited: list[tuple[bytes, int]] = []
        for origin in logs:
            wanted = missing(origin)
            if not wanted:
                break
            awaited += wanted
        else:
            raise WaitingError
        first, own = done[origin], gates.get(origin, ())
        place = passed[origin]
        if place < len(own) and own[place][0] == first:
            place += 1
        # Until its next gate, or until a log in front of it may go on.
        end = min(
            own[place][0] if place < len(own) else sizes[origin],
            *(size for other, size in awaited if other == origin),
            sizes[origin],
        )
        yield Turn(origin, first, end)
        done[origin], passed[origin] = end, place
        if end == sizes[origin]:
            logs.remove(origin)
