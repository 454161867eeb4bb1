"""The index of outputs, kept up with the logs."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ledger import fs
from ledger.errors import NewerFormatError
from ledger.journal import index, origins
from ledger.journal.index import NOWHERE, Held, Place, Places
from ledger.journal.rows import outputs
from ledger.journal.tail import follow, scan
from ledger.journal.view import View, opened, part_rows
from ledger.model import Digest, layout

_ABSENT = -1
_UNREAD = -2


class _News:
    """What the logs hold beyond an index."""

    def __init__(self, places: Places = NOWHERE) -> None:
        self.durable: list[bytes] = []
        """Keys that may be written down."""
        self.places = dict(places)
        """Up to where they go."""
        self.fresh: list[bytes] = []
        """Keys of entries that may not be durable yet."""
        self.tails: dict[Path, int] = {}
        """Bytes of each log's tail that were read."""


class Outputs:
    """Answers from the index, which it brings up to date when the logs have grown."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._held = Held()
        self._fresh: set[bytes] = set()
        self._tails: dict[Path, int] = {}
        self._logs: int | None = None

    def has(self, path: str, digest: Digest | None) -> bool:
        """Whether an entry records that content, or with None any, as an output at that path.

        Raises
        ------
        OSError
            If a log cannot be read.
        """
        if self.knows(path, digest):
            return True
        if self._behind():
            self.refresh()
        return self.knows(path, digest)

    def knows(self, path: str, digest: Digest | None) -> bool:
        """Whether what was read at the last refresh records it."""
        wanted = index.key(path.encode("utf-8", "surrogateescape"), digest or b"")
        return wanted in self._fresh or wanted in self._held

    def refresh(self, *, segments: bool = True, always: bool = False) -> None:
        """Read on from where the index ends, and write down what was found.

        Parameters
        ----------
        segments
            Whether sealed entries may be read, which takes pyarrow; a log that needs them is left for later.
        always
            Whether to write down even how far logs were read that had no outputs.

        Raises
        ------
        OSError
            If a log cannot be read.
        """
        logs = _modified(layout.journal(self._ledger))
        lock = _lock(self._ledger)
        try:
            held = index.read(self._ledger)
            news = self._news(held, segments)
            if news is None:
                held = Held()  # a log is not what the index has read: all of it anew
                news = self._news(held, segments) or _News()
            if lock is not None:
                _write(self._ledger, held, news, always)
        finally:
            if lock is not None:
                fs.release(lock)
        self._held, self._fresh = held, {*news.durable, *news.fresh}
        self._tails, self._logs = news.tails, logs

    def _behind(self) -> bool:
        if self._logs is None or self._logs != _modified(layout.journal(self._ledger)):
            return True
        return any(length != _length(tail) for tail, length in self._tails.items())

    def _news(self, held: Held, segments: bool) -> _News | None:
        """What is beyond the index; None if a log is shorter than it says, or gone."""
        found = origins.logs(self._ledger)
        if not held.places.keys() <= set(found):
            return None
        news = _News(held.places)
        for origin in found:
            before = held.places.get(origin, Place())
            try:
                with opened(layout.log(self._ledger, origin)) as view:
                    after = _read_on(view, before, news, segments)
            except NewerFormatError:
                continue  # reading its entries says so
            if after is None:
                return None
            news.places[origin] = after
        return news


def _read_on(view: View, place: Place, news: _News, segments: bool) -> Place | None:
    """Read a log from `place` on; None if it is shorter than that."""
    tail = layout.tail(view.log, view.first)
    if place.seq < view.first:
        if not segments:
            news.tails[tail] = _UNREAD
            return place
        for part in view.parts:
            if part.end > place.seq:
                news.durable.extend(_keys(row.body for row in part_rows(part) if row.seq >= place.seq))
        place = Place(seq=view.first, first=view.first)
    elif place.first != view.first:
        place = Place(seq=place.seq, first=view.first)  # its tail was sealed since
    if (place.seq > view.first and place.offset == 0) or place.offset > view.length:
        return None
    items = scan(view.tail, place.offset, view.length) if view.tail is not None else ()
    frames = follow(items, expected=place.seq, start=place.offset).frames
    durable = view.head.offset if view.head and view.head.first == view.first else 0
    for frame in frames:
        keys = _keys([frame.body] if frame.body is not None else [])
        if frame.end > durable:
            news.fresh.extend(keys)
            continue
        news.durable.extend(keys)
        place = Place(seq=frame.seq + 1, first=view.first, offset=frame.end)
    news.tails[tail] = view.length if view.tail is not None else _ABSENT
    return place


def _keys(bodies: Iterable[bytes]) -> Iterator[bytes]:
    for body in bodies:
        for path, digest in outputs(body):
            yield index.key(path, digest)
            yield index.key(path, b"")


def _write(ledger: Path, held: Held, news: _News, always: bool) -> None:
    try:
        index.add(ledger, held, news.durable, news.places, always=always)
    except OSError:
        return  # a full disk leaves it behind, not wrong: the next one reads on from where it is


def _lock(ledger: Path) -> int | None:
    try:
        return index.lock(ledger)
    except OSError:
        return None  # a read-only ledger: what is found is kept in memory


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _length(tail: Path) -> int:
    try:
        return os.stat(tail).st_size
    except FileNotFoundError:
        return _ABSENT
