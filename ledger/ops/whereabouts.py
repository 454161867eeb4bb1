"""Where a content that a replay lacks can still be found, as the command that puts it back."""

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ledger.capture import directories
from ledger.capture.put import hash_file
from ledger.capture.walk import place as located
from ledger.errors import LedgerError
from ledger.model import Artifact, Digest, Manifest, Trial
from ledger.model.codec import decode
from ledger.ops import query
from ledger.workspace import Workspace

_MOST_FILES: Final = 10_000
"""Files beside a lost one that are looked at."""


def found_at(workspace: Workspace, wanted: Artifact, place: Path) -> str | None:
    """A file that has the content of `wanted` now; None where none is known.

    Looked at are the files that any trial read or wrote with this content, and those beside `place`.

    Parameters
    ----------
    workspace
        The ledger.
    wanted
        The file that is not there, or not as it was.
    place
        Where it was.
    """
    seen: set[Path] = set()
    for candidate in _candidates(workspace, wanted, place):
        if candidate in seen:
            continue
        seen.add(candidate)
        try:
            if candidate.stat().st_size == wanted.size and hash_file(candidate)[0] == wanted.digest:
                return str(candidate)
        except OSError:
            continue  # gone, or not ours to read
    return None


def maker(workspace: Workspace, digest: Digest) -> tuple[Trial, str] | None:
    """The first trial that wrote this content and needs it for nothing, and its path; None if none did."""
    for trial in query.load(workspace.journal):
        if any(each.digest == digest for each in trial.inputs):
            continue
        for each in _artifacts(workspace, trial, inputs=False):
            if each.digest == digest and not _holds(workspace, trial, digest):
                return trial, each.path
    return None


def _holds(workspace: Workspace, trial: Trial, digest: Digest) -> bool:
    """Whether a content is among the code and products that a replay of the trial starts from."""
    for snapshot in trial.code:
        for tree in filter(None, (snapshot.tree, snapshot.products)):
            try:
                if any(each.digest == digest for each in decode(Manifest, workspace.store.get(tree))):
                    return True
            except LedgerError:
                return True  # it cannot be made again either
    return False


def hint(workspace: Workspace, wanted: Artifact, place: Path, *, mapped: bool) -> str | None:
    """How to have the content of `wanted` at `place` again; None where nothing is known.

    Parameters
    ----------
    workspace
        The ledger.
    wanted
        What is missing.
    place
        Where the replay looks for it.
    mapped
        Whether ``--map`` can name another place for it.
    """
    if wanted.digest is None:
        return None
    target = shlex.quote(str(place))
    if _is_kept(workspace, wanted.digest):
        return f"put it back: ledger cat {wanted.digest} > {target}"
    other = found_at(workspace, wanted, place)
    if other is not None:
        moved = f"--map {shlex.quote(f'{place}={other}')}"
        return f"{other} has that content: {moved if mapped else f'cp {shlex.quote(other)} {target}'}"
    made = maker(workspace, wanted.digest)
    if made is not None:
        return f"{_by(*made)}, then ledger cat {wanted.digest} > {target}"
    return None


def made_again(workspace: Workspace, trees: Iterable[Digest]) -> tuple[str, str] | None:
    """The first path of some trees whose object is gone, and how to have it again; None if nobody knows."""
    store = workspace.store
    for tree in trees:
        try:
            entries = tuple(decode(Manifest, store.get(tree)))
        except LedgerError:
            continue
        for each in entries:
            if each.digest is not None and each.omitted is None and not _is_kept(workspace, each.digest):
                made = maker(workspace, each.digest)
                return None if made is None else (each.path, _by(*made))
    return None


def _by(trial: Trial, path: str) -> str:
    return f"trial {trial.id.short} wrote it as {path}: ledger replay {trial.id.short} puts it into the store"


def _is_kept(workspace: Workspace, digest: Digest) -> bool:
    try:
        workspace.store.check(digest)
    except LedgerError:
        return False
    return True


def _candidates(workspace: Workspace, wanted: Artifact, place: Path) -> Iterator[Path]:
    for trial in reversed(query.load(workspace.journal).ordered):
        for each in _artifacts(workspace, trial, inputs=True):
            if each.digest == wanted.digest:
                yield located(Path(trial.root), each.path)
                yield located(workspace.root, each.path)
    try:
        with os.scandir(place.parent) as beside:
            names = [each.name for each, _ in zip(beside, range(_MOST_FILES), strict=False)]
    except OSError:
        return
    for name in sorted(names):
        yield place.parent / name


def _artifacts(workspace: Workspace, trial: Trial, *, inputs: bool) -> Iterator[Artifact]:
    outputs = trial.outcome.outputs if trial.outcome else ()
    try:
        yield from directories.expanded((*outputs, *(trial.inputs if inputs else ())), workspace.store.get)
    except LedgerError:
        return  # a list of files that is damaged, which verify names
