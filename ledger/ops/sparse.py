"""The index of trials, brought up to date with the journal."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ledger.journal import digests, events
from ledger.journal.events import Event
from ledger.journal.held import AGREED, CONTINUES, FORM, HELD, MARK, RECIPE, REMOVED, START, Held, mark
from ledger.journal.news import ChangedError, News, known
from ledger.journal.pieces import Moment, Piece, pack
from ledger.journal.positions import Logs
from ledger.journal.stretch import Stretch
from ledger.journal.trial_index import TrialIndex
from ledger.model import (
    Digest,
    Note,
    Recorded,
    Tag,
    Tombstone,
    Trial,
    TrialFinished,
    TrialLost,
    TrialReplayed,
    TrialStarted,
    Value,
)
from ledger.ops import forms, query
from ledger.ops.columns import FIELD, STARTED, Key, values
from ledger.ops.receipts import Receipts, agreed
from ledger.ops.remarks import remark_of
from ledger.ops.scope import MACHINES
from ledger.ops.trials import Receipt

BATCH = 4096
"""Trials that are held as nouns at a time."""

_MICROSECOND = 1000
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999


@contextmanager
def opened(index: TrialIndex) -> Iterator[tuple[Held, Logs]]:
    """The index of all that the logs hold now, and the logs; what had to be read for it is written down.

    Raises
    ------
    IrregularError
        If a log is damaged, or of a later release.
    DamagedIndexError
        If a file of the index is damaged.
    OSError
        If a log cannot be read.
    """
    with index.writing() as may_write:
        before = index.read()
        logs = index.logs(before)
        try:
            held = _read_on(before, logs)
            if may_write:
                index.write(held)
            index.keep(held)
        except BaseException:
            logs.close()
            raise
    try:
        yield held, logs
    finally:
        logs.close()


def _read_on(held: Held | None, logs: Logs) -> Held:
    before = held or Held()
    try:
        news = News(logs, before.places)
    except ChangedError:
        before = Held()
        news = News(logs, before.places)
    after = before.copy()
    if news.count or held is None:
        _Reader(after, logs).read(news)
        after.unsaved += news.count
    after.places = news.places()
    if known(after.places) != known(before.places):
        after.urgent = True  # else each command would look at the new segments as a whole
    return after


class _Reader:
    """Takes entries, and makes stretches of them."""

    def __init__(self, held: Held, logs: Logs) -> None:
        self._held = held
        self._logs = logs
        self._old = held.total
        self._numbers: dict[bytes, int] = {}
        """Of the trials that were met."""
        self._origins = {origin: place for place, origin in enumerate(held.origins)}
        self._events: dict[int, list[Event]] = {}
        """Entries about trials that no stretch has yet."""
        self._pending: dict[int, list[Recorded]] = {}
        """Of each trial that changed, the same entries."""

    def read(self, news: Iterable[Recorded]) -> None:
        for recorded in news:
            self._take(recorded)
            if len(self._pending) >= BATCH:
                self._flush()
        self._flush()

    def _take(self, recorded: Recorded) -> None:
        payload = recorded.entry.payload
        match payload:
            case TrialStarted():
                self._about(recorded.id, recorded)
            case TrialFinished() | TrialLost() | TrialReplayed() | Tag():
                self._about(payload.trial, recorded)
            case Tombstone():
                self._about(payload.target, recorded)
            case Note():
                for id in remark_of(recorded).trials:
                    self._about(id, recorded)
            case _:
                pass

    def _about(self, about: Digest, recorded: Recorded) -> None:
        payload, event = recorded.entry.payload, (self._origin(recorded.entry.origin), recorded.seq)
        number = self._number(about)
        if number is None and not isinstance(payload, TrialStarted):
            self._held.orphans.setdefault(about, []).append(event)
            return
        if number is None:
            number = self._numbers[about] = self._held.total
            self._held.total += 1
            for earlier in self._held.orphans.pop(about, ()):
                self._events.setdefault(number, []).append(earlier)
                self._pending.setdefault(number, []).append(self._entry(earlier))
        self._events.setdefault(number, []).append(event)
        self._pending.setdefault(number, []).append(recorded)

    def _number(self, id: Digest) -> int | None:
        found = self._numbers.get(id)
        if found is None and self._old:
            found = self._held.find(id, self._logs)
            if found is not None:
                self._numbers[id] = found
        return found

    def _origin(self, origin: bytes) -> int:
        place = self._origins.get(origin)
        if place is None:
            place = self._origins[origin] = len(self._held.origins)
            self._held.origins.append(origin)
        return place

    def _entry(self, event: Event) -> Recorded:
        return self._logs.by_origin[self._held.origins[event[0]]].entry(event[1])

    def _flush(self) -> None:
        """Make a stretch of what is pending."""
        if not self._pending:
            return
        numbers = sorted(self._pending)
        entries = {
            number: [*map(self._entry, self._held.events(number)), *self._pending[number]]
            for number in numbers
        }
        trials = query.fold(recorded for each in entries.values() for recorded in each)
        by_number = {self._numbers[id]: id for id in (*trials.by_id, *trials.removed)}
        columns: dict[Key, list[tuple[int, Value]]] = {}
        for number in numbers:
            id = by_number[number]
            columns.setdefault(HELD, []).append((number, None))
            columns.setdefault(MARK, []).append((number, mark(id)))
            start = next(place for place, each in enumerate(entries[number]) if each.id == id)
            columns.setdefault(START, []).append((number, start))
            trial = trials.by_id.get(id)
            if trial is None:
                columns.setdefault(REMOVED, []).append((number, None))
                continue
            if trial.recipe is not None:
                columns.setdefault(RECIPE, []).append((number, _telling(trial.recipe, entries[number])))
            for key, value in described(trial, trials.receipts.get(id, ())).items():
                columns.setdefault(key, []).append((number, value))
        made: dict[Key, list[Piece]] = {key: pack(pairs) for key, pairs in columns.items()}
        self._held.add(Stretch(made | events.columns(events.listed(self._events))))
        self._events, self._pending = {}, {}


def _telling(recipe: Digest, entries: Sequence[Recorded]) -> int:
    """The place of the first entry that tells a recipe."""
    return next(
        place for place, each in enumerate(entries) if getattr(each.entry.payload, "recipe", None) == recipe
    )


def described(trial: Trial, receipts: Sequence[Receipt]) -> dict[Key, Value]:
    """What the index holds of a trial: its values, but for the digests that the journal is asked for."""
    found = values(trial, Receipts({trial.id: receipts}))
    del found[MACHINES]
    found[AGREED] = tuple(map(str, agreed(receipts)))
    if trial.hyperparameters:
        found[FORM] = forms.text(trial)
    if trial.continues is not None:
        found[CONTINUES] = str(trial.continues)
    for name in digests.COLUMNS:
        found.pop((FIELD, name), None)
    # As its text says it, whose order is that of the microseconds.
    found[STARTED] = Moment(min(max(trial.started // _MICROSECOND, _FIRST), _LAST))
    return found
