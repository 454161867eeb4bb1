"""All that was said of a space → Space, once it is known to be sound."""

from collections.abc import Iterable, Sequence

from ledger.model.space import Parameter, Space
from ledger.tune.language import feasible, option, reach, sound
from ledger.tune.language.counts import spelled_out
from ledger.tune.language.definition import Constraint, Definition, refused


def space(definitions: Sequence[str], constraints: Sequence[str] = ()) -> Space:
    """Read a space.

    Parameters
    ----------
    definitions
        Each as it stands behind ``-p``: ``lr=log(1e-5, 1e-1)``.
    constraints
        Each as it stands behind ``--constraint``: ``units2 <= units1``.

    Raises
    ------
    UsageError
        If one does not parse, or the space is not sound.
    """
    return made(
        [option.definition(each) for each in definitions], [option.constraint(each) for each in constraints]
    )


def made(definitions: Sequence[Definition], constraints: Iterable[Constraint] = ()) -> Space:
    """Make a space of its definitions.

    Raises
    ------
    UsageError
        If it is not sound.
    """
    if not definitions:
        raise refused(
            "the space", "there is nothing to search", "no parameter is defined", "-p 'lr=log(1e-5, 1e-1)'"
        )
    spelled = spelled_out(definitions)
    known: dict[str, Definition] = {}
    for each in spelled:
        sound.check_name(each)
        if each.name in known:
            where = known[each.name].place
            also = f"{where} has it too" if where != each.place else "it is defined twice"
            raise refused(
                each.place, f"{each.name} is there twice", also, "choose another name, or leave one out"
            )
        known[each.name] = each
    conditions = sound.conditions(known)
    ordered = sound.in_order(known, conditions)
    reach.check(ordered, conditions)
    space = Space(
        parameters=tuple(
            Parameter(
                name=each.name,
                domain=each.domain,
                role=each.role,
                default=each.default,
                condition=conditions[each.name].text if each.name in conditions else None,
            )
            for each in ordered
        )
    )
    return feasible.constrained(space, constraints, known)
