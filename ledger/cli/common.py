"""What commands share: the ledger they work on, options, help, and how documents and warnings go out."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from ledger import workspace as workspaces
from ledger.cli.plain import directory, warn
from ledger.errors import NotFoundError, UsageError
from ledger.model import Digest
from ledger.workspace import Workspace

Function = TypeVar("Function", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
"""The option ``--json``."""


def experiment(what: str) -> Callable[[Function], Function]:
    """The option ``-x NAME``."""
    return click.option("-x", "--experiment", metavar="NAME", help=what)


def environment(what: str) -> Callable[[Function], Function]:
    """The option ``--env``."""
    return click.option(
        "--env", type=click.Choice(["recreate", "current"]), default="recreate", show_default=True, help=what
    )


def environment_of_reruns(function: Function) -> Function:
    """The option ``--env`` of what is run many times."""
    return click.option(
        "--env",
        type=click.Choice(["auto", "recreate", "current"]),
        default="auto",
        show_default=True,
        help="Make the recorded environment again, or use today's; auto: today's if it is the recorded one.",
    )(function)


maps = click.option(
    "--map",
    "maps",
    metavar="OLD=NEW",
    multiple=True,
    help="Where an input from outside of the root, or a directory of them, lies now.",
)
"""The option ``--map``, whose values `mapped` reads."""


def timeout(what: str) -> Callable[[Function], Function]:
    """The option ``--timeout`` of what runs a command again."""
    positive = click.FloatRange(min=0, min_open=True)
    return click.option("--timeout", metavar="SECONDS", type=positive, help=what)


dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be run.")
"""The option ``--dry-run`` of what runs trials."""

quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress; warnings are still printed.")
"""The option ``--quiet`` of what runs trials."""


def ends(examples: str, codes: str) -> str:
    """The end of a command's help: examples, one a line, and its exit codes."""
    lines = "\n".join(f"  {each.strip()}" for each in examples.strip().splitlines())
    return f"\b\nExamples:\n{lines}\n\nExit codes: {codes}."


def opened(
    context: click.Context, *, here: bool = False, make: bool = False, records: bool = False
) -> Workspace:
    """The ledger of this call; trials whose recorder died are told lost in it before anything is read.

    Where a remote is the ledger, its news are taken first, contents come when they are read, and what the
    command records is shared at its end.

    Parameters
    ----------
    context
        Of the command.
    here
        Whether nothing but what is on this machine is wanted: who is about to push or pull does the rest.
    make
        Whether to make the ledger where there is none.
    records
        Whether the command runs trials, which are pushed at its end where that is wanted.
    """
    from ledger.ops import lost

    workspace = _found(context.obj, make=make)
    lost.recover_quietly(workspace)
    if records and workspace.config.remote.auto_push:
        from ledger.ops.sharing import push_if_wanted

        context.call_on_close(lambda: push_if_wanted(workspace, warn))
    if here or not workspaces.is_copy(workspace.directory):
        return workspace
    from ledger.ops import copies
    from ledger.ops.upstream import Upstream

    upstream = Upstream(workspace, warn)
    if not copies.is_outer(workspace):
        upstream.refresh()
        context.call_on_close(upstream.share_quietly)
    return upstream.workspace()


def at_hand(context: click.Context) -> Workspace | None:
    """The ledger of this call, only to be read; None where there is none and nobody named one."""
    try:
        return _found(context.obj, make=False)
    except NotFoundError:
        if context.obj is not None:
            raise
        return None


def silent(workspace: Workspace) -> Mapping[Digest, float]:
    """Trials of other machines that show no sign of life, and for how many seconds."""
    if not workspaces.is_copy(workspace.directory):
        return {}
    from ledger.ops import copies, heartbeats

    return heartbeats.silent(workspace, bytes.fromhex(copies.upstream_of(workspace).id))


def _found(ledger: str | None, *, make: bool) -> Workspace:
    if ledger and ":" in ledger:
        from ledger.remotes.locate import is_url

        if is_url(ledger):
            from ledger.ops import copies

            return copies.find_or_make(directory(), ledger)[0] if make else copies.find(directory(), ledger)
    return workspaces.find_or_make(directory(), ledger)[0] if make else workspaces.find(directory(), ledger)


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
