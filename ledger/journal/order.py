"""One order of several logs: causal by the Heads that entries have seen, ties by origin."""

from collections.abc import Iterator, Mapping

from ledger.model import Recorded


def merged(logs: Mapping[bytes, Iterator[Recorded]]) -> Iterator[Recorded]:
    """All entries of the logs, each log's in its own order, one entry of each held at a time.

    The next entry is that of the smallest origin which has seen nothing that is still to come. What an entry
    has seen of a log that is not here, or is shorter here, cannot come and is not waited for. Where every log
    waits for another (no honest writer makes that), the smallest origin goes first.
    """
    waiting: dict[bytes, Recorded] = {}
    rest = {origin: iter(logs[origin]) for origin in sorted(logs)}
    for origin in rest:
        _advance(origin, rest, waiting)
    while waiting:
        origin = next((each for each in rest if _ready(waiting.get(each), waiting)), min(waiting))
        yield waiting.pop(origin)
        _advance(origin, rest, waiting)


def _advance(origin: bytes, rest: Mapping[bytes, Iterator[Recorded]], waiting: dict[bytes, Recorded]) -> None:
    entry = next(rest[origin], None)
    if entry is not None:
        waiting[origin] = entry


def _ready(entry: Recorded | None, waiting: Mapping[bytes, Recorded]) -> bool:
    if entry is None:
        return False
    return all(
        seen.origin not in waiting or waiting[seen.origin].seq >= seen.size for seen in entry.entry.seen
    )
