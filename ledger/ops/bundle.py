"""Write some trials, with all that the ledger says of them and what proves it, into one file."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ledger import fs
from ledger.errors import NotFoundError
from ledger.model import (
    Digest,
    Manifest,
    Recorded,
    Trial,
    TrialStarted,
)
from ledger.model.bundle import write_bundle
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead
from ledger.ops import prove, query, reach
from ledger.ops.about import about
from ledger.ops.bundle_check import can_go, needed_products
from ledger.ops.output_file import output_file
from ledger.ops.reach import Reference
from ledger.store import pack_copy
from ledger.store.base import Store
from ledger.store.pack_writer import PackWriter
from ledger.workspace import Workspace

Progress = Callable[[str], None]


@frozen
class Missing:
    """An object that is not in the bundle, since its maker does not have it."""

    digest: Digest
    what: str
    """What it is to its trial."""


@frozen
class Bundled:
    """What was written."""

    path: Path
    trials: tuple[Trial, ...]
    entries: int
    objects: int
    size: int
    """Bytes of the file."""
    signed: SignedHead
    """The head that proves the entries."""
    left_out: int
    """Contents of outputs that nobody wanted in it."""
    missing: tuple[Missing, ...]


def bundle(
    workspace: Workspace,
    trials: Sequence[Trial],
    path: Path,
    *,
    outputs: bool = True,
    key: Digest | None = None,
    progress: Progress = lambda _: None,
) -> Bundled:
    """Write some trials into one file that is checked, opened and replayed without this ledger.

    Parameters
    ----------
    workspace
        The ledger.
    trials
        Which ones.
    path
        The file; one that is there is replaced at the end.
    outputs
        Whether contents of outputs are in it, and of earlier trials' outputs that replays do not need; their
        digests are, always.
    key
        Digest of the public key that has to have signed the head, as for `prove.prove`.
    progress
        Takes a line for each step.

    Raises
    ------
    NotFoundError
        If the key has signed no head that has all entries about them.
    DamagedError
        If something that belongs into it is damaged.
    UsageError
        If `path` is something else than a file, or its directory is not there.
    StorageError
        If the disk refuses; then no file is there that was not there before.
    """
    target = output_file(path, "bundle")
    progress("reading the journal")
    names = {each.experiment for each in trials if each.experiment is not None}
    entries = about(workspace.journal.entries(), (each.id for each in trials), names)
    signed = prove.head_of(workspace.journal, workspace.directory, entries, key)
    proven = prove.included(workspace.journal, signed.head, entries)
    chosen = [each for each in entries if isinstance(each.entry.payload, TrialStarted)]
    document = write_bundle(signed, tuple(each.id for each in chosen), proven)
    progress("writing objects")
    with fs.explained(path), fs.replacing(target) as (descriptor, temporary):
        pack = PackWriter(os.dup(descriptor), str(temporary))
        try:
            pack_copy.put_first(pack, document)
            copying = _Copying(workspace.store, pack)
            copying.all(entries, outputs=outputs)
            pack.finish()
        finally:
            pack.close()
    by_id = query.fold(entries).by_id
    return Bundled(
        path=path,
        trials=tuple(by_id[each.id] for each in chosen),
        entries=len(entries),
        objects=len(list(pack.objects())) - 1,
        size=path.stat().st_size,
        signed=signed,
        left_out=len(copying.left_out),
        missing=tuple(copying.missing.values()),
    )


class _Copying:
    """Writes what entries refer to into a pack."""

    def __init__(self, store: Store, pack: PackWriter) -> None:
        self._store = store
        self._pack = pack
        self.missing: dict[Digest, Missing] = {}
        self.left_out: set[Digest] = set()

    def all(self, entries: Sequence[Recorded], *, outputs: bool) -> None:
        """Copy all of it; of outputs their lists alone, where they are not wanted."""
        needed = needed_products(query.fold(entries))
        references = [each for recorded in entries for each in reach.of_entry(recorded.entry.payload)]
        # What somebody needs comes first: the same content may be another one's output.
        references.sort(key=lambda each: can_go(each, needed))
        for reference in references:
            goes = not outputs and can_go(reference, needed)
            if reference.kind is not None or not goes:
                self._one(reference, listed=reference.kind is Manifest and not goes)
            if goes and reference.kind is None:
                self._leave(reference.digest)
            elif goes and reference.kind is Manifest:
                for each in self._inside(reference):
                    self._leave(each.digest)

    def _one(self, reference: Reference, *, listed: bool) -> None:
        try:
            pack_copy.copy(self._pack, self._store, reference.digest)
        except NotFoundError:
            if self._pack.whole(reference.digest) is None:
                missing = Missing(digest=reference.digest, what=reference.what)
                self.missing.setdefault(reference.digest, missing)
            return
        if listed:
            for each in self._inside(reference):
                self._one(each, listed=False)

    def _inside(self, reference: Reference) -> Iterator[Reference]:
        try:
            content = self._store.get(reference.digest)
        except NotFoundError:
            return
        yield from reach.inside(content, reference.what)

    def _leave(self, digest: Digest) -> None:
        if self._pack.whole(digest) is None:
            self.left_out.add(digest)
