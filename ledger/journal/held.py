"""The index of trials in memory: what its files hold, and what was read since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ledger.journal import events
from ledger.journal.events import Event
from ledger.journal.news import Places
from ledger.journal.pieces import Numbers, Piece, array_of, joined, place_of
from ledger.journal.positions import Logs
from ledger.journal.stretch import DamagedIndexError, Key, Stretch

HELD: Key = ("own", "trials")
"""Numbers of the trials that a stretch holds."""
REMOVED: Key = ("own", "removed")
"""Numbers of those that a tombstone hides; they have no other column."""
START: Key = ("own", "start")
"""Which of the entries about a trial is its start, whose leaf is its id: its place among them."""
RECIPE: Key = ("own", "recipe")
"""Which of them tells its recipe."""
FORM: Key = ("own", "form")
"""What is said of its hyperparameters beside their values, which many trials have in common."""
MARK: Key = ("own", "mark")
"""The first four bytes of its id, as a number."""
CONTINUES: Key = ("own", "continues")
"""The id of the trial that it went on from, as text."""
AGREED: Key = ("own", "agreed")
"""The hosts on which replays of it came out the same, as texts, sorted: which machines they are, the journal
does not say."""


@dataclass(slots=True)
class Held:
    """An index: what its files hold, and what was read since."""

    stretches: list[Stretch] = field(default_factory=list)
    """Oldest first."""
    total: int = 0
    """Trials that have a number."""
    origins: list[bytes] = field(default_factory=list)
    places: Places = field(default_factory=dict)
    orphans: dict[bytes, list[Event]] = field(default_factory=dict)
    """Entries about trials that have not come yet, by what they are about."""
    unsaved: int = 0
    """Entries that were read and not written down."""
    urgent: bool = False
    """Whether to write down even little."""
    sheet: bytes | None = None
    """The file that this was read from, or written to; None where there is none."""
    _owners: NDArray[np.uint16] | None = None

    def copy(self) -> "Held":
        """A copy that can be carried on without a change to this one."""
        return Held(
            stretches=list(self.stretches),
            total=self.total,
            origins=list(self.origins),
            places=self.places,
            orphans={id: list(found) for id, found in self.orphans.items()},
            unsaved=self.unsaved,
            urgent=self.urgent,
            sheet=self.sheet,
        )

    def pieces(self, key: Key) -> Iterator[Piece]:
        """The values under a key that count.

        Raises
        ------
        DamagedIndexError
            If a file is damaged.
        """
        for place, stretch in enumerate(self.stretches):
            for piece in stretch.column(key):
                counted = self._counted(place, piece.numbers)
                if counted is None:
                    yield piece
                elif counted.any():
                    yield piece.taken(counted)

    def keys(self) -> Iterator[Key]:
        """Every key under which some stretch has values, each once."""
        yield from dict.fromkeys(key for stretch in self.stretches for key in stretch)

    def events(self, number: int) -> list[Event]:
        """The entries about a trial, in merged order."""
        return [event for stretch in self.stretches for event in events.of_trial(stretch, number)]

    def firsts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Of each trial, by number, where its first entry is, and whether it has some in several logs.

        Within one log the first is the start; another log's may come in front of that.

        Returns
        -------
        tuple of arrays
            The log, as a place in `origins`; the position in it; whether there are more logs.
        """
        logs, seqs = np.zeros(self.total, np.int64), np.zeros(self.total, np.int64)
        several = np.zeros(self.total, np.bool_)
        for stretch in reversed(self.stretches):  # the oldest, which has the first entry, has the last word
            first = zip(stretch.column(events.ORIGINS[0]), stretch.column(events.SEQS[0]), strict=True)
            for origins, places in first:
                logs[place_of(origins.numbers)] = origins.values
                seqs[place_of(origins.numbers)] = places.values
        for stretch in self.stretches:
            for key in events.ORIGINS:
                for origins in stretch.column(key):
                    numbers = array_of(origins.numbers)
                    several[numbers[origins.values != logs[numbers]]] = True
        return logs, seqs, several

    def find(self, id: bytes, logs: Logs) -> int | None:
        """The number of a trial.

        Raises
        ------
        DamagedIndexError
            If a file is damaged.
        IrregularError
            If an entry is.
        """
        wanted = mark(id)
        for piece in self.pieces(MARK):
            for place in np.flatnonzero(piece.values == wanted).tolist():
                number = int(piece.numbers[place])
                origin, seq = self.events(number)[self.start(number)]
                if logs.by_origin[self.origins[origin]].row(seq).leaf == id:
                    return number
        return None

    def start(self, number: int) -> int:
        """Which of the entries about a trial is its start: its place among them."""
        for stretch in reversed(self.stretches):
            for piece in stretch.column(START):
                low, high = events.span(piece.numbers, number)
                if low < high:
                    return int(piece.values[low])
        raise DamagedIndexError("a trial without a start")

    def _counted(self, place: int, numbers: Numbers) -> NDArray[np.bool_] | None:
        """Which of the numbers a stretch holds that no later one does; None for all."""
        if place == len(self.stretches) - 1:
            return None
        counted: NDArray[np.bool_] = self._owner()[array_of(numbers)] == place
        return None if counted.all() else counted

    def _owner(self) -> NDArray[np.uint16]:
        if self._owners is None or len(self._owners) != self.total:
            owners = np.zeros(self.total, np.uint16)
            for place, stretch in enumerate(self.stretches):
                for piece in stretch.column(HELD):
                    which = piece.numbers
                    if isinstance(which, range):
                        owners[which.start : which.stop] = place
                    else:
                        owners[which] = place
            self._owners = owners
        return self._owners

    def joined(self, first: int, key: Key) -> list[Piece]:
        """The values under a key in the stretches from `first` on, one piece for each kind.

        Not of `events.KEYS`, which are read otherwise.
        """
        kinds: dict[str, list[Piece]] = {}
        for place, stretch in enumerate(self.stretches[first:], first):
            for piece in stretch.column(key):
                counted = self._counted(place, piece.numbers)
                kept = piece if counted is None else piece.taken(counted)
                if len(kept.numbers):
                    kinds.setdefault(kept.kind, []).append(kept)
        return [joined(kinds[kind]) for kind in sorted(kinds)]

    def columns(self, first: int) -> Iterator[tuple[Key, Sequence[Piece]]]:
        """All that counts in the stretches from `first` on, sorted by key."""
        some = self.stretches[first:]
        told = events.columns(events.collected(some))
        for key in sorted({*told, *(key for stretch in some for key in stretch if key not in events.KEYS)}):
            found = told.get(key) or self.joined(first, key)
            if found:
                yield key, found

    def merge(self, first: int, stretch: Stretch) -> None:
        """Put one stretch in the place of those from `first` on."""
        self.stretches[first:] = [stretch]
        self._owners = None

    def add(self, stretch: Stretch) -> None:
        """Put a stretch behind the others."""
        self.stretches.append(stretch)
        self._owners = None


def mark(id: bytes) -> int:
    """What `MARK` has of an id."""
    return int.from_bytes(id[:4], "little", signed=True)
