"""Whether a condition, or a constraint, holds for some values."""

from collections.abc import Mapping
from functools import cache

from ledger.model import Value
from ledger.model.filter_syntax import Both, Either, Expression, Literal, Not, Operator, Test, parse


def holds(text: str, values: Mapping[str, Value], *, missing: bool = False) -> bool:
    """Whether a filter over parameters holds.

    Parameters
    ----------
    text
        The filter.
    values
        By name.
    missing
        What a test of a parameter without a value comes to.
    """
    return _holds(_parsed(text), values, missing)


@cache
def _parsed(text: str) -> Expression:
    return parse(text)


def _holds(expression: Expression, values: Mapping[str, Value], missing: bool) -> bool:
    match expression:
        case Not(part=part):
            return not _holds(part, values, missing)
        case Both(parts=parts):
            return all(_holds(each, values, missing) for each in parts)
        case Either(parts=parts):
            return any(_holds(each, values, missing) for each in parts)
        case Test():
            return _test(expression, values, missing)


def _test(test: Test, values: Mapping[str, Value], missing: bool) -> bool:
    if test.name not in values:
        return test.operator is Operator.NULL or missing
    value = values[test.name]
    if test.operator is Operator.NULL:
        return value is None
    if test.operator is Operator.IN:
        return any(_equal(value, each) for each in test.values)
    wanted = test.values[0]
    if test.operator is Operator.EQUAL:
        return _equal(value, wanted)
    if test.operator is Operator.UNEQUAL:
        return not _equal(value, wanted)
    if test.operator is Operator.CONTAINS:
        return isinstance(value, str) and wanted.text in value
    if not isinstance(value, int | float) or not isinstance(wanted.value, int | float):
        return False
    match test.operator:
        case Operator.LESS:
            return value < wanted.value
        case Operator.AT_MOST:
            return value <= wanted.value
        case Operator.GREATER:
            return value > wanted.value
        case _:
            return value >= wanted.value


def _equal(value: Value, wanted: Literal) -> bool:
    if isinstance(value, str):
        return value == wanted.text
    return value == wanted.value and isinstance(value, bool) == isinstance(wanted.value, bool)
