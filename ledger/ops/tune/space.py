"""What a person says of a space and of points in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ledger.capture.command_line import typed
from ledger.errors import NotFoundError, UsageError
from ledger.model import HyperparameterType, Value
from ledger.model.space import Space
from ledger.tune.space.conditions import same
from ledger.tune.space.language.read import again, space

_NEXT = re.compile(r",(?=\s*[^\s,=]+\s*=)")
"""A comma behind which another name begins."""


def read(definitions: Sequence[str], constraints: Sequence[str], file: Path | None) -> Space | None:
    """The space of a file, of ``-p`` and ``--constraint``; None where nothing is said.

    Raises
    ------
    UsageError
        If it is not sound.
    NotFoundError
        If there is no such file.
    """
    if file is None and not definitions and not constraints:
        return None
    return space(definitions, constraints, file=None if file is None else (str(file), _text(file)))


def of(given: Space | Mapping[str, Any] | Sequence[str] | None) -> Space | None:
    """A space as a Python call says it: one, a mapping as a file has it, or texts as ``-p`` has them.

    Raises
    ------
    UsageError
        If it is not sound.
    """
    if given is None:
        return None
    if isinstance(given, Space):
        return again(given)
    if isinstance(given, Mapping):
        return space(mapping=given)
    return space(given)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {file}", cause="--space names a file of TOML") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", cause=str(error)) from error


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


def meant(searched: Space, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values as a space has them: 1 is the text 1 where that is a choice, and a float in a real domain.

    2.0 is 2 among integers, and a scalar of numpy the Python value that it stands for.
    """
    domains = {each.name: each.domain for each in searched.parameters}
    found: dict[str, Value] = {}
    for name, given in values.items():
        domain, value = domains.get(name), cast(Any, given)
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
            value = value.item()  # a float of numpy is a float, too, and is written down in another form
        if domain is not None and domain.choices:
            alike = (each for each in domain.choices if same(each, value) or str(each) == str(value))
            value = next(alike, value)
        elif domain is not None and domain.type is HyperparameterType.REAL and type(value) is int:
            value = float(value)
        elif domain is not None and domain.type is HyperparameterType.INTEGER and type(value) is float:
            value = int(value) if value.is_integer() else value
        found[name] = value
    return found
