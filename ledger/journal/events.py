"""Which entries are about which trials, as columns of a stretch.

Nearly every trial has two entries, its start and its end. So the first ones are a column, and the second;
mostly neither has a hole, and their trials' numbers take no room and no time. All further ones are a third.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.journal.pieces import INT, Array, Numbers, Piece, array_of, compact
from ledger.journal.stretch import Key, Stretch

Event = tuple[int, int]
"""Which log, as a place in the index's list of them, and a position in it."""

_RANKS = ("first", "second", "further")
ORIGINS: tuple[Key, ...] = tuple(("origin", rank) for rank in _RANKS)
SEQS: tuple[Key, ...] = tuple(("seq", rank) for rank in _RANKS)
KEYS = frozenset({*ORIGINS, *SEQS})


class Events(NamedTuple):
    """Entries about trials, sorted by trial; those about one in merged order."""

    numbers: NDArray[np.uint32]
    """Of the trials."""
    origins: Array
    """Which log, as a place in the index's list of them."""
    seqs: Array
    """And the position there."""


def columns(events: Events) -> dict[Key, list[Piece]]:
    """The columns of a stretch."""
    count = len(events.numbers)
    new = np.ones(count, np.bool_)
    new[1:] = events.numbers[1:] != events.numbers[:-1]
    places = np.arange(count)
    ranks = places - np.maximum.accumulate(np.where(new, places, 0))
    found: dict[Key, list[Piece]] = {}
    for rank, (origin, seq) in enumerate(zip(ORIGINS, SEQS, strict=True)):
        of = ranks == rank if rank + 1 < len(_RANKS) else ranks >= rank
        if of.any():
            numbers = compact(events.numbers[of])
            found[origin] = [Piece(INT, numbers, events.origins[of])]
            found[seq] = [Piece(INT, numbers, events.seqs[of])]
    return found


def collected(stretches: Iterable[Stretch]) -> Events:
    """All of some stretches, the oldest first."""
    parts = [
        (array_of(origins.numbers), origins.values, seqs.values)
        for stretch in stretches
        for keys in zip(ORIGINS, SEQS, strict=True)
        for origins, seqs in zip(*map(stretch.column, keys), strict=True)
    ]
    if not parts:
        return Events(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64))
    numbers, origins, seqs = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(numbers, kind="stable")
    return Events(numbers[order], origins[order], seqs[order])


def of_trial(stretch: Stretch, number: int) -> list[Event]:
    """Those of a stretch that are about one trial."""
    found: list[Event] = []
    for keys in zip(ORIGINS, SEQS, strict=True):
        for origins, seqs in zip(*map(stretch.column, keys), strict=True):
            low, high = span(origins.numbers, number)
            found += zip(origins.values[low:high].tolist(), seqs.values[low:high].tolist(), strict=True)
    return found


def listed(pairs: Mapping[int, Iterable[Event]]) -> Events:
    """Of the entries about each trial."""
    rows = [(number, *event) for number in sorted(pairs) for event in pairs[number]]
    numbers, origins, seqs = (np.array(each, np.int64) for each in zip(*rows, strict=True))
    return Events(numbers.astype(np.uint32), origins, seqs)


def span(numbers: Numbers, number: int) -> tuple[int, int]:
    """Where, among ascending numbers, one stands."""
    if isinstance(numbers, range):
        place = number - numbers.start
        return (place, place + 1) if number in numbers else (0, 0)
    wanted = np.uint32(number)  # of another type, all the numbers would be converted
    low, high = np.searchsorted(numbers, wanted, "left"), np.searchsorted(numbers, wanted, "right")
    return int(low), int(high)
