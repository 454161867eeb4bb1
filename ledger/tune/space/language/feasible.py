"""Constraints put to a space, if some point meets them."""

from collections.abc import Iterable, Mapping
from typing import Final

from ledger.errors import UsageError
from ledger.model.frozen import replace
from ledger.model.space import Space
from ledger.tune.draws import Draws
from ledger.tune.space import constraints as reader
from ledger.tune.space.language.counts import each_constraint
from ledger.tune.space.language.definition import Constraint, Definition, refused
from ledger.tune.space.unit import UnitSpace

TRIES: Final = 10_000
"""Random points of which one has to meet all constraints."""


def constrained(space: Space, constraints: Iterable[Constraint], known: Mapping[str, Definition]) -> Space:
    """A space with constraints.

    Parameters
    ----------
    space
        One without.
    constraints
        As they were written.
    known
        The parameters' definitions.

    Raises
    ------
    UsageError
        If a constraint does not fit the space, if the defaults break it, or if not one of some random points
        meets all.
    """
    domains = {each.name: each.domain for each in space.parameters}
    defaults = {each.name: each.default for each in space.parameters if each.default is not None}
    found: dict[str, tuple[reader.Constraint, str]] = {}
    for stated in constraints:
        for text, place in each_constraint(stated, known):
            try:
                constraint = reader.read(text, domains)
            except UsageError as error:
                raise refused(place, "the constraint does not fit", error.cause, error.hint) from error
            if constraint.ask(defaults) is False:
                told = ", ".join(f"{name} = {defaults[name]!r}" for name in constraint.names)
                raise refused(place, "the defaults break a constraint", f"{constraint.text}, with {told}")
            found.setdefault(constraint.text, (constraint, place))
    if found:
        _check(space, list(found.values()))
    return replace(space, constraints=tuple(found))


def _check(space: Space, constraints: list[tuple[reader.Constraint, str]]) -> None:
    unit = UnitSpace(space)
    draws = Draws(0, 0)
    met = [0] * len(constraints)
    for _ in range(TRIES):
        values = unit.values(unit.completed([draws.uniform() for _ in unit.axes]))
        answers = [constraint.ask(values) is not False for constraint, _ in constraints]
        if all(answers):
            return
        met = [count + answer for count, answer in zip(met, answers, strict=True)]
    never = next((place for place, count in enumerate(met) if not count), None)
    if never is not None:
        constraint, place = constraints[never]
        raise refused(
            place,
            "a constraint that nothing meets",
            f"{constraint.text}: not one of {TRIES} random points",
            "widen the domains, or define a parameter as fixed where it has to have one value",
        )
    listed = "; ".join(
        f"{constraint.text} ({count} of {TRIES})"
        for (constraint, _), count in zip(constraints, met, strict=True)
    )
    raise refused(
        constraints[0][1],
        "constraints that nothing meets together",
        f"each is met by some random points, and not one of {TRIES} meets all: {listed}",
        "leave one out, or widen the domains",
    )
