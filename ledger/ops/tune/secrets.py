"""Secrets in a search's command: neither spelling of their braces is written down."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ledger.capture.secrets import Secrets, refill

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_PRIVATE_USE = range(0xE000, 0xF900)


def masked(
    command: Sequence[str], variables: Mapping[str, str], directories: Iterable[Path]
) -> tuple[str, ...]:
    """A template whose secrets are left out, as each trial will record them.

    A secret is looked for in what the program gets, where ``{{`` is one brace; that is spelled twice again
    in what is left.

    Parameters
    ----------
    command
        The template.
    variables
        The trials' environment.
    directories
        Where a ``.env`` may lie that they read.
    """
    text = "".join(command)
    mark = next(chr(each) for each in _PRIVATE_USE if chr(each) not in text)  # tells {name} from braces

    def plain(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else f"{{{mark}{match[1]}}}"

    found = Secrets.find([_BRACES.sub(plain, each) for each in command], variables, directories)
    name = re.compile(rf"\{{{mark}([^{{}}]*)\}}|[{{}}]")
    return tuple(
        name.sub(lambda match: match[0] * 2 if match[1] is None else f"{{{match[1]}}}", each)
        for each in found.argv
    )


def refilled(command: Iterable[str], variables: Mapping[str, str]) -> tuple[str, ...]:
    """A recorded template with today's secrets, their braces spelled as a template's.

    Raises
    ------
    NotFoundError
        If variables are not set; it names all of them.
    """
    return refill(
        command, {name: value.replace("{", "{{").replace("}", "}}") for name, value in variables.items()}
    )
