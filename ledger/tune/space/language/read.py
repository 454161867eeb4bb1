"""All that was said of a space → Space, once it is known to be sound."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.model.space import Parameter, Space
from ledger.tune.space.language import feasible, option, reach, sound, spelled
from ledger.tune.space.language.counts import spelled_out, with_variables
from ledger.tune.space.language.definition import Constraint, Definition, refused
from ledger.tune.space.language.file import from_mapping, from_text


def space(
    definitions: Sequence[str] = (),
    constraints: Sequence[str] = (),
    *,
    file: tuple[str, str] | None = None,
    mapping: Mapping[str, Any] | None = None,
) -> Space:
    """Read a space.

    Parameters
    ----------
    definitions
        Each as it stands behind ``-p``: ``lr=log(1e-5, 1e-1)``. One of a name that a file or mapping defines
        stands in for that.
    constraints
        Each as it stands behind ``--constraint``: ``units2 <= units1``.
    file
        Name and content of a ``space.toml``.
    mapping
        The same in Python.

    Raises
    ------
    UsageError
        If something does not parse, or the space is not sound.
    """
    own = [option.definition(each) for each in definitions]
    stated = [option.constraint(each) for each in constraints]
    written: list[Definition] = []
    for found in (
        None if file is None else from_text(file[1], file[0]),
        None if mapping is None else from_mapping(mapping),
    ):
        written += found[0] if found else []
        stated = [*(found[1] if found else ()), *stated]
    return made(_over(written, own), stated)


def _over(written: Iterable[Definition], own: Iterable[Definition]) -> list[Definition]:
    """Definitions, some of which others of the same name stand in for."""
    mine: dict[str, list[Definition]] = {}
    for each in map(with_variables, own):
        mine.setdefault(each.name, []).append(each)
    found: list[Definition] = []
    for each in map(with_variables, written):
        found += mine.pop(each.name, [each])
    return [*found, *(each for several in mine.values() for each in several)]


def again(found: Space) -> Space:
    """A space that somebody put together by hand, once it is known to be sound.

    Raises
    ------
    UsageError
        If it is not.
    """
    return space([spelled.parameter(each) for each in found.parameters], found.constraints)


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
