"""Whether a condition holds for some values.

A condition is a filter over parameters. It asks a parameter without a value nothing: neither a test of it nor
the test's opposite holds, and ``not``, ``and`` and ``or`` follow Kleene's three-valued logic, as in
``--where``; ``is null`` alone asks for what is missing. Numbers compare as numbers; the texts of an ordinal
parameter compare by their place in its domain.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any, Final

from ledger.model import HyperparameterType, Value
from ledger.model.filter_syntax import Both, Either, Expression, Literal, Not, Operator, Test, parse
from ledger.model.space import Domain, Space

Answer = bool | None
Question = Callable[[Mapping[str, Value]], Answer]

ORDER: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.GREATER: gt,
    Operator.AT_LEAST: ge,
}


def question(text: str, domains: Mapping[str, Domain]) -> Question:
    """What a condition asks.

    Parameters
    ----------
    text
        The condition.
    domains
        Of the parameters, by name.

    Returns
    -------
    callable
        Told values by name, True where the condition holds, None where that cannot be said.
    """
    return compiled(parse(text), domains)


def compiled(expression: Expression, domains: Mapping[str, Domain]) -> Question:
    """As `question`, of a condition that was parsed."""
    match expression:
        case Not(part=part):
            return negated(compiled(part, domains))
        case Both(parts=parts):
            return joined([compiled(each, domains) for each in parts], False)
        case Either(parts=parts):
            return joined([compiled(each, domains) for each in parts], True)
        case Test():
            return _test(expression, domains.get(expression.name))


def negated(inner: Question) -> Question:
    """The opposite of a question."""

    def ask(values: Mapping[str, Value]) -> Answer:
        answer = inner(values)
        return None if answer is None else not answer

    return ask


def joined(asks: list[Question], decisive: bool) -> Question:
    """All of some questions, or, where True is decisive, one of them."""

    def ask(values: Mapping[str, Value]) -> Answer:
        answer: Answer = not decisive
        for each in asks:
            got = each(values)
            if got is decisive:
                return decisive
            if got is None:
                answer = None
        return answer

    return ask


def tests(expression: Expression) -> Iterator[Test]:
    """Every test of an expression, in the order of its text."""
    match expression:
        case Not(part=part):
            yield from tests(part)
        case Both(parts=parts) | Either(parts=parts):
            for each in parts:
                yield from tests(each)
        case Test():
            yield expression


def decided(space: Space) -> dict[str, set[str]]:
    """Of each parameter that conditions ask about: the parameters whose conditions do."""
    found: dict[str, set[str]] = {}
    for each in space.parameters:
        for test in tests(parse(each.condition)) if each.condition else ():
            found.setdefault(test.name, set()).add(each.name)
    return found


def meant(literal: Literal, domain: Domain | None) -> Value:
    """The value that a literal means among a domain's: ``1`` is the text 1 where that is a choice."""
    for each in domain.choices if domain else ():
        if same(each, literal.value) or each == literal.text:
            return each
    return literal.value


class Ranks:
    """The places of an ordinal's values."""

    def __init__(self, choices: Sequence[Value]) -> None:
        self._places = {self._key(each): place for place, each in enumerate(choices)}

    def of(self, value: Value) -> int | None:
        """The place of a value; None where it is none of them."""
        return self._places.get(self._key(value))

    @staticmethod
    def _key(value: Value) -> tuple[bool, Value]:
        return isinstance(value, bool), value  # True is 1 to a dictionary


def ranks(domain: Domain | None) -> Ranks | None:
    """The places of an ordinal's values; None where they are numbers and compare as such."""
    if domain is None or domain.type is not HyperparameterType.ORDINAL or all(map(is_number, domain.choices)):
        return None
    return Ranks(domain.choices)


def is_number(value: Value) -> bool:
    """Whether a value is a number, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Value, other: Value) -> bool:
    """Whether two values are one: numbers compare as numbers, booleans equal booleans alone."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _test(test: Test, domain: Domain | None) -> Question:
    name, operator = test.name, test.operator
    if operator is Operator.NULL:
        return lambda values: values.get(name) is None
    wanted = [meant(each, domain) for each in test.values]

    def ask(values: Mapping[str, Value]) -> Answer:
        value = values.get(name)
        return None if value is None else answer(value)

    answer: Callable[[Value], Answer]
    if operator in ORDER:
        answer = _order(operator, wanted[0], ranks(domain))
    elif operator is Operator.UNEQUAL:
        answer = lambda value: not same(value, wanted[0])  # noqa: E731
    elif operator is Operator.CONTAINS:
        text = test.values[0].text
        answer = lambda value: text in value if isinstance(value, str) else None  # noqa: E731
    else:
        answer = lambda value: any(same(value, each) for each in wanted)  # noqa: E731
    return ask


def _order(operator: Operator, wanted: Value, places: Ranks | None) -> Callable[[Value], Answer]:
    compare = ORDER[operator]

    def answer(value: Value) -> Answer:
        one, other = (value, wanted) if places is None else (places.of(value), places.of(wanted))
        return compare(one, other) if is_number(one) and is_number(other) else None

    return answer
