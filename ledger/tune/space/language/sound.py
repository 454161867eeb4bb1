"""What makes a space sound: its names, and conditions that can be asked and can hold."""

import re
from collections.abc import Mapping

from ledger.errors import UsageError
from ledger.model import HyperparameterType, Value
from ledger.model.filter_syntax import (
    Both,
    Either,
    Expression,
    Literal,
    Not,
    Operator,
    Test,
    mistake,
    parse,
)
from ledger.model.frozen import frozen, replace
from ledger.model.space import Domain
from ledger.tune.space.conditions import ORDER, compiled, is_number, meant, ranks, tests
from ledger.tune.space.language import spelled
from ledger.tune.space.language.definition import Definition, refused
from ledger.tune.space.language.literals import written
from ledger.tune.space.near import nearest

_NAME = re.compile(r"[^\W\d][\w.:/-]*")


@frozen
class Condition:
    """A condition that is known to make sense."""

    expression: Expression
    """Its literals are values of the domains."""
    text: str
    """In its one form."""
    needs: tuple[str, ...]
    """The parameters that it names."""


def check_name(definition: Definition) -> None:
    """Refuse a name that no template and no condition could hold.

    Raises
    ------
    UsageError
        If it is one.
    """
    name = definition.name
    if not _NAME.fullmatch(name):
        counted = re.search(r"\{\s*(\w+)", name)
        plain = re.sub(r"[^\w.:/-]+", "_", name).strip("_")
        raise refused(
            definition.place,
            "a name that a template cannot hold",
            f"expected a letter, then letters, digits and . _ - / :, got {name!r}",
            f"to count it: {name}=… for {counted.group(1)} in 1..3" if counted else plain or None,
        )


def conditions(known: Mapping[str, Definition]) -> dict[str, Condition]:
    """The conditions of all parameters that have one.

    Raises
    ------
    UsageError
        If one does not parse, names what is not there, or asks what can never be.
    """
    found = {}
    for name, definition in known.items():
        if definition.condition is not None:
            try:
                found[name] = _condition(definition.condition, known)
            except UsageError as error:
                what = f"the condition of {name} does not fit"
                raise refused(definition.asked_at, what, error.cause, error.hint) from error
    return found


def in_order(known: Mapping[str, Definition], conditions: Mapping[str, Condition]) -> list[Definition]:
    """Each after those that its condition names, else in the order of definition.

    Raises
    ------
    UsageError
        If some wait for each other.
    """
    done: dict[str, Definition] = {}
    for first in known:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            needed = conditions[name].needs if name in conditions else ()
            missing = next((each for each in needed if each not in done), None)
            if missing is None:
                done.setdefault(waiting.pop(), known[name])
            elif missing in waiting:
                circle = [*waiting[waiting.index(missing) :], missing]
                raise refused(
                    known[name].asked_at,
                    "conditions that wait for each other",
                    " needs ".join(circle),
                    f"leave out the condition of {circle[0]}",
                )
            else:
                waiting.append(missing)
    return list(done.values())


def _condition(text: str, known: Mapping[str, Definition]) -> Condition:
    expression = _resolved(parse(text), text, known)
    needs = tuple(dict.fromkeys(each.name for each in tests(expression)))
    return Condition(expression=expression, text=spelled.condition(expression), needs=needs)


def _resolved(expression: Expression, source: str, known: Mapping[str, Definition]) -> Expression:
    match expression:
        case Not(part=part):
            return Not(part=_resolved(part, source, known))
        case Both(parts=parts):
            return Both(parts=tuple(_resolved(each, source, known) for each in parts))
        case Either(parts=parts):
            return Either(parts=tuple(_resolved(each, source, known) for each in parts))
        case Test():
            return _asked(expression, source, known)


def _asked(test: Test, source: str, known: Mapping[str, Definition]) -> Test:
    if test.name not in known:
        what = f"{test.name} is not in the space"
        raise mistake(source, test.position, what, nearest(test.name, known))
    domain = known[test.name].domain
    for literal in test.values:
        if literal.text in known and not any(each == literal.text for each in domain.choices):
            raise mistake(
                source,
                literal.position,
                f"{literal.text} is a parameter, and a condition compares with values",
                f"between parameters: --constraint {source[test.position :]!r}",
            )
    if test.operator in ORDER:
        _check_order(test, source, domain)
    elif test.operator is Operator.CONTAINS:
        if not any(isinstance(each, str) and test.values[0].text in each for each in domain.choices):
            raise mistake(source, test.position, f"no value of {test.name} contains {test.values[0].text}")
    else:
        for literal in test.values:
            _check_value(test, literal, source, domain)
    return replace(test, values=tuple(_typed(each, domain) for each in test.values))


def _check_value(test: Test, literal: Literal, source: str, domain: Domain) -> None:
    from ledger.tune.space.language.domains import member

    try:
        member(domain, meant(literal, domain))
    except ValueError as error:
        names = [written(each) for each in domain.choices]
        raise mistake(
            source,
            literal.position,
            f"{test.name} is never {literal.text}: {error}",
            nearest(literal.text, names) if names else None,
        ) from error


def _check_order(test: Test, source: str, domain: Domain) -> None:
    literal, name = test.values[0], test.name
    if domain.type in (HyperparameterType.CATEGORICAL, HyperparameterType.BOOLEAN):
        raise mistake(
            source,
            test.position,
            f"{name} is {domain.type.value}: its values have no order",
            f"{name} in (…), or define it in order: {name}=ordinal(…)",
        )
    places = ranks(domain)
    if places is not None and places.of(meant(literal, domain)) is None:
        _check_value(test, literal, source, domain)
    if places is None and not is_number(literal.value):
        raise mistake(source, literal.position, f"{name} is a number, and {literal.text} is none")
    ask = compiled(test, {name: domain})
    ends: tuple[Value, ...] = domain.choices or (domain.low, domain.high)
    if not any(ask({name: each}) for each in ends):
        shown = spelled.domain(domain)
        raise mistake(
            source, test.position, f"{name} {test.operator} {literal.text} never holds: it is {shown}"
        )


def _typed(literal: Literal, domain: Domain) -> Literal:
    value = meant(literal, domain)
    if value is None or isinstance(value, tuple):
        return literal
    return replace(literal, value=value)
