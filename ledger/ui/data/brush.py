"""A filter as ranges and choices along axes, as far as it consists of them."""

from typing import Any

from ledger.model.filter_syntax import Both, Expression, Operator, Test, parse
from ledger.ui.data import Document, Query
from ledger.ui.source import Source


def answer(source: Source, query: Query) -> Document:  # noqa: ARG001
    """What the filter ``where`` asks of each name, where it is a list of tests that must all hold.

    Returns
    -------
    dict
        ``axes``: by name ``low`` and ``high`` (both included), ``values`` or ``null``; and ``rest``: whether
        the filter asks for anything else, which no axis shows.

    Raises
    ------
    UsageError
        If the filter does not parse.
    """
    where = query.get("where", "")
    if not where.strip():
        return {"axes": {}, "rest": False}
    parsed = parse(where)
    axes: dict[str, Document] = {}
    rest = False
    for part in parsed.parts if isinstance(parsed, Both) else (parsed,):
        told = _range(part)
        if told is None:
            rest = True
            continue
        name, asks = told
        known = axes.setdefault(name, {})
        if known.keys() & asks.keys() or "values" in known or "null" in known:
            rest = True  # asked twice: no axis can show both
            continue
        known.update(asks)
    return {"axes": axes, "rest": rest}


def _range(part: Expression) -> tuple[str, Document] | None:
    """What a test asks of an axis; None where an axis cannot show it."""
    if not isinstance(part, Test):
        return None
    values: list[Any] = [each.value for each in part.values]
    is_number = len(values) == 1 and isinstance(values[0], int | float) and not isinstance(values[0], bool)
    match part.operator:
        case Operator.AT_LEAST if is_number and abs(values[0]) < float("inf"):
            return part.name, {"low": float(values[0])}
        case Operator.AT_MOST if is_number and abs(values[0]) < float("inf"):
            return part.name, {"high": float(values[0])}
        case Operator.EQUAL | Operator.IN if all(_is_plain(each) for each in values):
            return part.name, {"values": values}
        case Operator.NULL:
            return part.name, {"null": True}
        case _:
            return None


def _is_plain(value: object) -> bool:
    return not isinstance(value, int | float) or abs(value) < float("inf")
