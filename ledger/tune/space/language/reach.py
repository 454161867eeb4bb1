"""Whether each condition can hold, given those of the parameters that it asks."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from ledger.model import HyperparameterType, Value
from ledger.model.filter_syntax import Operator
from ledger.model.space import Domain
from ledger.tune.space.conditions import Question, compiled, is_number, tests
from ledger.tune.space.language.definition import Definition, refused
from ledger.tune.space.language.domains import bounds
from ledger.tune.space.language.sound import Condition
from ledger.tune.space.scales import Steps

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
        if definition.name not in conditions:
            continue
        needed = _needed(definition.name, conditions)
        names = [each.name for each in ordered if each.name in needed]
        relevant = {each: conditions[each] for each in (definition.name, *names) if each in conditions}
        values = {name: _standing(name, domains[name], list(relevant.values())) for name in names}
        if not _Search(definition.name, names, values, relevant, asked).succeeds():
            others = [f"{each} if {relevant[each].text}" for each in names if each in relevant]
            raise refused(
                definition.asked_at,
                f"{definition.name} never has a value",
                f"its condition never holds: {relevant[definition.name].text}"
                + (f" (with {'; '.join(others[:5])}{'; …' if others[5:] else ''})" if others else ""),
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


class _Search:
    """A search for values with which a condition holds, those first that make others hold."""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        values: Mapping[str, list[Value]],
        conditions: Mapping[str, Condition],
        asked: Mapping[str, Question],
    ) -> None:
        self._names, self._values, self._asked = names, values, asked
        self._ask = asked[name]
        asks_null = any(each.operator is Operator.NULL for each in tests(conditions[name].expression))
        self._early = not asks_null
        """Whether what the condition says of some values stays when there are more."""
        self._askers: dict[str, list[Question]] = {each: [] for each in names}
        for asker, condition in conditions.items():
            for each in condition.needs:
                self._askers[each].append(asked[asker])

    def succeeds(self) -> bool:
        """Whether it finds some, or has looked at too many to say no."""
        waiting: list[tuple[int, dict[str, Value]]] = [(0, {})]
        for _ in range(_MOST):
            if not waiting:
                return False
            place, known = waiting.pop()
            over = place == len(self._names)
            answer = self._ask(known) if self._early or over else None
            if answer is True:
                return True
            if not over and answer is None:
                waiting += [(place + 1, each) for each in self._next(self._names[place], known)]
        return True

    def _next(self, name: str, known: dict[str, Value]) -> list[dict[str, Value]]:
        """All that is known, with one more parameter, the best for last."""
        if name in self._asked and self._asked[name](known) is not True:
            return [known]
        found = [{**known, name: value} for value in self._values[name]]
        return sorted(found, key=lambda each: sum(ask(each) is True for ask in self._askers[name]))


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
