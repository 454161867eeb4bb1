"""A remote that is the ledger itself: what this machine has of it, in a copy in the user's cache.

The copy is a ledger directory like any other, with one origin for each machine, as everywhere. What is
recorded is durable in it before anything runs, and goes to the remote as soon as that can be reached. Its
entries are all there after `Upstream.refresh`; contents come when something reads them.
"""

import os
from pathlib import Path

from ledger import fs
from ledger import workspace as workspaces
from ledger.errors import DamagedError, NotFoundError, RemoteError, UsageError
from ledger.model import Digest, layout
from ledger.ops import spool as spools
from ledger.remotes import locate, registry
from ledger.remotes.registry import UPSTREAM, Known
from ledger.workspace import Workspace

PATIENCE_S = 5.0
"""Seconds in which a remote has to answer, before one does without it."""


def find(start: Path, url: str) -> Workspace:
    """Open the copy of the remote at `url`; at the first time it is made, and what it holds is yet to come.

    Parameters
    ----------
    start
        The directory whose tree it stands for, and from where a relative place counts.
    url
        Where the remote is.

    Raises
    ------
    NotFoundError
        If no ledger is there.
    UsageError
        If the URL is off, or a package is missing that it needs.
    RemoteError
        If it is the first time, and the remote cannot be reached.
    DamagedError, NewerFormatError
        If something else is there, or what a later release made.
    """
    return _found(start, url, make=False)[0]


def find_or_make(start: Path, url: str) -> tuple[Workspace, bool]:
    """As `find`; where nothing is there, make a remote, once it has shown that it does what is relied on.

    Returns
    -------
    tuple of Workspace and bool
        The copy, and whether the remote was made just now.

    Raises
    ------
    RemoteError
        If it is the first time, and the remote cannot be reached, or lies.
    """
    return _found(start, url, make=True)


def upstream_of(workspace: Workspace) -> Known:
    """The remote that a ledger is the copy of.

    Raises
    ------
    DamagedError
        If the copy does not say so any more.
    """
    try:
        return registry.named(workspace.directory, UPSTREAM)
    except NotFoundError as error:
        raise DamagedError(
            f"{workspace.directory} is the copy of a remote, and does not say of which",
            cause=f"expected {UPSTREAM} in {layout.remotes_file(workspace.directory)}",
            hint="a command with --ledger URL puts it back",
        ) from error


def refuse(workspace: Workspace) -> None:
    """Refuse to record in a copy what would be of everything, or of the remote itself.

    Raises
    ------
    UsageError
        If the tree is ``/`` or the home directory, or the remote is a directory in it.
    """
    workspaces.refuse_everything(workspace.root, git=workspace.git)
    url = upstream_of(workspace).url
    if locate.is_url(url):
        return
    place = Path(url).resolve()
    if place.is_relative_to(workspace.root):
        raise UsageError(
            f"a remote in the tree that is recorded is refused: {locate.written(url)}",
            cause=f"its files would be taken for what trials of {workspace.root} read and write",
            hint="move it out of there, or record without it: ledger run COMMAND, without --ledger",
        )


def is_outer(workspace: Workspace) -> bool:
    """Whether this runs inside a trial of the same copy, whose recorder shares all of it, now and at its end.

    What a trial left running may outlive it, and is on its own then.
    """
    if "LEDGER_TRIAL" not in os.environ or os.environ.get("LEDGER_DIR") != str(workspace.directory):
        return False
    spool = os.environ.get("LEDGER_SPOOL")
    return bool(spool) and spools.is_held(Path(spool or ""))


def is_tried(workspace: Workspace, id: bytes) -> bool:
    """Whether the remote has shown that it does what is relied on."""
    return layout.remote_tried(workspace.directory, id).exists()


def note_tried(directory: Path, id: bytes) -> None:
    """Keep in mind that it has."""
    path = layout.remote_tried(directory, id)
    fs.make_directory(path.parent)
    fs.replace(path, b"", sync=False)


def other_hint(url: str) -> str:
    """What helps where another remote has taken the place of the one that was there."""
    path = layout.copied_url(workspaces.cache_directory(), _name(url))
    return (
        f"if that is meant, forget what was there: rm {path}; trials that were not shared with it stay here"
    )


def _found(start: Path, url: str, *, make: bool) -> tuple[Workspace, bool]:
    place = locate.normal(url, start)
    cache = workspaces.cache_directory()
    id, made = _noted(cache, place), False
    if id is None:
        id, made, tried = _ask(place, make=make)
        directory = layout.copy(cache, id, _name(place))
        with fs.explained(directory):
            _begin(directory, place, id)
            if tried:
                note_tried(directory, id)
            note = layout.copied_url(cache, _name(place))
            fs.make_directory(note.parent)
            fs.replace(note, f"{id.hex()}\n{place}\n".encode())
    directory = layout.copy(cache, id, _name(place))
    known = Known(name=UPSTREAM, url=place, id=id.hex())
    if known not in registry.known(directory):  # it is lost, or was changed by hand
        with fs.explained(directory):
            registry.put(directory, known)
    return workspaces.find(start, str(directory)), made


def _ask(place: str, *, make: bool) -> tuple[bytes, bool, bool]:
    """The id of a remote, whether it was made just now, and whether it was tried."""
    from ledger.remotes import remote  # of use at the first time alone
    from ledger.remotes.probe import probe

    try:
        transport = locate.reach(place, patience=PATIENCE_S)
    except RemoteError as error:
        raise RemoteError(
            error.message,
            cause=error.cause,
            hint=error.hint
            or "the first time has to reach it; to record without it: ledger run COMMAND, without --ledger",
        ) from error
    try:
        try:
            return remote.opened(transport).id, False, False
        except NotFoundError as error:
            if not make:
                raise NotFoundError(
                    f"no ledger at {locate.written(place)}",
                    cause="it has no blob format",
                    hint=f"make one: ledger --ledger {locate.written(place)} init, or record a trial in it",
                ) from error
        probe(transport)
        return remote.made(transport).id, True, True
    finally:
        transport.close()


def _begin(directory: Path, place: str, id: bytes) -> None:
    """Make the copy; it says what it is before it is a ledger."""
    if not layout.upstream_file(directory).is_file():
        fs.make_directory(directory)
        registry.put(directory, Known(name=UPSTREAM, url=place, id=id.hex()))
        fs.create(layout.upstream_file(directory), f"{id.hex()}\n".encode())
    workspaces.make(directory)


def _noted(cache: Path, place: str) -> bytes | None:
    """The id of the remote that was found at a place, if there is a copy of it."""
    try:
        text = layout.copied_url(cache, _name(place)).read_text("ascii", "replace").partition("\n")[0]
        id = bytes.fromhex(text)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    directory = layout.copy(cache, id, _name(place))
    there = len(id) == 16 and workspaces.is_copy(directory) and layout.format_file(directory).is_file()
    return id if there else None


def _name(place: str) -> Digest:
    return Digest.of(place.encode())


def said(error: Exception) -> str:
    """An error in one line."""
    cause = getattr(error, "cause", None)
    return f"{getattr(error, 'message', error)}{f': {cause}' if cause else ''}"
