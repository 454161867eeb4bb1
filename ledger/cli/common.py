"""What commands share: the ledger they work on, options, help, and how documents and warnings go out."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger import workspace as workspaces
from ledger.cli.text import line
from ledger.errors import NotFoundError, UsageError
from ledger.workspace import Workspace

Function = TypeVar("Function", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
"""The option ``--json``."""


def experiment(what: str) -> Callable[[Function], Function]:
    """The option ``-x NAME``."""
    return click.option("-x", "--experiment", metavar="NAME", help=what)


def ends(examples: str, codes: str) -> str:
    """The end of a command's help: examples, one a line, and its exit codes."""
    lines = "\n".join(f"  {each.strip()}" for each in examples.strip().splitlines())
    return f"\b\nExamples:\n{lines}\n\nExit codes: {codes}."


def directory() -> Path:
    """The directory where the command was given.

    Raises
    ------
    NotFoundError
        If it is gone.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotFoundError(
            "the current directory does not exist any more", hint="change into another one: cd"
        ) from error


def opened(context: click.Context) -> Workspace:
    """The ledger of this call; trials whose recorder died are told lost in it before anything is read."""
    from ledger.ops import lost

    workspace = workspaces.find(directory(), context.obj)
    lost.recover_quietly(workspace)
    return workspace


def one_of(reference: str | None, experiment: str | None, command: str) -> None:
    """Refuse a call that names both a trial and an experiment, or neither.

    Raises
    ------
    UsageError
        If so.
    """
    if (reference is None) is (experiment is None):
        raise UsageError(
            "no trial is named" if reference is None else "a trial and an experiment at once",
            cause="expected a reference or -x NAME",
            hint=f"the last trial: {command} @; an experiment: {command} -x NAME",
        )


def emit(document: Any) -> None:
    """Write one JSON document to standard output, in UTF-8 whatever the locale."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    write(f"{text}\n".encode())


def write(content: bytes) -> None:
    """Write bytes to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def warn(text: str) -> None:
    """Write a warning to standard error."""
    say(f"warning: {text}")


def say(text: str) -> None:
    """Write a line to standard error."""
    click.echo(f"ledger: {line(text)}", err=True)
