"""What a person says of a space and of points in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger.capture.command_line import typed
from ledger.errors import NotFoundError, UsageError
from ledger.model import HyperparameterType, Value
from ledger.model.space import Space
from ledger.tune.conditions import same
from ledger.tune.language.read import space

_NEXT = re.compile(r",(?=\s*[^\s,=]+\s*=)")
"""A comma behind which another name begins."""


def read(definitions: Sequence[str], constraints: Sequence[str], file: Path | None) -> Space | None:
    """The space of ``-p`` and ``--constraint``, or of a file; None where nothing is said.

    Raises
    ------
    UsageError
        If it is not sound.
    NotFoundError
        If there is no such file.
    """
    if file is not None:
        return _of_file(definitions, constraints, file)
    if not definitions and not constraints:
        return None
    return space(definitions, constraints)


def _of_file(definitions: Sequence[str], constraints: Sequence[str], file: Path) -> Space:
    raise NotFoundError(f"no file {file}")


def pairs(text: str) -> dict[str, Value]:
    """Values as ``--enqueue`` says them: ``lr=0.1,layers=2``.

    Raises
    ------
    UsageError
        If they are not of that form.
    """
    found: dict[str, Value] = {}
    for part in _NEXT.split(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or name.strip() in found:
            raise UsageError(
                "a bad point to enqueue",
                cause=f"--enqueue: expected NAME=VALUE,…, each name once, got {text[:80]!r}",
                hint="ledger tune … --enqueue lr=0.1,layers=2",
            )
        found[name.strip()] = typed(value.strip())
    return found


def meant(space: Space, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values as a space has them: ``1`` is the text 1 where that is a choice, and a float in a real domain."""
    domains = {each.name: each.domain for each in space.parameters}
    found: dict[str, Value] = {}
    for name, value in values.items():
        domain = domains.get(name)
        if domain is not None and domain.choices:
            alike = (each for each in domain.choices if same(each, value) or str(each) == str(value))
            value = next(alike, value)
        elif domain is not None and domain.type is HyperparameterType.REAL and type(value) is int:
            value = float(value)
        found[name] = value
    return found
