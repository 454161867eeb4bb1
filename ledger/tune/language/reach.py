"""Whether each condition can hold, given those of the parameters that it asks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.space import Domain
from ledger.tune.conditions import Question, compiled, is_number, tests
from ledger.tune.language.definition import Definition, refused
from ledger.tune.language.domains import bounds
from ledger.tune.language.sound import Condition
from ledger.tune.scales import Steps

_MOST: Final = 50_000
"""Combinations to look at; a condition for which that is not enough is taken to be good."""


def check(ordered: Sequence[Definition], conditions: Mapping[str, Condition]) -> None:
    """Refuse a condition that never holds.

    Each test of a condition splits a domain in two, so a few values of each domain stand for all of them, and
    a condition is good if it holds for some combination in which every other parameter has a value just where
    its own condition holds.

    Raises
    ------
    UsageError
        If there is one.
    """
    domains = {each.name: each.domain for each in ordered}
    asked = {name: compiled(each.expression, domains) for name, each in conditions.items()}
    for definition in ordered:
        if definition.name in conditions:
            needed = _needed(definition.name, conditions)
            names = [each.name for each in ordered if each.name in needed]
            relevant = [
                conditions[definition.name],
                *(conditions[each] for each in names if each in conditions),
            ]
            values = {name: _standing(name, domains[name], relevant) for name in names}
            if not _holds(asked[definition.name], names, values, asked):
                others = [f"{each} if {conditions[each].text}" for each in names if each in conditions]
                raise refused(
                    definition.asked_at,
                    f"{definition.name} never has a value",
                    f"its condition never holds: {conditions[definition.name].text}"
                    + (f" (with {'; '.join(others)})" if others else ""),
                    f"leave {definition.name} out, or change the condition",
                )


def _needed(name: str, conditions: Mapping[str, Condition]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        condition = conditions.get(waiting.pop())
        new = set(condition.needs) - found if condition else set()
        found |= new
        waiting += new
    return found


def _holds(
    ask: Question, names: Sequence[str], values: Mapping[str, list[Value]], asked: Mapping[str, Question]
) -> bool:
    left = _MOST

    def points(place: int, known: dict[str, Value]) -> Iterator[dict[str, Value]]:
        nonlocal left
        left -= 1
        if place == len(names):
            yield known
            return
        name = names[place]
        if name in asked and asked[name](known) is not True:
            yield from points(place + 1, known)
            return
        for value in values[name]:
            if left < 0:
                return
            yield from points(place + 1, {**known, name: value})

    return any(ask(point) is True for point in points(0, {})) or left < 0


def _standing(name: str, domain: Domain, conditions: Sequence[Condition]) -> list[Value]:
    """Values that stand for all of a domain: no test of the conditions tells others apart."""
    if domain.choices:
        return list(domain.choices)
    low, high = bounds(domain)
    numbers = [
        each.value
        for condition in conditions
        for test in tests(condition.expression)
        if test.name == name
        for each in test.values
        if is_number(each.value) and not isinstance(each.value, str)
    ]
    edges = sorted({low, high, *(each for each in numbers if low <= each <= high)})
    step = 1 if domain.step is None and domain.type is HyperparameterType.INTEGER else domain.step
    if step is None:
        return [*edges, *((one + other) / 2 for one, other in pairwise(edges))]
    steps = Steps(low, high, step)
    places = {math.floor((edge - low) / step) + near for edge in edges for near in (-1, 0, 1, 2)}
    return [steps.at(place) for place in sorted(places) if 0 <= place < steps.count]
