"""A ledger's remotes as a person has them: added, reached by name, cloned, pushed to by themselves."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger import fs
from ledger import workspace as workspaces
from ledger.errors import LedgerError, RemoteError, UsageError
from ledger.model import layout
from ledger.ops import copies
from ledger.ops.pull import pull
from ledger.ops.push import push
from ledger.ops.transfer import Progress, Transferred
from ledger.remotes import locate, registry, remote
from ledger.remotes.probe import probe
from ledger.remotes.registry import UPSTREAM, Known
from ledger.remotes.remote import Remote
from ledger.workspace import Workspace, is_copy


def add(workspace: Workspace, name: str, url: str, *, here: Path) -> Known:
    """Name a remote, once it has shown that it does what is relied on.

    Parameters
    ----------
    workspace
        The ledger.
    name
        What it will be called.
    url
        Where it is.
    here
        From where a relative directory counts.

    Raises
    ------
    UsageError
        If the name or the URL is off, or a package is missing that it needs.
    RemoteError
        If it cannot be reached, refuses, or lies.
    DamagedError, NewerFormatError
        If something else is there, or what a later release made.
    """
    registry.check_name(workspace.directory, name)
    place = locate.normal(url, here)
    if Path(place) == workspace.directory or workspace.directory in Path(place).parents:
        raise UsageError("a ledger is no remote of its own", cause=f"{place} lies in {workspace.directory}")
    transport = locate.reach(place)
    try:
        probe(transport)
        found = remote.made(transport)
    finally:
        transport.close()
    known = Known(name=name, url=place, id=found.id.hex())
    with fs.explained(layout.remotes_file(workspace.directory)):
        registry.add(workspace.directory, known)
    return known


def remove(workspace: Workspace, name: str) -> Known:
    """Forget a remote, which itself stays as it is.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    with fs.explained(layout.remotes_file(workspace.directory)):
        return registry.remove(workspace.directory, name)


def refuse_a_copy(workspace: Workspace) -> None:
    """Refuse to change the remotes of a ledger that is a remote itself.

    Raises
    ------
    UsageError
        If so.
    """
    if workspaces.is_copy(workspace.directory):
        raise UsageError(
            "the ledger is a remote itself",
            cause="such a one has no other remotes, and always that one",
            hint="make one here that has: ledger clone URL DIR, then ledger remote add in it",
        )


@contextmanager
def reached(known: Known, *, patience: float | None = None) -> Iterator[Remote]:
    """The remote itself, as long as it is needed.

    Parameters
    ----------
    known
        Which one.
    patience
        Seconds in which it has to answer for the first time.

    Raises
    ------
    RemoteError
        If it cannot be reached, or is another one by now.
    """
    transport = locate.reach(known.url, patience=patience)
    try:
        found = remote.opened(transport)
        if found.id.hex() != known.id:
            raise RemoteError(
                f"{known.name} is not the remote that it was",
                cause=f"expected its id {known.id} at {known.url}, got {found.id.hex()}",
                hint=f"if that is meant: ledger remote rm {known.name}, then add it again",
            )
        yield found
    finally:
        transport.close()


def clone(
    url: str, directory: Path, *, here: Path, progress: Progress = lambda _what, _done, _known: None
) -> tuple[Workspace, Known, Transferred]:
    """Make a ledger in a new or empty directory from all that a remote has.

    Parameters
    ----------
    url
        Where the remote is.
    directory
        Where the ledger comes; made with its parents.
    here
        From where a relative directory of `url` counts.
    progress
        Called as it goes.

    Raises
    ------
    UsageError
        If the directory holds something.
    NotFoundError
        If no ledger is there.
    """
    place = locate.normal(url, here)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(
            f"{directory} is not empty",
            cause="a clone makes a directory of its own",
            hint="name another one: ledger clone URL DIR; into a ledger of yours: ledger remote add",
        )
    transport = locate.reach(place)
    try:
        found = remote.opened(transport)
        with fs.explained(directory):
            directory.mkdir(parents=True, exist_ok=True)
        workspace, _ = workspaces.find_or_make(directory, os.fspath(directory / layout.DIRECTORY))
        known = Known(name=UPSTREAM, url=place, id=found.id.hex())
        with fs.explained(layout.remotes_file(workspace.directory)):
            registry.add(workspace.directory, known)
        return workspace, known, pull(workspace, found, UPSTREAM, progress=progress)
    finally:
        transport.close()


def push_if_wanted(workspace: Workspace, warn: Callable[[str], None]) -> None:
    """Push the trials that have ended to every remote, where ``[remote] auto_push`` is set.

    What fails is a warning, for nothing is lost by it. Nothing is pushed within a trial of the same ledger,
    at whose end all of it is; nor where a remote is the ledger, which is told of trials anyway.

    Parameters
    ----------
    workspace
        The ledger.
    warn
        Takes warnings, a line each.
    """
    wanted = workspace.config.remote.auto_push
    if wanted and not is_copy(workspace.directory) and not copies.is_outer(workspace):
        _push_quietly(workspace, warn)


def _push_quietly(workspace: Workspace, warn: Callable[[str], None]) -> None:
    try:
        remotes = registry.known(workspace.directory)
    except (LedgerError, OSError) as error:
        warn(f"not pushed: {error}")
        return
    if not remotes:
        warn("not pushed: auto_push is set, and the ledger has no remote: ledger remote add NAME URL")
    for each in remotes:
        try:
            with reached(each) as found:
                done = push(workspace, found, each.name)
        except (LedgerError, OSError) as error:
            why = getattr(error, "cause", None)
            message = str(getattr(error, "message", error))
            warn(f"not pushed to {each.name}: {message}{f': {why}' if why else ''}")
            continue
        for finding in done.findings:
            warn(f"not pushed to {each.name}: {finding.what} at {finding.where}")
