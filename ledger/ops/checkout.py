"""A trial's files back on disk."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ledger import fs
from ledger.capture.directories import expanded
from ledger.capture.restore import restore_tree
from ledger.capture.walk import place
from ledger.errors import DamagedError, LedgerError, NotFoundError, UsageError
from ledger.model import Artifact, Digest, Manifest, ManifestEntry, Mode, Trial
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.ops.objects import one_line
from ledger.store.base import Store
from ledger.store.fetching import bring


class Part(StrEnum):
    """Which of a trial's files."""

    CODE = "code"
    PRODUCTS = "products"
    INPUTS = "inputs"
    OUTPUTS = "outputs"


@frozen
class CheckedOut:
    """What a check-out came to."""

    paths: tuple[str, ...]
    """Relative to the target, sorted: written, or there already and the same."""
    skipped: tuple[tuple[str, str], ...]
    """(path, reason) of what the record never had the content of, or what lies outside the root."""
    damaged: tuple[tuple[str, str], ...]
    """(path, reason) of what the store should have and has not, or not whole."""


def checkout(
    trial: Trial,
    target: Path,
    store: Store,
    *,
    parts: Sequence[Part] = tuple(Part),
    paths: Sequence[str] = (),
    force: bool = False,
    let_go: Callable[[Digest], str | None] = lambda _: None,
) -> CheckedOut:
    """Write a trial's files into `target`.

    Where two parts have a path, the later one in the order of `Part` is written: the file as the trial left
    it.

    Parameters
    ----------
    trial
        Whose files.
    target
        A directory; made if it is missing.
    store
        Where the contents are.
    parts
        Which files.
    paths
        Only these paths, and what is beneath them; all where it is empty.
    force
        Whether a file that is there and differs is replaced. Nothing is ever removed.
    let_go
        Says why the store does not keep an object any more; None where it should.

    Raises
    ------
    NotFoundError
        If one of `paths` is no path of the trial.
    DamagedError
        If a list of files itself cannot be read.
    LedgerError
        If another file is in the way. Nothing is written then.
    StorageError
        If the disk refuses.
    """
    entries, skipped = _entries(trial, store, parts)
    if paths:
        entries = _narrowed(entries, paths, skipped)
        skipped = {path: why for path, why in skipped.items() if _beneath(path, paths)}
    reader = _Reader(store, let_go)
    manifest = Manifest.of(reader.without_lost_links(entries.values()))
    absent = _replace_tree(manifest, target, reader) if force else reader.write(manifest, target)
    omitted = {path: entries[path].omitted or "unreadable" for path in absent}
    skipped |= reader.let_go
    left = skipped.keys() | omitted.keys() | reader.lost.keys()
    return CheckedOut(
        paths=tuple(entry.path for entry in manifest if entry.path not in left),
        skipped=tuple(sorted((skipped | omitted).items())),
        damaged=tuple(sorted(reader.lost.items())),
    )


@dataclass(slots=True)
class _Reader:
    """Reads objects for a check-out; one that is lost or damaged is noted, and the rest goes on."""

    store: Store
    why: Callable[[Digest], str | None]
    lost: dict[str, str] = field(default_factory=dict)
    """Why, by path."""
    let_go: dict[str, str] = field(default_factory=dict)
    """Why, by path."""

    def write(self, manifest: Manifest, into: Path) -> list[str]:
        """`restore_tree`, and note what could not be read."""

        def restore(digest: Digest, path: Path, *, executable: bool = False) -> None:
            try:
                self.store.restore(digest, path, executable=executable)
            except (NotFoundError, DamagedError) as error:
                relative = os.fsencode(path.relative_to(into)).decode("utf-8", "surrogateescape")
                self._note(relative, digest, error)

        bring(self.store, (each.digest for each in manifest if each.digest and each.omitted is None))
        return restore_tree(manifest, into, restore=restore, content=self.store.get)

    def without_lost_links(self, entries: Iterable[ManifestEntry]) -> Iterator[ManifestEntry]:
        for entry in entries:
            if entry.mode == Mode.LINK and entry.digest and not entry.omitted:
                try:
                    self.store.get(entry.digest)
                except (NotFoundError, DamagedError) as error:
                    self._note(entry.path, entry.digest, error)
                    continue
            yield entry

    def _note(self, path: str, digest: Digest, error: LedgerError) -> None:
        why = self.why(digest) if isinstance(error, NotFoundError) else None
        if why is None:
            self.lost[path] = one_line(error)
        else:
            self.let_go[path] = why


def _replace_tree(manifest: Manifest, target: Path, reader: _Reader) -> list[str]:
    """Write beside, then move each file to its place: no file is ever half there, or gone."""
    with fs.explained(target):
        for entry in manifest:
            _check_way(entry, target)
        stage = target / f".checkout-{os.urandom(8).hex()}"
        try:
            absent = reader.write(manifest, stage)
            for entry in manifest:
                source, goal = place(stage, entry.path), place(target, entry.path)
                if entry.mode == Mode.DIRECTORY:
                    goal.mkdir(parents=True, exist_ok=True)
                elif os.path.lexists(source):
                    goal.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(goal)
        finally:
            fs.remove_tree(stage)
    return absent


def _check_way(entry: ManifestEntry, target: Path) -> None:
    """Refuse a path that leads through a link out of the target, or that would replace a directory."""
    parts = entry.path.split("/")
    for count in range(1, len(parts) + 1):
        path = place(target, "/".join(parts[:count]))
        try:
            is_directory = stat.S_ISDIR(os.lstat(path).st_mode)
        except FileNotFoundError:
            return
        wants_directory = count < len(parts) or entry.mode == Mode.DIRECTORY
        if is_directory is not wants_directory:
            kind = "a directory" if is_directory else "no directory"
            raise LedgerError(
                f"{path} is in the way", cause=f"it is {kind}", hint="name another directory, or move it away"
            )


def _entries(
    trial: Trial, store: Store, parts: Sequence[Part]
) -> tuple[dict[str, ManifestEntry], dict[str, str]]:
    """The entries of the chosen parts, and (path, reason) of what has no place beneath a root."""
    chosen: dict[str, ManifestEntry] = {}
    skipped: dict[str, str] = {}
    root = trial.code[0] if trial.code else None
    for part in Part:
        if part not in parts:
            continue
        if part is Part.CODE and root:
            _overlay(chosen, decode(Manifest, store.get(root.tree)))
        elif part is Part.PRODUCTS and root and root.products:
            _overlay(chosen, decode(Manifest, store.get(root.products)))
        elif part in (Part.INPUTS, Part.OUTPUTS):
            artifacts = (
                trial.inputs if part is Part.INPUTS else trial.outcome.outputs if trial.outcome else ()
            )
            outside = [each.path for each in artifacts if each.path.startswith("/")]
            skipped.update(dict.fromkeys(outside, "it lies outside the root: ledger cat shows it"))
            inside = expanded((each for each in artifacts if not each.path.startswith("/")), store.get)
            _overlay(chosen, [_entry(each) for each in inside])
    return chosen, skipped


def _overlay(chosen: dict[str, ManifestEntry], later: Iterable[ManifestEntry]) -> None:
    """Put later entries over earlier ones; where one is a directory to the other, the earlier one goes."""
    above = {each for path in chosen for each in _parents(path)}
    for entry in later:
        if entry.path in above and entry.mode != Mode.DIRECTORY:
            for path in [path for path in chosen if entry.path in _parents(path)]:
                del chosen[path]
        for parent in _parents(entry.path):
            if parent in chosen and chosen[parent].mode != Mode.DIRECTORY:
                del chosen[parent]
        chosen[entry.path] = entry


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _entry(artifact: Artifact) -> ManifestEntry:
    return ManifestEntry(
        path=artifact.path,
        mode=artifact.mode,
        size=artifact.size,
        digest=artifact.digest,
        omitted=artifact.omitted,
    )


def _beneath(path: str, wanted: Sequence[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in wanted)


def _narrowed(
    entries: dict[str, ManifestEntry], paths: Sequence[str], skipped: dict[str, str]
) -> dict[str, ManifestEntry]:
    wanted = [path.rstrip("/") for path in paths]
    for path in wanted:
        if not path:
            raise UsageError("an empty path", hint="name a path of the trial: ledger show REF lists them")
        if not any(_beneath(each, [path]) for each in (*entries, *skipped)):
            from difflib import get_close_matches

            near = get_close_matches(path, [*entries], 3, 0.5)
            raise NotFoundError(
                f"no path {path!r} in this trial",
                cause=f"the nearest are {', '.join(near)}" if near else None,
                hint="see its paths: ledger show REF",
            )
    return {path: entry for path, entry in entries.items() if _beneath(path, wanted)}
