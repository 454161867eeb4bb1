"""What commands share: the ledger they work on, options, help, and how documents and warnings go out."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ledger import workspace as workspaces
from ledger.cli.plain import directory
from ledger.errors import UsageError
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


def mapped(text: str) -> tuple[str, str]:
    """Read the value of ``--map``.

    Raises
    ------
    UsageError
        If it is not ``OLD=NEW``.
    """
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise UsageError(
            "a bad map",
            cause=f"--map: expected OLD=NEW, got {text!r}",
            hint="--map /data/old.csv=/data/new.csv",
        )
    return old, new


def emit(document: Any) -> None:
    """Write one JSON document to standard output, in UTF-8 whatever the locale."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    write(f"{text}\n".encode())


def write(content: bytes) -> None:
    """Write bytes to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
