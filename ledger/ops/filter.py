"""What ``--where`` means: a question to which a trial answers yes, no, or nothing.

A trial without a value under a name answers nothing to a test of it, and so does a value that has no order
against the one given (text against a number); ``not``, ``and`` and ``or`` follow Kleene's three-valued logic,
and only a yes selects. ``is null`` alone asks for what is missing. Booleans equal only booleans; NaN equals
NaN. Of something with many values (tags, a list) a test holds if it holds for one of them. Times are UTC, and
compare as their text does: ``started >= 2026-01-31``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from operator import ge, gt, le, lt
from typing import Any, TypeVar

from ledger.errors import UsageError
from ledger.model import Trial, Value
from ledger.model.filter_syntax import Both, Either, Expression, Literal, Not, Operator, Test, mistake, parse
from ledger.ops import columns
from ledger.ops.columns import Columns
from ledger.ops.receipts import Receipts

Answer = bool | None
Ask = Callable[[Trial], Answer]
Found = TypeVar("Found")

_TIME = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?Z?)?)?)?", re.ASCII)
ORDER: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.GREATER: gt,
    Operator.AT_LEAST: ge,
}


def matcher(source: str, trials: Iterable[Trial], receipts: Receipts) -> Callable[[Trial], bool]:
    """Read a filter.

    Parameters
    ----------
    source
        The filter.
    trials
        Those whose names it may use: a name that none of them has is a mistake.
    receipts
        Of the trials.

    Returns
    -------
    callable
        Whether a trial is selected.

    Raises
    ------
    UsageError
        If the filter does not parse, names what no trial has, or orders what has no order.
    """
    ask = _compiled(parse(source), Columns(trials, receipts), source)
    return lambda trial: ask(trial) is True


def select(
    trials: Sequence[Trial],
    receipts: Receipts,
    *,
    where: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
) -> list[Trial]:
    """Choose trials.

    Parameters
    ----------
    trials
        Oldest first.
    receipts
        Of them.
    where
        A filter; all where it is None.
    sort
        Columns to sort by (see `columns.order`); newest first where it is None.
    limit
        How many at most.

    Raises
    ------
    UsageError
        If filter or sort key are off, or the limit is negative.
    """
    if limit is not None and limit < 0:
        raise UsageError(f"a limit of {limit}", cause="expected 0 or more")
    chosen = list(reversed(trials))
    if sort is not None:
        chosen = columns.order(chosen, sort, receipts)
    if where is not None:
        matches = matcher(where, trials, receipts)
        chosen = [trial for trial in chosen if matches(trial)]
    return chosen[:limit]


def _compiled(expression: Expression, names: Columns, source: str) -> Ask:
    match expression:
        case Not(part=part):
            inner = _compiled(part, names, source)
            return lambda trial: None if (answer := inner(trial)) is None else not answer
        case Both(parts=parts):
            return _joined([_compiled(part, names, source) for part in parts], False)
        case Either(parts=parts):
            return _joined([_compiled(part, names, source) for part in parts], True)
        case Test():
            return _test(expression, names, source)


def _joined(asks: list[Ask], decisive: bool) -> Ask:
    def ask(trial: Trial) -> Answer:
        answer: Answer = not decisive
        for each in asks:
            got = each(trial)
            if got is decisive:
                return decisive
            if got is None:
                answer = None
        return answer

    return ask


def _test(test: Test, names: Columns, source: str) -> Ask:
    column = named(test, source, names.find)
    if test.operator is Operator.NULL:
        return lambda trial: column.read(trial) is None
    values = literals(test, source, is_time=column.is_time)
    if test.operator in ORDER:
        present = [value for trial in names.trials if (value := column.read(trial)) is not None]
        if present and all(answer(test.operator, value, values) is None for value in present):
            raise unordered(test, source, present[0], values[0])

    def ask(trial: Trial) -> Answer:
        value = column.read(trial)
        return None if value is None else answer(test.operator, value, values)

    return ask


def named(test: Test, source: str, find: Callable[[str], Found]) -> Found:
    """What `find` has for a test's name; an error of it points at the place."""
    try:
        return find(test.name)
    except UsageError as error:
        what = f"{error.message}; {error.cause}" if error.cause else error.message
        raise mistake(source, test.position, what, error.hint) from error


def literals(test: Test, source: str, *, is_time: bool) -> list[bool | int | float | str]:
    """The values that a test compares with.

    Raises
    ------
    UsageError
        If one should be a time and is none.
    """
    return [_literal(literal, source) if is_time else literal.value for literal in test.values]


def _literal(literal: Literal, source: str) -> str:
    if not _TIME.fullmatch(literal.text):
        raise mistake(source, literal.position, "expected a UTC time such as 2026-01-31 or 2026-01-31T12:00")
    return literal.text.replace(" ", "T")


def unordered(test: Test, source: str, value: Value, literal: object) -> UsageError:
    """The refusal of an order that no trial's value can have; a mixed bag just does not match."""
    shown = test.values[0].text
    return mistake(
        source,
        test.values[0].position,
        f"no value of {test.name} has an order against {shown}: "
        f"it is {_kind(value)}, and {shown} is {_kind(literal)}",
    )


def answer(operator: Operator, value: Value, literals: Sequence[object]) -> Answer:
    """What one value, which is not nothing, answers to a test."""
    if isinstance(value, tuple):
        if operator is Operator.UNEQUAL:
            return not any(_equal(each, literals[0]) for each in value)
        if operator is Operator.CONTAINS:
            return any(_equal(each, literals[0]) for each in value)
        answers = [answer(operator, each, literals) for each in value]
        told = [each for each in answers if each is not None]
        return any(told) if told or not value else None
    if operator is Operator.EQUAL or operator is Operator.IN:
        return any(_equal(value, literal) for literal in literals)
    literal = literals[0]
    if operator is Operator.UNEQUAL:
        return not _equal(value, literal)
    if operator is Operator.CONTAINS:
        return str(literal) in value if isinstance(value, str) else None
    return bool(ORDER[operator](value, literal)) if _kind(value) == _kind(literal) in _ORDERED else None


def _equal(value: Value, literal: object) -> bool:
    if isinstance(value, bool) is not isinstance(literal, bool):
        return False
    return value == literal or (value != value and literal != literal)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "text" if isinstance(value, str) else "a list"


_ORDERED = ("a number", "text")
