"""A trial of a search: of the code as it was when the search began, with what was proposed."""

import os
import posixpath
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ledger.capture.code import CapturedCode
from ledger.capture.files import Scan
from ledger.capture.walk import place
from ledger.errors import CannotRecordError
from ledger.model import Artifact, ArtifactRole, CodeSnapshot, Digest, Hyperparameter, Manifest, Mode
from ledger.model.codec import decode
from ledger.model.frozen import replace
from ledger.model.manifest import path_key
from ledger.model.media import media_type
from ledger.ops import checkpoints
from ledger.ops.prepare import Pinned
from ledger.workspace import Workspace

SOURCE = "proposal"
"""Of a hyperparameter that shows nowhere but in what was proposed."""


def without_own_output(found: Scan, root: Path) -> Scan:
    """A tree without the files that our output goes to, which grow as a search does."""
    ours = set()
    for descriptor in (1, 2):
        with suppress(OSError):  # it is closed
            status = os.fstat(descriptor)
            ours.add((status.st_dev, status.st_ino))
    inodes = {inode for _, inode in ours}
    own = {
        path
        for path, status in found.files.items()
        if status.inode in inodes and _identity(place(root, path)) in ours
    }
    files = {path: status for path, status in found.files.items() if path not in own}
    return replace(found, files=files, left_out=frozenset(own))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def instead(
    workspace: Workspace, captured: CapturedCode, found: Scan, pinned: Pinned
) -> tuple[CapturedCode, Scan]:
    """The pinned code for that of now, and of the tree only what is no code: what git ignores, mostly.

    Raises
    ------
    LedgerError
        If the pinned code is not whole.
    """
    now = {entry.path for manifest in (captured.tree, captured.products) for entry in manifest}
    own = replace(pinned.code[0], paths=())  # they are found anew
    rest = {path: status for path, status in found.files.items() if path not in now}
    kept = checkpoints.without(replace(found, files=rest), pinned.checkpoints)
    return (
        CapturedCode(
            snapshot=own,
            tree=_manifest(workspace, own.tree),
            products=_manifest(workspace, own.products),
            health=captured.health,
        ),
        kept,
    )


def _manifest(workspace: Workspace, digest: Digest | None) -> Manifest:
    return Manifest(entries=()) if digest is None else decode(Manifest, workspace.store.get(digest))


def check(pinned: Pinned, now: Sequence[CodeSnapshot]) -> None:
    """Refuse code from elsewhere (editable installs) that is not as it was, since it cannot be copied.

    Raises
    ------
    CannotRecordError
        If it changed.
    """
    before = {each.name: each.tree for each in pinned.code[1:]}
    after = {each.name: each.tree for each in now[1:]}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            raise CannotRecordError(
                f"the code of {name} is not what it was when the search began",
                cause=f"expected {before.get(name, 'none')}, got {after.get(name, 'none')}",
                hint="put it back as it was, or begin a new search from this one: ledger tune --fork",
            )


def as_copied(inputs: Iterable[Artifact], captured: CapturedCode, now: CapturedCode) -> tuple[Artifact, ...]:
    """Declared inputs as a trial's copy of the tree holds them.

    Parameters
    ----------
    inputs
        As they are in the tree by now.
    captured
        The pinned code.
    now
        The code by now, of which its copy holds nothing.
    """
    copied, left = (
        {entry.path: entry for manifest in (each.tree, each.products) for entry in manifest}
        for each in (captured, now)
    )
    found = []
    for each in inputs:
        entry = copied.get(each.path)
        if entry is not None and entry.digest is not None:
            each = replace(each, digest=entry.digest, size=entry.size, mode=entry.mode, omitted=entry.omitted)
        elif entry is None and each.path in left:
            continue  # it came after the search had begun
        found.append(each)
    return tuple(found)


def with_files(
    workspace: Workspace, inputs: Sequence[Artifact], pinned: Pinned, directory: str
) -> tuple[Artifact, ...]:
    """Declared inputs, and the files that its copy alone holds."""
    own = (
        Artifact(
            role=ArtifactRole.INPUT,
            path=posixpath.normpath(f"{directory}/{name}"),
            digest=workspace.store.put(content),
            size=len(content),
            mode=Mode.FILE,
            media_type=media_type(name),
        )
        for name, content in pinned.files
    )
    return tuple(sorted([*inputs, *own], key=lambda each: path_key(each.path)))


def with_checkpoint(
    workspace: Workspace, inputs: Sequence[Artifact], pinned: Pinned
) -> tuple[tuple[Artifact, ...], tuple[Artifact, ...]]:
    """Declared inputs with the checkpoint that a trial goes on from, and that checkpoint.

    It is empty where there is none, or not all of it is to be had any more: the trial begins anew then.
    """
    if pinned.continued is None:
        return tuple(inputs), ()
    files = checkpoints.there(workspace.store, pinned.continued.files)
    found = checkpoints.grouped(files, workspace.store, str(workspace.root))
    paths = {each.path for each in found}
    kept = [each for each in inputs if each.path not in paths]
    return tuple(sorted([*kept, *found], key=lambda each: path_key(each.path))), found


def overlaid(seen: Iterable[Hyperparameter], pinned: Pinned) -> tuple[Hyperparameter, ...]:
    """Hyperparameters as they were seen, each with the type and the role of what was proposed.

    What shows nowhere else is there as it was proposed.
    """
    found = {each.name: each for each in seen}
    for each in pinned.hyperparameters:
        here = found.get(each.name)
        if here is None:
            found[each.name] = each
        elif here.value == each.value and isinstance(here.value, bool) == isinstance(each.value, bool):
            role = here.role or each.role
            found[each.name] = replace(here, value=each.value, type=each.type, role=role)
    return tuple(found[name] for name in sorted(found))
