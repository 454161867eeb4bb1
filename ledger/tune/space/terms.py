"""What a constraint compares: parameters, values, and what is computed from them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ledger.model import HyperparameterType, Value
from ledger.model.filter_syntax import KEYWORDS
from ledger.model.frozen import frozen
from ledger.model.space import Domain
from ledger.tune.space.conditions import Ranks, is_number

Reader = Callable[[Mapping[str, Value]], Value]
"""The value of something, told the parameters' values by name; None where one of them has none."""


class FailedError(Exception):
    """A term that cannot be computed."""


@frozen
class Term:
    """What is compared or computed with."""

    text: str
    read: Reader
    """Its value; None where a parameter of it has none."""
    number: bool
    """Whether it is a number, whatever the values."""
    position: int
    domain: Domain | None = None
    """Of the parameter that it is, and nothing else."""
    unknown: str | None = None
    """The word that it is, where that names no parameter."""
    level: int = 3
    """How tight its parts hold together: 1 a sum, 2 a product, 3 one thing."""


def text(value: str, position: int) -> Term:
    """A text."""
    doubled = value.replace('"', '""')
    return Term(text=f'"{doubled}"', read=lambda _: value, number=False, position=position)


def constant(value: Value, position: int) -> Term:
    """A number, or a boolean."""
    number = is_number(value)
    written = repr(value) if number else str(value).lower()
    return Term(text=written, read=lambda _: value, number=number, position=position)


def parameter(name: str, domain: Domain | None, position: int) -> Term:
    """A parameter; a word that may still turn out to be text where there is none."""
    if domain is None:
        return Term(text=name, read=lambda _: name, number=False, position=position, unknown=name)
    plain = re.fullmatch(r"[^\W\d][\w.:]*", name) and name.lower() not in KEYWORDS
    doubled = name.replace("`", "``")
    numbers = domain.type is HyperparameterType.ORDINAL and all(map(is_number, domain.choices))
    return Term(
        text=name if plain else f"`{doubled}`",
        read=lambda values: values.get(name),
        number=is_number(domain.low) or numbers,
        position=position,
        domain=domain,
    )


def held(term: Term, level: int) -> str:
    """The text of a term inside of one whose parts hold together as `level` says."""
    return f"({term.text})" if term.level < level else term.text


def ranked(read: Reader, places: Ranks) -> Reader:
    """The place of a value among those of an ordinal."""

    def found(values: Mapping[str, Value]) -> Value:
        value = read(values)
        return None if value is None else places.of(value)

    return found


def computed(compute: Callable[[Any, Any], Any], one: Reader, other: Reader) -> Reader:
    """What is computed from two numbers; FailedError where it cannot be."""

    def found(values: Mapping[str, Value]) -> Value:
        first, second = one(values), other(values)
        if first is None or second is None:
            return None
        try:
            result: Value = compute(first, second)
        except ArithmeticError as error:
            raise FailedError from error
        return result

    return found
