"""The words of a trial's command, from a search's template and the values to try."""

import re
from collections.abc import Mapping, Sequence

from ledger.errors import UsageError
from ledger.model import Value
from ledger.model.space import Space

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
SEED = "seed"


def check(template: Sequence[str], space: Space) -> None:
    """Refuse a template that names what the space has not, or leaves something of it out."""
    names = {each.name for each in space.parameters}
    used = {match[1] for word in template for match in _FIELD.finditer(word) if match[1] is not None}
    unknown = sorted(used - names - {SEED})
    if unknown:
        raise UsageError(
            f"{{{unknown[0]}}} names no parameter", cause=f"there are {', '.join(sorted(names))}"
        )
    unused = sorted(names - used)
    if unused:
        raise UsageError(f"the command has no {{{unused[0]}}}", cause="so it would make no difference")


def words(template: Sequence[str], values: Mapping[str, Value], seed: int, space: Space) -> tuple[str, ...]:
    """The words of a command."""
    names = {each.name for each in space.parameters}
    found: list[str] = []
    for word in template:
        needed = {match[1] for match in _FIELD.finditer(word) if match[1] is not None}
        if needed & names - values.keys():
            if found and found[-1].startswith("-"):
                found.pop()
            continue
        found.append(_FIELD.sub(lambda match: _put(match, values, seed), word))
    return tuple(found)


def _put(match: re.Match[str], values: Mapping[str, Value], seed: int) -> str:
    if match[1] is None:
        return match[0][0]
    if match[1] == SEED and SEED not in values:
        return str(seed)
    value = values[match[1]]
    return str(value).lower() if isinstance(value, bool) else str(value)
