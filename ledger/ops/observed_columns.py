"""What an analysis works on, from an index's columns: no trial is read.

It differs from `ledger.ops.observations` in its speed alone.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.observations import Observations
from ledger.journal import pieces
from ledger.journal.held import FORM
from ledger.journal.pieces import Piece, array_of
from ledger.model import Digest, Status, Value
from ledger.model.digest import SIZE
from ledger.model.filter_syntax import parse
from ledger.model.search import Search
from ledger.ops import forms, masks, ranks
from ledger.ops.columns import FIELD, PARAMETER, Key, sort_keys
from ledger.ops.forms import Form
from ledger.ops.machines import Machines
from ledger.ops.scope import Scope, as_recorded
from ledger.store.base import Store

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs
    from ledger.ops.observations import Selection

_LAST = "last"
_COSTS = ("duration_s", "peak_memory")


def read(
    held: "Held", logs: "Logs", selection: "Selection", tuned: Search | None, store: Store | None = None
) -> Observations:
    """The trials of a selection that ended well.

    Raises
    ------
    UsageError
        If the filter is off.
    NotFoundError
        If there is no such experiment.
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is.
    """
    from ledger.ops.observations import variables

    scope = Scope(held, logs, selection.experiment, Machines(store))
    which = scope.present
    if selection.where is not None:
        which = which & masks.ask(parse(selection.where), scope, selection.where).yes
    numbers = ranks.chosen(scope, which, list(sort_keys(scope, "started")), None)
    status = _Rows(scope, numbers).values((FIELD, "status"))
    good = numbers[np.array([each == str(Status.OK) for each in status], np.bool_)]
    rows = _Rows(scope, good)
    return Observations(
        label=selection.label,
        trials=rows.ids(),
        variables=variables(_seen(rows), tuned, len(good)),
        seeds=tuple(rows.values((FIELD, "seed"))),
        metrics=_metrics(held, rows),
        others=len(numbers) - len(good),
    )


class _Rows:
    """Some trials, each with a row."""

    def __init__(self, scope: Scope, numbers: NDArray[Any]) -> None:
        self._scope = scope
        self._numbers = numbers
        self.count = len(numbers)
        self._row = np.full(scope.total, -1, np.int64)
        self._row[numbers] = np.arange(len(numbers))

    def column(self, key: Key) -> list[Piece]:
        """The values under a key, of all trials."""
        return self._scope.column(key)

    def pieces(self, column: Sequence[Piece]) -> list[tuple[NDArray[np.int64], Piece]]:
        """Of each piece that tells of them, the rows and their part of it."""
        found = []
        for piece in column:
            rows = self._row[array_of(piece.numbers)]
            there = rows >= 0
            if there.any():
                found.append((rows[there], piece.taken(there)))
        return found

    def values(self, key: Key) -> list[Value]:
        """Of each row; None where it has none."""
        found = np.empty(self.count, object)
        for rows, piece in self.pieces(self.column(key)):
            found[rows] = _recorded(piece)
        return list(found.tolist())

    def numbers(self, key: Key) -> NDArray[np.float64] | None:
        """The same of what has numbers alone, NaN where it has none; None where no row has one."""
        found = self.pieces(self.column(key))
        values = np.full(self.count, np.nan)
        for rows, piece in found:
            values[rows] = piece.values
        return values if found else None

    def ids(self) -> tuple[Digest, ...]:
        """Of each row."""
        raw = self._scope.ids()[self._numbers].tobytes()
        return tuple(Digest(raw[place : place + SIZE]) for place in range(0, len(raw), SIZE))


def _recorded(piece: Piece) -> NDArray[Any]:
    """The values of a piece as they were recorded."""
    made = np.empty(len(piece.values), object)
    if piece.kind != pieces.TIME and piece.table is None:
        made[:] = piece.values.tolist()
        return made
    distinct, places = np.unique(piece.values, return_inverse=True)
    table = np.empty(len(distinct), object)
    for place, each in enumerate(distinct.tolist()):
        table[place] = as_recorded(piece, each)
    made[:] = table[places]
    return made


def _seen(rows: _Rows) -> "list[Any]":
    from ledger.ops.observations import Seen

    texts = rows.values(FORM)
    of_text: dict[Value, Mapping[str, Form]] = {
        each: forms.read(each) for each in dict.fromkeys(texts) if isinstance(each, str)
    }
    names = dict.fromkeys(
        name for each in of_text.values() for name, form in each.items() if not form.is_seed
    )
    found = []
    for name in names:
        has = {text: each[name] for text, each in of_text.items() if name in each}
        plain = {text: form for text, form in has.items() if not form.is_seed}
        values = rows.values((PARAMETER, name))
        if len(plain) < len(of_text):
            values = [value if text in plain else None for text, value in zip(texts, values, strict=True)]
        told = [text for text, form in plain.items() if form.default]
        first = next((row for row, text in enumerate(texts) if text in told), None) if told else None
        found.append(
            Seen(
                name=name,
                values=tuple(values),
                types=frozenset(form.type for form in plain.values()),
                role=next((form.role for form in plain.values() if form.role is not None), None),
                default=None if first is None else values[first],
            )
        )
    return found


def _metrics(held: "Held", rows: _Rows) -> dict[str, tuple[float, ...]]:
    """Last values; what the machine measured stands where a script measured nothing of that name."""
    found: dict[str, NDArray[np.float64]] = {}
    keys = list(held.keys())
    for space, name in keys:
        if space == _LAST and (values := rows.numbers((space, name))) is not None:
            found[name] = values
    for name in _COSTS:
        told = rows.numbers((FIELD, name))
        if told is None:
            continue
        known = _has(rows, name)
        found[name] = np.where(known, found[name], told) if name in found else told
    return {name: tuple(values.tolist()) for name, values in found.items()}


def _has(rows: _Rows, name: str) -> NDArray[np.bool_]:
    """Which rows have a metric of a name, be it NaN."""
    found = np.zeros(rows.count, np.bool_)
    for places, _ in rows.pieces(rows.column((_LAST, name))):
        found[places] = True
    return found
