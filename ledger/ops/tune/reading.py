"""Read a journal on from where it was read, up to a Head; what is known of entries is kept in an index."""

import gc
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from ledger.errors import LedgerError
from ledger.journal import origins
from ledger.journal.base import Journal
from ledger.journal.local import SEAL_AT
from ledger.journal.news import ChangedError, News, Place, Places, goes_on, known
from ledger.journal.positions import Log, Logs
from ledger.journal.sealed_rows import IrregularError
from ledger.journal.search_index import Kept, SearchIndex
from ledger.journal.turns import Gate, WaitingError, gate, turns
from ledger.model import Head, Recorded
from ledger.ops.tune import fact_columns
from ledger.ops.tune import outcomes as tune_outcomes
from ledger.ops.tune.fact_columns import Stretch
from ledger.ops.tune.facts import Fact, fact_of
from ledger.ops.tune.history import History
from ledger.ops.tune.rungs import Sizes

_IDLE = 64
"""Entries that may be read again rather than written down as read."""


@dataclass(slots=True)
class _Line:
    """What is known of one log."""

    end: int = 0
    """Entries that were read."""
    facts: list[Fact] = field(default_factory=list)
    """By position."""
    gates: list[Gate] = field(default_factory=list)
    whole: int = 0
    """Position from which on facts are whole, and not only what this search asks for."""

    def read(self, recorded: Recorded) -> Fact | None:
        """Take the log's next entry."""
        self.end = recorded.seq + 1
        seen = gate(recorded)
        if seen is not None:
            self.gates.append(seen)
        fact = fact_of(recorded)
        if fact is not None:
            self.facts.append(fact)
        return fact

    def add(self, stretch: Stretch) -> None:
        """Take what was kept of its next entries. Raises ValueError if they are others."""
        if stretch.first != self.end:
            raise ValueError("entries that are missing")
        self.end = self.whole = stretch.end
        self.facts += stretch.facts
        self.gates += stretch.gates

    def between(self, first: int, end: int) -> Sequence[Fact]:
        """Facts of entries from one position to another."""
        low, high = (bisect_left(self.facts, seq, key=itemgetter(0)) for seq in (first, end))
        return self.facts[low:high]


class Reading:
    """A search's history, which grows as its ledger does.

    Parameters
    ----------
    journal, directory
        The ledger's.
    begin
        Makes a history that has nothing yet.
    """

    def __init__(self, journal: Journal, directory: Path, begin: Callable[[], History]) -> None:
        self._journal, self._directory, self._begin = journal, directory, begin
        self._index = SearchIndex(directory, fact_columns.VERSION)
        self._kept: Kept | None = None
        """The index as it was read or written; None as long as nobody has looked."""
        self._damaged = False
        """Whether what is kept cannot be read on from, and is to be made anew."""
        self._lines: dict[bytes, _Line] = {}
        self._places: Places = {}
        self._waiting: list[Fact] = []
        """Known already, and beyond the Head up to which was asked for."""
        self._tail = 0
        """Entries of this machine's log that are not sealed."""
        self.history = begin()

    def up_to_now(self) -> tuple[History, Head]:
        """The history of all that is there, and how far that is."""
        with collecting_later():
            return self._up_to_now()

    def _up_to_now(self) -> tuple[History, Head]:
        fresh = self._kept is None
        if fresh:
            self._load()  # before the Head is asked for, which so covers what is known
        head = self._journal.head()
        sizes = {each.origin: each.size for each in head.origins}
        try:
            if fresh:
                self._fold(sizes)
            facts, self._waiting = [*self._waiting, *self._news()], []
            self._take(facts, sizes)
        except (ChangedError, WaitingError):  # something older has come, from another machine
            self._again(sizes)
        except (IrregularError, OSError):
            self._all(sizes)
        self.keep(least=_IDLE)
        self._seal()
        return self.history, head

    def entry(self, fact: Fact) -> Recorded | None:
        """The entry of which a fact is known; None where it cannot be had any more."""
        try:
            logs = Logs(self._directory, known(self._places))
            try:
                return logs.by_origin[fact.origin].entry(fact.seq)
            finally:
                logs.close()
        except (IrregularError, OSError, LookupError):
            found = (each for each in self._journal.entries() if each.seq == fact.seq)
            return next((each for each in found if each.entry.origin == fact.origin), None)

    def keep(self, *, least: int = 1) -> None:
        """Write down what was read, if it is that many entries; no harm where the disk refuses."""
        if self._kept is None or _count(self._places) - _count(self._kept.places) < least:
            return
        with self._index.writing() as may_write:
            if not may_write:
                return
            now = Kept() if self._damaged else self._index.listed()
            if any(place.seq > self._line(origin).end for origin, place in now.places.items()):
                return  # another process has read more of some log, and writes down the rest, too
            begins = {origin: now.places[origin].seq if origin in now.places else 0 for origin in self._lines}
            if any(line.whole > begins[origin] for origin, line in self._lines.items()):
                self._kept = None  # somebody has deleted the index: all is read again, and written down
                return
            new = [
                fact_columns.encode(
                    Stretch(
                        origin=origin,
                        first=begins[origin],
                        end=line.end,
                        gates=tuple(each for each in line.gates if each[0] >= begins[origin]),
                        facts=tuple(line.between(begins[origin], line.end)),
                    )
                )
                for origin, line in self._lines.items()
                if line.end > begins[origin]
            ]
            if not new:
                self._kept = now  # another process has written down as much
                return
            written = self._index.write(now, new, self._places, fact_columns.joined)
        if written is not None:
            self._kept, self._damaged = written, False

    def _seal(self) -> None:
        """Keep the tail short, all of which is looked at each time."""
        if self._tail >= SEAL_AT:
            with suppress(OSError, LedgerError):
                self._journal.seal()

    def _load(self) -> None:
        """Take what is kept."""
        metrics = tune_outcomes.names(self.history.search)
        kept, documents = self._index.read()
        lines = {origin: _Line() for origin in kept.places}
        try:
            for document in documents:
                stretch = fact_columns.decode(document, metrics)
                lines[stretch.origin].add(stretch)
            if any(line.end != kept.places[origin].seq for origin, line in lines.items()):
                raise ValueError("entries that are missing")
        except (LedgerError, LookupError, TypeError, ValueError, OverflowError):
            kept, lines = Kept(), {}
        self._kept, self._damaged = kept, kept.sheet is None and self._index.there
        self._lines, self._places = lines, kept.places

    def _news(self) -> list[Fact]:
        logs = Logs(self._directory, known(self._places))
        try:
            news = News(logs, self._places)
            entries = list(news)
            self._places = news.places()
            own = logs.by_origin.get(origins.current(self._directory) or b"")
            self._tail = 0 if own is None else own.tail
        finally:
            logs.close()
        found = (self._line(each.entry.origin).read(each) for each in entries)
        return [fact for fact in found if fact is not None]

    def _line(self, origin: bytes) -> _Line:
        return self._lines.setdefault(origin, _Line())

    def _take(self, facts: Sequence[Fact], sizes: Sizes) -> None:
        if all(fact.seq < sizes.get(fact.origin, 0) for fact in facts):
            self.history.take(facts)
            return
        self.history.take([fact for fact in facts if fact.seq < sizes.get(fact.origin, 0)])
        self._waiting += (fact for fact in facts if fact.seq >= sizes.get(fact.origin, 0))

    def _fold(self, sizes: Sizes) -> None:
        """Take all that is known, in its order. Raises WaitingError."""
        self.history, self._waiting, lines = self._begin(), [], self._lines
        order = turns(
            {origin: line.end for origin, line in lines.items()},
            {origin: line.gates for origin, line in lines.items()},
        )
        for origin, first, end in order:
            facts = lines[origin].between(first, end)
            if end <= sizes.get(origin, 0):
                self.history.take(facts)
            else:
                self._take(facts, sizes)

    def _again(self, sizes: Sizes) -> None:
        """All of it in the order that is now; only what is not known of the logs is read."""
        try:
            logs = Logs(self._directory, known(self._places))
            try:
                here = logs.by_origin
                if not all(
                    origin in here and goes_on(here[origin], at) for origin, at in self._places.items()
                ):
                    # A log has become another one, or is gone: nothing of what is kept is of use.
                    self._lines, self._kept, self._damaged = {}, Kept(), True
                for origin, log in here.items():
                    for recorded in log.entries(self._line(origin).end):
                        self._line(origin).read(recorded)
                self._places = {origin: _place(log, self._line(origin)) for origin, log in here.items()}
            finally:
                logs.close()
            self._fold(sizes)
        except (IrregularError, OSError, WaitingError):
            self._all(sizes)

    def _all(self, sizes: Sizes) -> None:
        """Entry by entry, as a damaged log is read; all of it again each time."""
        self.history, self._lines, self._places, self._waiting = self._begin(), {}, {}, []
        self._kept = None
        for recorded in self._journal.entries():
            if recorded.seq < sizes.get(recorded.entry.origin, 0):
                self.history.add(recorded)


@contextmanager
def collecting_later() -> Iterator[None]:
    """Look for garbage when this is over: of many small objects that all stay, that is half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _place(log: Log, line: _Line) -> Place:
    seen: dict[bytes, int] = {}
    for _, claims in line.gates:
        for origin, size in claims:
            seen[origin] = max(size, seen.get(origin, 0))
    leaf = log.row(log.size - 1).leaf if log.size else b""
    return Place(seq=log.size, leaf=leaf, segments=log.segments, seen=seen)


def _count(places: Places) -> int:
    return sum(place.seq for place in places.values())
