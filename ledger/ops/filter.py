"""What ``--where`` means: a question to which a trial answers yes, no, or nothing.

A trial without a value under a name answers nothing to a test of it, and so does a value that has no order
against the one given (text against a number); ``not``, ``and`` and ``or`` follow Kleene's three-valued logic,
and only a yes selects. ``is null`` alone asks for what is missing. Booleans equal only booleans; NaN equals
NaN. Of something with many values (tags, a list) a test holds if it holds for one of them. Times are UTC, and
compare as their text does: ``started >= 2026-01-31``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ledger.errors import UsageError
from ledger.model import Trial, Value
from ledger.ops import columns
from ledger.ops.columns import Column, Columns
from ledger.ops.filter_syntax import Both, Either, Expression, Literal, Not, Operator, Test, mistake, parse

Answer = bool | None
Ask = Callable[[Trial], Answer]

_TIME = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?Z?)?)?)?", re.ASCII)
_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: lambda a, b: bool(a < b),
    Operator.AT_MOST: lambda a, b: bool(a <= b),
    Operator.GREATER: lambda a, b: bool(a > b),
    Operator.AT_LEAST: lambda a, b: bool(a >= b),
}


def matcher(source: str, trials: Iterable[Trial]) -> Callable[[Trial], bool]:
    """Read a filter.

    Parameters
    ----------
    source
        The filter.
    trials
        Those whose names it may use: a name that none of them has is a mistake.

    Returns
    -------
    callable
        Whether a trial is selected.

    Raises
    ------
    UsageError
        If the filter does not parse, names what no trial has, or orders what has no order.
    """
    ask = _compiled(parse(source), Columns(trials), source)
    return lambda trial: ask(trial) is True


def select(
    trials: Sequence[Trial],
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
        chosen = columns.order(chosen, sort)
    if where is not None:
        matches = matcher(where, trials)
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
    try:
        column = names.find(test.name)
    except UsageError as error:
        what = f"{error.message}; {error.cause}" if error.cause else error.message
        raise mistake(source, test.position, what, error.hint) from error
    if test.operator is Operator.NULL:
        return lambda trial: column.read(trial) is None
    values = [_literal(literal, column, source) for literal in test.values]
    if test.operator in _ORDER:
        _check_order(test, column, values[0], names, source)

    def ask(trial: Trial) -> Answer:
        value = column.read(trial)
        return None if value is None else _answer(test.operator, value, values)

    return ask


def _literal(literal: Literal, column: Column, source: str) -> bool | int | float | str:
    if not column.is_time:
        return literal.value
    if not _TIME.fullmatch(literal.text):
        raise mistake(source, literal.position, "expected a UTC time such as 2026-01-31 or 2026-01-31T12:00")
    return literal.text.replace(" ", "T")


def _check_order(test: Test, column: Column, literal: object, names: Columns, source: str) -> None:
    """Refuse an order that no trial's value can have; a mixed bag just does not match."""
    values = [value for trial in names.trials if (value := column.read(trial)) is not None]
    if values and all(_answer(test.operator, value, [literal]) is None for value in values):
        shown = test.values[0].text
        raise mistake(
            source,
            test.values[0].position,
            f"no value of {test.name} has an order against {shown}: "
            f"it is {_kind(values[0])}, and {shown} is {_kind(literal)}",
        )


def _answer(operator: Operator, value: Value, literals: Sequence[object]) -> Answer:
    if isinstance(value, tuple):
        if operator is Operator.UNEQUAL:
            return not any(_equal(each, literals[0]) for each in value)
        if operator is Operator.CONTAINS:
            return any(_equal(each, literals[0]) for each in value)
        answers = [_answer(operator, each, literals) for each in value]
        told = [each for each in answers if each is not None]
        return any(told) if told or not value else None
    if operator is Operator.EQUAL or operator is Operator.IN:
        return any(_equal(value, literal) for literal in literals)
    literal = literals[0]
    if operator is Operator.UNEQUAL:
        return not _equal(value, literal)
    if operator is Operator.CONTAINS:
        return str(literal) in value if isinstance(value, str) else None
    return _ORDER[operator](value, literal) if _kind(value) == _kind(literal) in _ORDERED else None


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
