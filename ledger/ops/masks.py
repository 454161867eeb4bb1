"""What a filter answers to all trials at once: `filter` over columns instead of trials.

Each kind of value has its own way to be compared, and all come to what `filter.answer` says of one value:
numbers are compared exactly, whatever their type; text by its place in a sorted table; a time by the first
moment whose text is that of the literal or more; what is left one distinct value at a time.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.journal import pieces
from ledger.journal.pieces import Array, Piece, place_of
from ledger.model.filter_syntax import Both, Either, Expression, Not, Operator, Test
from ledger.ops.columns import STARTED, resolve
from ledger.ops.filter import ORDER, answer, literals, named, unordered
from ledger.ops.scope import Scope, as_recorded

Mask = NDArray[np.bool_]

_MOMENTS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
_INT64 = np.iinfo(np.int64)


class Answers(NamedTuple):
    """A yes, a no or neither for each."""

    yes: Mask
    no: Mask


def ask(expression: Expression, scope: Scope, source: str) -> Answers:
    """What a filter answers to the trials of a scope.

    Raises
    ------
    UsageError
        If it names what none of them has, or orders what has no order.
    DamagedIndexError
        If a column is damaged.
    """
    match expression:
        case Not(part=part):
            inner = ask(part, scope, source)
            return Answers(inner.no, inner.yes)
        case Both(parts=parts):
            each = [ask(part, scope, source) for part in parts]
            return Answers(np.logical_and.reduce([one.yes for one in each]), _any([one.no for one in each]))
        case Either(parts=parts):
            each = [ask(part, scope, source) for part in parts]
            return Answers(_any([one.yes for one in each]), np.logical_and.reduce([one.no for one in each]))
        case Test():
            return _test(expression, scope, source)


def _any(masks: Sequence[Mask]) -> Mask:
    found: Mask = np.logical_or.reduce(masks)
    return found


def _test(test: Test, scope: Scope, source: str) -> Answers:
    key = named(test, source, lambda name: resolve(scope, name))
    yes, no = np.zeros(scope.total, np.bool_), np.zeros(scope.total, np.bool_)
    column = [] if key is None else scope.column(key)
    if test.operator is Operator.NULL:
        for piece in column:
            no[place_of(piece.numbers)] = True
        return Answers(~no, no)
    values = literals(test, source, is_time=key == STARTED)
    for piece in column:
        told = _answers(piece, test.operator, values)
        if told is not None:
            yes[place_of(piece.numbers)] = told.yes
            no[place_of(piece.numbers)] = told.no
    if test.operator in ORDER and column and not np.any((yes | no) & scope.present):
        first = scope.first(column)
        if first is not None:
            raise unordered(test, source, first, values[0])
    return Answers(yes, no)


def _answers(piece: Piece, operator: Operator, values: Sequence[Any]) -> Answers | None:
    """What a test answers to each value of a piece; None where that is nothing to all."""
    if piece.kind in (pieces.BOOL, pieces.OTHER) or (operator is Operator.CONTAINS and piece.kind in _TEXTS):
        return _of_each(piece, operator, values)
    told = _of_text(piece, operator, values) if piece.kind in _TEXTS else _of_numbers(piece, operator, values)
    return None if told is None else Answers(told, ~told)


def _of_each(piece: Piece, operator: Operator, values: Sequence[Any]) -> Answers:
    if piece.table is not None and len(piece.table) <= len(piece.values):
        distinct, places = np.arange(len(piece.table)), piece.values  # to find those in use takes longer
    else:
        distinct, places = np.unique(piece.values, return_inverse=True)
    told = [answer(operator, as_recorded(piece, each), values) for each in distinct.tolist()]
    yes = np.array([each is True for each in told], np.bool_)
    no = np.array([each is False for each in told], np.bool_)
    return Answers(yes[places], no[places])


def _of_text(piece: Piece, operator: Operator, values: Sequence[Any]) -> Mask | None:
    held = piece.values.astype(np.int64, copy=False)
    if operator in ORDER:
        if not isinstance(values[0], str):
            return None
        low, high = _between(piece, values[0])
        end = low if operator in (Operator.LESS, Operator.AT_LEAST) else high
        below: Mask = held < end
        return below if operator in (Operator.LESS, Operator.AT_MOST) else ~below
    equal = np.zeros(len(held), np.bool_)
    for value in values:
        if isinstance(value, str):
            low, high = _between(piece, value)
            equal |= (held >= low) & (held < high)
    return ~equal if operator is Operator.UNEQUAL else equal


def _between(piece: Piece, text: str) -> tuple[int, int]:
    """Where, among all values that a piece can have, those begin and end that are the text."""
    every = _MOMENTS if piece.kind == pieces.TIME else range(len(piece.table or ()))

    def shown(each: int) -> Any:
        return as_recorded(piece, each)

    return bisect_left(every, text, key=shown) + every.start, bisect_right(
        every, text, key=shown
    ) + every.start


def _of_numbers(piece: Piece, operator: Operator, values: Sequence[Any]) -> Mask | None:
    compare = _integers if piece.kind == pieces.INT else _floats
    held = piece.values.astype(np.int64 if piece.kind == pieces.INT else np.float64, copy=False)
    if operator in ORDER:
        return compare(held, operator, values[0]) if _is_number(values[0]) else None
    if operator is Operator.CONTAINS:
        return None
    equal = np.zeros(len(held), np.bool_)
    for value in values:
        if _is_number(value):
            equal |= compare(held, Operator.EQUAL, value)
    return ~equal if operator is Operator.UNEQUAL else equal


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integers(held: Array, operator: Operator, value: int | float) -> Mask:
    """Integers against any number: what is no integer is rounded to the side that keeps the answer."""
    if value != value:
        return np.zeros(len(held), np.bool_)
    if math.isinf(value):
        bound = _INT64.max + 1 if value > 0 else _INT64.min - 1
    elif operator in (Operator.LESS, Operator.AT_LEAST):
        bound = math.ceil(value)
    else:
        bound = math.floor(value)
    if operator is Operator.EQUAL and bound != value:
        return np.zeros(len(held), np.bool_)
    if not _INT64.min <= bound <= _INT64.max:
        above = operator in (Operator.LESS, Operator.AT_MOST) if bound > 0 else operator in _UPWARDS
        return np.full(len(held), above)
    return _compared(held, operator, np.int64(bound))


def _floats(held: Array, operator: Operator, value: int | float) -> Mask:
    """Floats against any number: an integer that is no float is between two of them."""
    if value != value:
        return np.isnan(held) if operator is Operator.EQUAL else np.zeros(len(held), np.bool_)
    try:
        near = float(value)
    except OverflowError:
        near = math.inf if value > 0 else -math.inf
    if near == value:
        return _compared(held, operator, near)
    if operator is Operator.EQUAL:
        return np.zeros(len(held), np.bool_)
    if operator in _UPWARDS:
        return _compared(held, Operator.GREATER if near < value else Operator.AT_LEAST, near)
    return _compared(held, Operator.AT_MOST if near < value else Operator.LESS, near)


def _compared(held: Array, operator: Operator, bound: Any) -> Mask:
    found: Mask = held == bound if operator is Operator.EQUAL else ORDER[operator](held, bound)
    return found


_TEXTS = (pieces.TEXT, pieces.DIGEST, pieces.TIME)
_UPWARDS = (Operator.GREATER, Operator.AT_LEAST)
