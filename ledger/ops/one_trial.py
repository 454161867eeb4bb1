"""One trial and what is said about it, found through the index: the rest of the journal is not read."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from ledger.journal.held import CONTINUES, Held
from ledger.journal.order import merged
from ledger.journal.pieces import Piece, array_of, packed
from ledger.model import Allowance, ContentDropped, Digest, Recorded, Tombstone, Trial
from ledger.model.digest import SIZE
from ledger.ops import query, references
from ledger.ops.columns import FIELD, Key
from ledger.ops.hybrid_names import marks_hybrid
from ledger.ops.references import Kind
from ledger.ops.scope import Scope
from ledger.ops.trials import Trials

if TYPE_CHECKING:
    from ledger.journal.positions import Logs

_ASIDE = (Allowance.kind, ContentDropped.kind, Tombstone.kind)
"""Entries that no trial's number leads to, and that are few."""
_NAME, _TAG, _EXPERIMENT, _PARENT = ((FIELD, name) for name in ("name", "tag", "experiment", "parent"))

Event = tuple[bytes, int]
"""An origin, and a position in its log."""


def find(held: Held, logs: "Logs", reference: str) -> tuple[Trial, Trials]:
    """The trial that a reference means, as `references.resolve` finds it, and all that is said about it.

    Returns
    -------
    tuple of Trial and Trials
        The second has that trial, what was said of it, and its proposal; of the trials that were started
        inside it or went on from it, or that a note on it names, only that they were started; nothing of all
        others.

    Raises
    ------
    NotFoundError
        If nothing is named so, with what is nearest.
    AmbiguousError
        If an id prefix fits more than one trial, with the candidates.
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is.
    """
    reader = Reader(held, logs)
    return reader.around(reader.named(reference))


class Reader:
    """Finds trials in an index, and reads no more entries than those about them."""

    def __init__(self, held: Held, logs: "Logs") -> None:
        self._held, self._logs = held, logs
        self.scope = Scope(held, logs, None)

    def named(self, reference: str) -> int:
        """The number of the trial that a reference means. Raises as `find`."""
        base, back = references.split(reference)
        for name, count in ((reference, 0), (base, back)):
            number = self._number(name, count) if count is not None else None
            if number is not None:
                return number
        raise references.unknown(base, self.names(), empty=self.scope.empty)

    def known(self, id: Digest) -> int | None:
        """The number of the trial with an id, be it removed; None where there is none."""
        return self._held.find(bytes(id), self._logs)

    def id(self, number: int) -> Digest:
        """The id of a trial."""
        origin, seq = self._start(number)
        return Digest(self._logs.by_origin[origin].row(seq).leaf)

    def told(self, numbers: Iterable[int], more: Iterable[Recorded] = ()) -> Trials:
        """What is said of some trials, and what further entries say."""
        return query.fold(self._entries(self._events(numbers), more))

    def of_kind(self, *kinds: str) -> list[Recorded]:
        """All entries of some kinds."""
        return [each for log in self._logs.by_origin.values() for each in log.of_kind(*kinds)]

    def _number(self, reference: str, back: int) -> int | None:
        """The trial's number; None where nothing is named so."""
        steps: tuple[tuple[Kind, Callable[[], Sequence[int]]], ...] = (
            (Kind.LAST, lambda: self._persons() if reference == "@" else []),
            (Kind.ID, lambda: self._by_id(reference)),
            (Kind.NAME, lambda: self._with(_NAME, reference)),
            (Kind.TAG, lambda: self._tagged(reference)),
            (Kind.EXPERIMENT, lambda: self._with(_EXPERIMENT, reference)),
            (Kind.PREFIX, lambda: self._by_prefix(reference)),
        )
        for kind, found in steps:
            candidates = found()
            if len(candidates):
                return references.counted_back(kind, candidates, reference, back)
        return None

    def around(self, number: int) -> tuple[Trial, Trials]:
        """The trial, and what is said about it."""
        id = self.id(number)
        events = self._events([number]) + self._having("trial", id)
        own = query.fold(self._entries(events))
        trial = own.by_id[id]
        for digest in self._proposed(trial):
            events += self._having("leaf", digest)
        follow = {*self._with(_PARENT, str(id)), *self._with(CONTINUES, str(id))}
        others = {bytes(each) for remark in own.standing_notes for each in remark.trials}
        against = (self._held.find(each, self._logs) for each in others)
        follow |= {each for each in against if each is not None and self.scope.present[each]}
        events += [self._start(each) for each in sorted(follow)]
        found = query.fold(self._entries(events, self.of_kind(*_ASIDE)))
        return found.by_id[id], found

    def names(self) -> set[str]:
        """Names, experiments and tags."""
        found: set[str] = set()
        for key in (_NAME, _EXPERIMENT, _TAG):
            for piece in self.scope.column(key):
                for value in map(piece.table.value, range(len(piece.table))) if piece.table else ():
                    found |= {str(each) for each in value} if isinstance(value, tuple) else {str(value)}
        return found

    def _proposed(self, trial: Trial) -> Iterable[Digest]:
        """Its proposal, and the search that made it."""
        if trial.proposal is None:
            return
        yield trial.proposal
        told = query.fold(self._entries(self._having("leaf", trial.proposal))).proposals.get(trial.proposal)
        if told is not None:
            yield told.search

    def _persons(self) -> Sequence[int]:
        """All but hybrids."""
        mask = self.scope.present.copy()
        for piece in self.scope.column(_TAG):
            for code in range(len(piece.table or ())):
                if marks_hybrid(_tags(piece, code)):
                    mask[array_of(piece.numbers)[piece.values == code]] = False
        found: list[int] = np.flatnonzero(mask).tolist()
        return found

    def _by_id(self, reference: str) -> Sequence[int]:
        digits = references.digits_of(reference)
        if digits is None or len(digits) != 2 * SIZE:
            return []
        number = self._held.find(bytes.fromhex(digits), self._logs)
        return [] if number is None else self._standing([number], reference)

    def _by_prefix(self, reference: str) -> Sequence[int]:
        digits = references.digits_of(reference)
        if digits is None or len(digits) < references.MIN_PREFIX:
            return []
        found: list[int] = []
        for piece in self.scope.column((FIELD, "id")):
            raw = np.frombuffer(piece.table.content if piece.table else b"", np.uint8).reshape(-1, SIZE)
            whole = np.frombuffer(bytes.fromhex(digits[: len(digits) // 2 * 2]), np.uint8)
            codes = np.flatnonzero((raw[:, : len(whole)] == whole).all(1))
            if len(digits) % 2:
                codes = codes[raw[codes, len(whole)] >> 4 == int(digits[-1], 16)]
            found += array_of(piece.numbers)[np.isin(piece.values, codes)].tolist()
        return self._standing(found, reference)

    def _standing(self, numbers: list[int], reference: str) -> Sequence[int]:
        """Those of the trials that an id, or its beginning, means; refused as `references` does."""
        if len(numbers) == 1 and self.scope.present[numbers[0]]:
            return numbers
        trials = query.fold(self._entries(self._events(numbers)))
        found = references.find(trials, reference).trial.id if numbers else None
        return [each for each in numbers if self.id(each) == found]

    def _with(self, key: Key, value: str) -> list[int]:
        """The trials that have a text under a key, ascending."""
        kind, raw = packed(value)
        found: list[int] = []
        for piece in self.scope.column(key):
            if piece.kind == kind and piece.table is not None:
                code = next((each for each in range(len(piece.table)) if piece.table.raw(each) == raw), None)
                if code is not None:
                    found += array_of(piece.numbers)[piece.values == code].tolist()
        return sorted(each for each in found if self.scope.present[each])

    def _tagged(self, tag: str) -> Sequence[int]:
        """In the order in which they got the tag."""
        found: dict[Digest, int] = {}
        for piece in self.scope.column(_TAG):
            for code in range(len(piece.table or ())):
                if tag in _tags(piece, code):
                    for number in array_of(piece.numbers)[piece.values == code].tolist():
                        found[self.id(number)] = number
        trials = query.fold(self._entries(self._events(found.values())))
        return [found[id] for id in trials.tagged.get(tag, ()) if id in found]

    def _start(self, number: int) -> Event:
        return self._events([number])[self._held.start(number)]

    def _events(self, numbers: Iterable[int]) -> list[Event]:
        return [(self._held.origins[log], seq) for each in numbers for log, seq in self._held.events(each)]

    def _having(self, column: str, digest: Digest) -> list[Event]:
        return [
            (origin, seq)
            for origin, log in self._logs.by_origin.items()
            for seq in log.having(column, bytes(digest))
        ]

    def _entries(self, events: Iterable[Event], more: Iterable[Recorded] = ()) -> Iterable[Recorded]:
        """Entries in merged order, each once."""
        found: dict[bytes, dict[int, Recorded]] = {}
        for each in more:
            found.setdefault(each.entry.origin, {})[each.seq] = each
        for origin, seq in events:
            own = found.setdefault(origin, {})
            if seq not in own:
                own[seq] = self._logs.by_origin[origin].entry(seq)
        return merged({origin: iter([own[seq] for seq in sorted(own)]) for origin, own in found.items()})


def _tags(piece: Piece, code: int) -> tuple[str, ...]:
    value = piece.table.value(code) if piece.table is not None else ()
    return cast("tuple[str, ...]", value) if isinstance(value, tuple) else ()
