"""The order of trials by their columns: `columns.order` over arrays."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.journal import pieces
from ledger.journal.pieces import Array, Piece
from ledger.ops.columns import Key, is_missing, sort_key
from ledger.ops.scope import Scope, as_recorded

_EXACT = 1 << 53
"""Integers up to here are floats, too."""


class Rank(NamedTuple):
    """Where each trial stands by one column."""

    values: Array
    """Smaller ones come first."""
    missing: NDArray[np.bool_]
    """Which trials come last, whatever their value."""


def chosen(
    scope: Scope, which: NDArray[np.bool_], keys: Sequence[tuple[Key | None, bool]], limit: int | None
) -> Array:
    """Numbers of trials in order.

    Parameters
    ----------
    scope
        The trials that there are.
    which
        Those that are wanted.
    keys
        What they are sorted by, the last key first, and whether it is turned round; the newest trial comes
        first where they do not say.
    limit
        How many at most.

    Raises
    ------
    DamagedIndexError
        If a column is damaged.
    """
    numbers = np.flatnonzero(which)[::-1]
    ranks = [_rank(scope, key, down) for key, down in keys if key is not None]
    if ranks and limit is not None:
        numbers = _contenders(numbers, ranks[-1], limit)
    if ranks:
        columns = [part for rank in ranks for part in (rank.values[numbers], rank.missing[numbers])]
        numbers = numbers[np.lexsort(columns)]
    return numbers if limit is None else numbers[:limit]


def _contenders(numbers: Array, rank: Rank, limit: int) -> Array:
    """Of many trials, those that can be among the first by the foremost column."""
    values = rank.values[numbers][~rank.missing[numbers]]
    if not 0 < limit < len(values):
        return numbers
    last = np.partition(values, limit - 1)[limit - 1]
    found: Array = numbers[(rank.values[numbers] <= last) & ~rank.missing[numbers]]
    return found


def _rank(scope: Scope, key: Key, down: bool) -> Rank:
    column = scope.column(key)
    missing = np.ones(scope.total, np.bool_)
    if _is_one_order(column):
        whole = all(piece.kind != pieces.FLOAT for piece in column)
        ranks: Array = np.zeros(scope.total, np.int64 if whole else np.float64)
        given = [piece.values for piece in column]
    else:
        ranks = np.zeros(scope.total, np.int64)
        given = _given(column)
    for piece, values in zip(column, given, strict=True):
        place = pieces.place_of(piece.numbers)
        none = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), np.bool_)
        ranks[place] = np.where(none, 0, values)
        missing[place] = none
    ranks[missing] = 0
    if down:
        ranks = -ranks if ranks.dtype.kind == "f" else ~ranks
    return Rank(ranks, missing)


def _is_one_order(column: Sequence[Piece]) -> bool:
    """Whether the order of the values is that of the arrays."""
    kinds = {piece.kind for piece in column}
    if kinds <= {pieces.INT} or kinds <= {pieces.FLOAT} or kinds <= {pieces.TIME}:
        return True
    if kinds <= {pieces.INT, pieces.FLOAT}:
        integers = [piece.values for piece in column if piece.kind == pieces.INT]
        return all(int(each.min()) >= -_EXACT and int(each.max()) <= _EXACT for each in integers)
    return len(column) == 1 and kinds <= {pieces.TEXT, pieces.DIGEST}


def _given(column: Sequence[Piece]) -> list[Array]:
    """Ranks of values of several kinds or tables, one by one; NaN has none."""
    distinct: list[tuple[Any, int, int]] = []
    places = []
    for piece_place, piece in enumerate(column):
        values, back = np.unique(piece.values, return_inverse=True)
        places.append(back)
        for place, held in enumerate(values.tolist()):
            value = as_recorded(piece, held)
            if not is_missing(value):
                distinct.append((sort_key(value), piece_place, place))
    tables = [np.full(int(back.max(initial=-1)) + 1, np.nan) for back in places]
    distinct.sort(key=lambda each: each[0])
    for rank, (_, alike) in enumerate(groupby(distinct, key=lambda each: each[0])):
        for _, piece_place, place in alike:
            tables[piece_place][place] = rank
    return [table[back] for table, back in zip(tables, places, strict=True)]
