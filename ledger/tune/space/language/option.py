"""The text behind ``-p`` or ``--constraint`` → what it defines."""

import re
from collections.abc import Sequence
from typing import Final

from ledger.errors import UsageError
from ledger.model import HyperparameterRole, Value
from ledger.model.space import Domain
from ledger.tune.space.language import domains
from ledger.tune.space.language.definition import Constraint, Count, Definition, refused
from ledger.tune.space.language.literals import Argument, arguments, pointed, whole, written
from ledger.tune.space.near import nearest

_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")
_TAIL = re.compile(r"\s(?:if|for\s+[A-Za-z_]\w*\s+in)\s")
_COUNT = re.compile(r"for\s+([A-Za-z_]\w*)\s+in\s+(\d+)\s*\.\.\s*(\S+)")
_LAST_COUNT = re.compile(r"(?:^|\s)" + _COUNT.pattern + r"\s*$")
_KEYS: Final = ("step", "default", "role")
_MOST_DIGITS: Final = 18


def definition(text: str) -> Definition:
    """Read what stands behind ``-p``.

    Raises
    ------
    UsageError
        If it is no definition.
    """
    name, equals, rest = text.partition("=")
    name = name.strip()
    if not equals or not name or not rest.strip():
        raise UsageError(
            "a bad parameter",
            cause=f"-p: expected NAME=DOMAIN or NAME=VALUE, got {text[:60]!r}",
            hint="-p 'lr=log(1e-5, 1e-1)', or for one value: -p batch=32",
        )
    return described(name, rest.strip(), f"-p {name}")


def described(name: str, text: str, place: str) -> Definition:
    """Read what a definition says of a name.

    Parameters
    ----------
    name
        What is defined.
    text
        Behind ``NAME=``.
    place
        Where it stands, for errors.

    Raises
    ------
    UsageError
        If it is no definition.
    """
    call = _CALL.match(text)
    if call is None:
        domain, tail = _plain(text, place)
        role, default = None, None
    else:
        kind = domains.kind_named(call.group(1), place)
        try:
            found, end = arguments(text, call.end())
        except UsageError as error:
            raise refused(place, error.message, error.cause, error.hint) from error
        domain, role, default = _called(kind, found, text, place)
        tail = text[end:]
    counts, condition = _tail(tail, place)
    return Definition(
        name=name, domain=domain, role=role, default=default, condition=condition, counts=counts, place=place
    )


def constraint(text: str, place: str = "--constraint") -> Constraint:
    """Read a constraint with its counts: ``units{i} <= units{i-1} for i in 2..layers``."""
    left, counts = _without_counts(text.strip())
    return Constraint(text=left, counts=counts, place=place)


def counted(text: str, place: str) -> Count:
    """Read ``i in 1..layers``.

    Raises
    ------
    UsageError
        If it is none.
    """
    match = _COUNT.fullmatch(f"for {text.strip()}")
    if match is None:
        raise refused(
            place, "a count that does not parse", f"expected i in 1..N, got {text}", "i in 1..layers"
        )
    return _count(match)


def role_named(value: Value, place: str) -> HyperparameterRole:
    """A role by its name.

    Raises
    ------
    UsageError
        If it is none.
    """
    names = [each.value for each in HyperparameterRole]
    if value in names:
        return HyperparameterRole(value)
    raise refused(
        place,
        "an unknown role",
        f"expected {', '.join(names)}, got {written(value)}",
        nearest(str(value), names),
    )


def default_in(domain: Domain, value: Value, place: str) -> Value:
    """A default, as its domain has it.

    Raises
    ------
    UsageError
        If the domain has no such value.
    """
    if value is None:
        raise refused(place, "null as a default", "a search begins there only if nobody says where")
    try:
        return domains.member(domain, value)
    except ValueError as error:
        raise refused(place, "a default outside of its domain", f"{error}, got {written(value)}") from error


def _called(
    kind: str, found: Sequence[Argument], text: str, place: str
) -> tuple[Domain, HyperparameterRole | None, Value]:
    keys: dict[str, Value] = {}
    values: list[Value] = []
    log = False
    for each in found:
        if each.key is not None:
            if each.key not in _KEYS:
                raise refused(
                    place,
                    "an unknown key",
                    f"{each.key}= means nothing{pointed(text, each.position)}",
                    f"{nearest(each.key, _KEYS)}; a text with = in it needs quotes",
                )
            if each.key in keys:
                raise refused(place, f"{each.key}= twice", f"it is given again{pointed(text, each.position)}")
            keys[each.key] = each.value
        elif each.word and each.value == "log" and kind in ("real", "int", "log"):
            log = True
        else:
            values.append(each.value)
    domain = domains.domain(kind, values, log=log, step=keys.get("step"), place=place)
    role = role_named(keys["role"], place) if "role" in keys else None
    default = default_in(domain, keys["default"], place) if "default" in keys else None
    return domain, role, default


def _plain(text: str, place: str) -> tuple[Domain, str]:
    """A value without a kind, and what follows it."""
    if text[0] in "\"'":
        found = re.match(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')(?=\s|$)""", text)
        value, tail = (found.group(), text[found.end() :]) if found else (text, "")
    else:
        start = _TAIL.search(text)
        value, tail = (text[: start.start()], text[start.start() :]) if start else (text, "")
    if value == "bool":
        return domains.domain("bool", (), place=place), tail
    if value in domains.KINDS:
        raise refused(
            place,
            f"{value} without its values",
            f"got the word {value} alone",
            f'for the domain: {value}(…), for the text: fixed("{value}")',
        )
    return domains.domain("fixed", [whole(value.strip())], place=place), tail


def _tail(text: str, place: str) -> tuple[tuple[Count, ...], str | None]:
    """The counts and the condition behind a domain."""
    left = text.strip()
    first: list[Count] = []
    while match := _COUNT.match(left):
        first.append(_count(match))
        left = left[match.end() :].lstrip()
    left, last = _without_counts(left)
    counts = (*first, *last)
    if not left:
        return counts, None
    word, _, condition = left.partition(" ")
    if word != "if" or not condition.strip():
        raise refused(
            place,
            "something is left over",
            f"expected `if CONDITION` or `for i in 1..N`, got {left}",
            "-p 'momentum=real(0, 0.99) if opt = sgd'; a text with spaces and parentheses needs quotes",
        )
    return counts, condition.strip()


def _without_counts(text: str) -> tuple[str, tuple[Count, ...]]:
    """A text, and the counts at its end."""
    counts: list[Count] = []
    while match := _LAST_COUNT.search(text):
        counts.insert(0, _count(match))
        text = text[: match.start()].rstrip()
    return text, tuple(counts)


def _count(match: re.Match[str]) -> Count:
    variable, first, last = match.groups()
    return Count(variable=variable, first=_number(first), last=_number(last) if last.isdecimal() else last)


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS  # too many steps, either way
