"""Counts spelled out: ``units{i} … for i in 1..layers`` becomes units1, units2 and so on."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ledger.errors import UsageError
from ledger.model import HyperparameterType
from ledger.model.filter_syntax import Either, parse
from ledger.model.frozen import replace
from ledger.model.space import Domain
from ledger.tune.space.language.definition import Constraint, Count, Definition, refused
from ledger.tune.space.language.domains import bounds
from ledger.tune.space.language.literals import named
from ledger.tune.space.near import nearest

MOST: Final = 1000
"""Parameters, or constraints, of one space."""
_VARIABLE = re.compile(r"\{\s*([A-Za-z_]\w*)\s*(?:([+-])\s*(\d{1,9})\s*)?\}")


def spelled_out(definitions: Sequence[Definition]) -> list[Definition]:
    """Definitions without counts, in the order of what they come from.

    Those of a count are told apart by its variable, which is put behind the name where the name does not say
    where it belongs. Each has the count as a condition (``layers >= 2``), unless that always holds.

    Raises
    ------
    UsageError
        If a count names what is no whole number, or there are too many parameters.
    """
    made: dict[int, list[Definition]] = {
        place: [each] for place, each in enumerate(definitions) if not each.counts
    }
    known = {each.name: each for each in definitions if not each.counts}
    waiting = {place: with_variables(each) for place, each in enumerate(definitions) if each.counts}
    while waiting:
        done = []
        missing: dict[str, str] = {}
        for place, each in waiting.items():
            try:
                made[place] = _steps(each, known, MOST - sum(map(len, made.values())))
            except KeyError as error:
                missing[each.place] = error.args[0]
            else:
                done.append(place)
        for place in done:
            known.update((each.name, each) for each in made[place])
            del waiting[place]
        if not done:
            raise _stuck(missing, waiting.values(), known)
    return [each for place in sorted(made) for each in made[place]]


def each_constraint(constraint: Constraint, known: Mapping[str, Definition]) -> list[tuple[str, str]]:
    """The texts of a constraint, one for each step of its counts, each with its place.

    Raises
    ------
    UsageError
        If a count names what is no whole number, or there are too many.
    """
    found = []
    try:
        for values, _ in _walk(constraint.counts, known, constraint.place, {}, MOST):
            shown = ", ".join(f"{name} = {value}" for name, value in values.items())
            place = f"{constraint.place} ({shown})" if shown else constraint.place
            found.append((_filled(constraint.text, values, place), place))
    except KeyError as error:
        name = str(error.args[0])
        raise refused(
            constraint.place, "an unknown name", f"{name} is not defined", nearest(name, known)
        ) from error
    return found


def _steps(definition: Definition, known: Mapping[str, Definition], room: int) -> list[Definition]:
    """One definition for each step; KeyError while the parameter that a count names is not known."""
    made = []
    for values, tests in _walk(definition.counts, known, definition.place, {}, room):
        if definition.condition is not None:
            tests.append(_filled(definition.condition, values, definition.place))
        name = _filled(definition.name, values, definition.place)
        made.append(replace(definition, name=name, condition=_all(tests), counts=()))
    return made


def _walk(
    counts: Sequence[Count],
    known: Mapping[str, Definition],
    place: str,
    values: Mapping[str, int],
    room: int,
) -> Iterator[tuple[dict[str, int], list[str]]]:
    """Each step's variables, and what must hold for it; KeyError while a parameter is not known."""
    if not counts:
        yield dict(values), []
        return
    count = counts[0]
    if count.variable in values:
        raise refused(place, "a variable that counts twice", f"{count.variable} is in two counts")
    last, name, sure = _last(count, known, place, values)
    if last < count.first:
        raise refused(place, "a count without a step", f"{count.variable} goes from {count.first} to {last}")
    if last - count.first >= room:
        raise refused(
            place, "too many parameters", f"expected at most {MOST} in all, got {count.first}..{last}"
        )
    for step in range(count.first, last + 1):
        own = [] if name is None or step <= sure else [f"{named(name)} >= {step}"]
        for inner, tests in _walk(counts[1:], known, place, {**values, count.variable: step}, room):
            room -= 1
            if room < 0:
                raise refused(place, "too many parameters", f"expected at most {MOST} in all")
            yield inner, [*own, *tests]


def _last(
    count: Count, known: Mapping[str, Definition], place: str, values: Mapping[str, int]
) -> tuple[int, str | None, int]:
    """Where a count ends, the parameter that says so, and up to where it surely goes."""
    if isinstance(count.last, int):
        return count.last, None, count.last
    name = _filled(count.last, values, place)
    counting = known[name]
    numbers = _whole(counting.domain)
    if numbers is None:
        raise refused(
            place,
            "a count that is no whole number",
            f"{name} is {counting.domain.type.value}: expected a number, or an int parameter",
            f"{name}=int(1, 4)",
        )
    least, most = numbers
    return most, name, least if counting.condition is None else count.first - 1


def _all(conditions: Sequence[str]) -> str | None:
    """One condition of several."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    try:
        either = [isinstance(parse(each), Either) for each in conditions]
    except UsageError:  # it is refused where all conditions are read, with its place
        either = [False] * len(conditions)
    pairs = zip(conditions, either, strict=True)
    return " and ".join(f"({each})" if loose else each for each, loose in pairs)


def _whole(domain: Domain) -> tuple[int, int] | None:
    """The least and the greatest of whole numbers that have an order."""
    if domain.type is HyperparameterType.INTEGER:
        low, high = bounds(domain)
        return int(low), int(high)
    numbers = [each for each in domain.choices if isinstance(each, int) and not isinstance(each, bool)]
    if domain.type is HyperparameterType.ORDINAL and len(numbers) == len(domain.choices):
        return min(numbers), max(numbers)
    return None


def with_variables(definition: Definition) -> Definition:
    """The definition, with a name that says where each variable belongs: ``units`` becomes ``units{i}``.

    Raises
    ------
    UsageError
        If the name leaves open where.
    """
    there = {match.group(1) for match in _VARIABLE.finditer(definition.name)}
    missing = [each.variable for each in definition.counts if each.variable not in there]
    if not missing:
        return definition
    if len(definition.counts) == 1 and not there:
        return replace(definition, name=f"{definition.name}{{{missing[0]}}}")
    raise refused(
        definition.place,
        "a count that tells no names apart",
        f"expected {{{missing[0]}}} in the name, got {definition.name}",
    )


def _filled(text: str, values: Mapping[str, int], place: str) -> str:
    """A text with the variables' values."""

    def value(match: re.Match[str]) -> str:
        name, sign, offset = match.groups()
        if name not in values:
            raise refused(
                place,
                "an unknown variable",
                f"{match.group()} in {text}: {nearest(name, values) if values else 'nothing counts it'}",
                f"add: for {name} in 1..N",
            )
        found = values[name] + (int(f"{sign}{offset}") if offset else 0)
        if found < 0:
            raise refused(
                place, "a count below zero", f"{match.group()} is {found} where {name} is {values[name]}"
            )
        return str(found)

    return _VARIABLE.sub(value, text)


def _stuck(
    missing: Mapping[str, str], waiting: Iterable[Definition], known: Mapping[str, Definition]
) -> Exception:
    """Why none of the counts that are left can be spelled out."""
    to_come = [re.escape(each.name) for each in waiting]
    for place, name in missing.items():
        patterns = (re.sub(r"\\{.*?\\}", r"\\d+", each) for each in to_come)
        if not any(re.fullmatch(each, name) for each in patterns):
            return refused(place, "an unknown name", f"{name} is not defined", nearest(name, known))
    return refused(
        next(iter(missing)),
        "counts that wait for each other",
        "; ".join(f"{place} waits for {name}" for place, name in missing.items()),
    )
