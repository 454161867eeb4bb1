"""What a search needs to know of a stretch of one log, as columns that are read in little time."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final, TypeVar

from ledger.journal.turns import Gate
from ledger.model import Digest, ProposalSource, Status
from ledger.model.frozen import frozen
from ledger.model.text import canonical, from_bytes
from ledger.ops.tune import packed
from ledger.ops.tune.facts import KEY, Decided, Ended, Fact, Proposed, Removed, Reported, Started
from ledger.tune.space.unit import Point

VERSION: Final = 3
"""Grows when what is kept of an entry is something else."""

_NAN: Final = float("nan")
_SOURCES: Final = tuple(ProposalSource)
_STATUSES: Final = tuple(Status)
_LOST, _COMPLETE = 1, 2

Document = dict[str, Any]
T = TypeVar("T", bound=tuple[Any, ...])


@frozen
class Stretch:
    """What a search needs to know of entries of one log that follow one another."""

    origin: bytes
    first: int
    end: int
    """Position behind the last entry."""
    gates: tuple[Gate, ...]
    """Which of the entries have seen more of other logs."""
    facts: tuple[Fact, ...]
    """By position."""


def encode(stretch: Stretch) -> Document:
    """A stretch as a plain document."""
    kinds: dict[type[Fact], list[Any]] = {kind: [] for kind in _COLUMNS}
    for fact in stretch.facts:
        kinds[type(fact)].append(fact)
    order = {kind: place for place, kind in enumerate(_COLUMNS)}
    document: Document = {
        "origin": stretch.origin,
        "first": stretch.first,
        "end": stretch.end,
        "gates": [[seq, [list(each) for each in seen]] for seq, seen in stretch.gates],
        "kinds": bytes(order[type(fact)] for fact in stretch.facts),
    }
    for kind, (name, columns) in _COLUMNS.items():
        document[name] = columns(kinds[kind]) if kinds[kind] else None
    return document


def decode(document: Document, metrics: frozenset[str] | None = None) -> Stretch:
    """Read a stretch.

    Parameters
    ----------
    document
        As `encode` made it.
    metrics
        Which metrics are wanted; all where it is None.

    Raises
    ------
    ValueError, TypeError, KeyError or IndexError
        If it is none.
    """
    origin, first, end = bytes(document["origin"]), int(document["first"]), int(document["end"])
    kinds: tuple[Sequence[Fact], ...] = (
        _proposed_of(document["proposed"], origin) if document["proposed"] else (),
        _started_of(document["started"], origin) if document["started"] else (),
        _ended_of(document["ended"], origin, metrics) if document["ended"] else (),
        _reported_of(document["reported"], origin) if document["reported"] else (),
        _decided_of(document["decided"], origin) if document["decided"] else (),
        _removed_of(document["removed"], origin) if document["removed"] else (),
    )
    rests = tuple(map(iter, kinds))
    facts = tuple(map(next, map(rests.__getitem__, document["kinds"])))
    if len(facts) != sum(map(len, kinds)):
        raise ValueError("facts of no kind")
    gates = tuple(
        (int(seq), tuple((bytes(other), int(size)) for other, size in seen))
        for seq, seen in document["gates"]
    )
    if facts and not first <= facts[0].seq <= facts[-1].seq < end:
        raise ValueError("entries outside of their stretch")
    return Stretch(origin=origin, first=first, end=end, gates=gates, facts=facts)


def joined(documents: Iterable[Document]) -> list[Document]:
    """Stretches of the same logs, each log's one behind another, as one for each log."""
    logs: dict[bytes, list[Stretch]] = {}
    for each in map(decode, documents):
        logs.setdefault(each.origin, []).append(each)
    return [encode(_one(stretches)) for stretches in logs.values()]


def _one(stretches: Sequence[Stretch]) -> Stretch:
    if any(each.first != before.end for before, each in pairwise(stretches)):
        raise ValueError("stretches that do not follow one another")
    return Stretch(
        origin=stretches[0].origin,
        first=stretches[0].first,
        end=stretches[-1].end,
        gates=tuple(gate for each in stretches for gate in each.gates),
        facts=tuple(fact for each in stretches for fact in each.facts),
    )


def _proposed(facts: Sequence[Proposed]) -> Document:
    searches = {each: place for place, each in enumerate(dict.fromkeys(fact.search for fact in facts))}
    widths = {len(fact.point) for fact in facts}
    coordinates = [each for fact in facts for each in fact.point]
    even = len(widths) == 1 and 0 not in widths and not any(each != each for each in coordinates)
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "id": packed.digests([fact.id for fact in facts]),
        "searches": list(map(bytes, searches)),
        "search": packed.numbers([searches[fact.search] for fact in facts]),
        "number": packed.numbers([fact.number for fact in facts]),
        "width": widths.pop() if even else None,
        "point": packed.floats([_NAN if each is None else each for each in coordinates])
        if even
        else [list(fact.point) for fact in facts],
        "source": bytes(_SOURCES.index(fact.source) for fact in facts),
        "adopted": packed.digests([fact.adopted for fact in facts]),
        "seed": packed.numbers([fact.seed for fact in facts]),
        "told": [fact.told for fact in facts],
    }


def _proposed_of(document: Document, origin: bytes) -> list[Proposed]:
    searches = list(map(Digest, document["searches"]))
    return _made(
        Proposed,
        origin,
        packed.numbers_of(document["seq"]),
        packed.digests_of(document["id"]),
        [searches[place] for place in packed.numbers_of(document["search"])],
        packed.numbers_of(document["number"]),
        _points_of(document["width"], document["point"]),
        [_SOURCES[place] for place in document["source"]],
        packed.digests_of(document["adopted"]),
        packed.numbers_of(document["seed"]),
        document["told"],
    )


def _started(facts: Sequence[Started]) -> Document:
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "id": packed.digests([fact.id for fact in facts]),
        "proposal": packed.digests([fact.proposal for fact in facts]),
        "key": b"".join(fact.key for fact in facts),
        "continues": packed.digests([fact.continues for fact in facts]),
    }


def _started_of(document: Document, origin: bytes) -> list[Started]:
    keys = document["key"]
    return _made(
        Started,
        origin,
        packed.numbers_of(document["seq"]),
        packed.digests_of(document["id"]),
        packed.digests_of(document["proposal"]),
        [keys[place : place + KEY] for place in range(0, len(keys), KEY)],
        packed.digests_of(document["continues"]),
    )


def _ended(facts: Sequence[Ended]) -> Document:
    metrics: dict[str, tuple[list[int], list[float]]] = {}
    for place, fact in enumerate(facts):
        for name, value in fact.metrics.items():
            places, values = metrics.setdefault(name, ([], []))
            places.append(place)
            values.append(value)
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "trial": packed.digests([fact.trial for fact in facts]),
        "flags": bytes(_LOST * fact.lost + _COMPLETE * fact.complete for fact in facts),
        "status": bytes(_STATUSES.index(fact.status) for fact in facts),
        "exit_code": packed.numbers([fact.exit_code for fact in facts]),
        "signal": packed.numbers([fact.signal for fact in facts]),
        "duration_s": packed.floats([fact.duration_s for fact in facts]),
        "peak_memory": packed.numbers([fact.peak_memory for fact in facts]),
        "metrics": [
            [canonical(name), packed.numbers(places), packed.floats(values)]
            for name, (places, values) in metrics.items()
        ],
    }


def _ended_of(document: Document, origin: bytes, wanted: frozenset[str] | None) -> list[Ended]:
    flags = document["flags"]
    metrics: list[dict[str, float]] = [{} for _ in flags]
    for raw, places, values in document["metrics"]:
        name = from_bytes(raw) if isinstance(raw, bytes) else str(raw)
        if wanted is None or name in wanted:
            for place, value in zip(packed.numbers_of(places), packed.floats_of(values), strict=True):
                metrics[place][name] = value
    return _made(
        Ended,
        origin,
        packed.numbers_of(document["seq"]),
        packed.digests_of(document["trial"]),
        [each & _LOST > 0 for each in flags],
        [each & _COMPLETE > 0 for each in flags],
        [_STATUSES[place] for place in document["status"]],
        packed.numbers_of(document["exit_code"]),
        packed.numbers_of(document["signal"]),
        packed.floats_of(document["duration_s"]),
        packed.numbers_of(document["peak_memory"]),
        metrics,
    )


def _reported(facts: Sequence[Reported]) -> Document:
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "trial": packed.digests([fact.trial for fact in facts]),
        "rung": packed.numbers([fact.rung for fact in facts]),
        "step": packed.numbers([fact.step for fact in facts]),
        "value": packed.floats([fact.value for fact in facts]),
    }


def _reported_of(document: Document, origin: bytes) -> list[Reported]:
    return _made(
        Reported,
        origin,
        packed.numbers_of(document["seq"]),
        packed.digests_of(document["trial"]),
        packed.numbers_of(document["rung"]),
        packed.numbers_of(document["step"]),
        packed.floats_of(document["value"]),
    )


def _decided(facts: Sequence[Decided]) -> Document:
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "trial": packed.digests([fact.trial for fact in facts]),
        "rung": packed.numbers([fact.rung for fact in facts]),
        "stop": bytes(fact.stop for fact in facts),
        "seen": [fact.seen for fact in facts],
    }


def _decided_of(document: Document, origin: bytes) -> list[Decided]:
    return _made(
        Decided,
        origin,
        packed.numbers_of(document["seq"]),
        packed.digests_of(document["trial"]),
        packed.numbers_of(document["rung"]),
        [each > 0 for each in document["stop"]],
        document["seen"],
    )


def _removed(facts: Sequence[Removed]) -> Document:
    return {
        "seq": packed.numbers([fact.seq for fact in facts]),
        "target": packed.digests([fact.target for fact in facts]),
    }


def _removed_of(document: Document, origin: bytes) -> list[Removed]:
    return _made(Removed, origin, packed.numbers_of(document["seq"]), packed.digests_of(document["target"]))


_COLUMNS: Final[dict[type[Fact], tuple[str, Callable[[Any], Document]]]] = {
    Proposed: ("proposed", _proposed),
    Started: ("started", _started),
    Ended: ("ended", _ended),
    Reported: ("reported", _reported),
    Decided: ("decided", _decided),
    Removed: ("removed", _removed),
}


def _made(kind: type[T], origin: bytes, seqs: Sequence[int], *columns: Sequence[Any]) -> list[T]:
    """Facts of one kind, whose constructor in Python would take most of the time."""
    rows = zip(seqs, [origin] * len(seqs), *columns, strict=True)
    return list(map(partial(tuple.__new__, kind), rows))


def _points_of(width: int | None, column: Any) -> Sequence[Point]:
    if width is None:
        return [tuple(point) for point in column]
    values = [None if value != value else value for value in packed.floats_of(column)]
    return list(zip(*[iter(values)] * width, strict=True))
