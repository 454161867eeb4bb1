"""Checkpoints: the outputs of a trial that was stopped with which another one goes on from there."""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from ledger.capture.directories import expanded, group
from ledger.capture.files import Scan
from ledger.errors import UsageError
from ledger.model import Artifact, ArtifactRole, Digest, Manifest, ManifestEntry
from ledger.model.frozen import replace
from ledger.store.base import Store


def patterns(given: Iterable[str], directory: str) -> tuple[str, ...]:
    """What was named from a working directory, as patterns from the root.

    Raises
    ------
    UsageError
        If one leads out of the root.
    """
    found = []
    for each in given:
        path = posixpath.normpath(posixpath.join(directory, each)) if each else ".."
        if path == ".." or path.startswith(("../", "/")):
            raise UsageError(
                f"no checkpoint can be {each!r}",
                cause="expected a path beneath the root, where each trial writes into a copy of its own",
                hint="name what the program writes, from the working directory: --checkpoint model.pt",
            )
        found.append("*" if path == "." else path)
    return tuple(found)


def is_one(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path from the root is what one of the patterns names, or lies in a directory of that name.

    ``*`` stands for any text, ``/`` in it too.
    """
    return not path.startswith("/") and any(
        fnmatchcase(path, each) or fnmatchcase(path, f"{each}/*") or path.startswith(f"{each}/")
        for each in patterns
    )


def of(
    outputs: Iterable[Artifact], patterns: Sequence[str], get: Callable[[Digest], bytes]
) -> tuple[Artifact, ...]:
    """A trial's checkpoint, as inputs of another one; empty where it left none, or not all of it was kept.

    Parameters
    ----------
    outputs
        Of the trial.
    patterns
        What is part of a checkpoint.
    get
        Reads the list of the files for which a directory stands.

    Raises
    ------
    LedgerError
        If that list is not to be had.
    """
    found = tuple(
        replace(each, role=ArtifactRole.INPUT)
        for each in expanded(outputs, get)
        if is_one(each.path, patterns)
    )
    whole = all(each.digest is not None and each.omitted is None for each in found)
    return found if whole else ()


def there(store: Store, files: Sequence[Artifact]) -> tuple[Artifact, ...]:
    """A checkpoint, if all of it is to be had; else nothing: with a part of it nobody can go on."""
    wanted = {each.digest for each in files if each.digest is not None}
    return tuple(files) if wanted <= set(store.present(wanted)) else ()


def grouped(files: Iterable[Artifact], store: Store, root: str) -> tuple[Artifact, ...]:
    """As inputs are recorded: directories for very many files."""
    return group(files, put=store, root=root)


def manifest(files: Iterable[Artifact], get: Callable[[Digest], bytes]) -> Manifest:
    """A checkpoint as what is to be restored."""
    return Manifest.of(
        ManifestEntry(path=each.path, mode=each.mode, size=each.size, digest=each.digest)
        for each in expanded(files, get)
    )


def without(found: Scan, patterns: Sequence[str]) -> Scan:
    """A tree without what may be the checkpoint of another trial."""
    files = {path: status for path, status in found.files.items() if not is_one(path, patterns)}
    return replace(found, files=files)
