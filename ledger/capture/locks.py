"""Lock files of an environment that are not part of the code: ignored, too large, or another project's."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ledger.capture.credentials import looks_like_credentials
from ledger.capture.known import Known
from ledger.capture.put import Put
from ledger.capture.recorder import CREDENTIALS, Content, Recorder
from ledger.capture.walk import FileStat, text
from ledger.model import Artifact, ArtifactRole, Manifest, Mode
from ledger.model.manifest import path_key
from ledger.model.media import media_type

_NAMES: Final = frozenset(
    {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "environment.yml"}
    | {"environment.yaml", "conda-lock.yaml"}
)
_PATTERNS: Final = (("requirements", ".txt"), ("pylock", ".toml"), ("constraints", ".txt"))
_MOST_BYTES: Final = 50_000_000


def is_lock(name: str) -> bool:
    """Whether a file of this name says which distributions an environment has."""
    return name in _NAMES or any(name.startswith(start) and name.endswith(end) for start, end in _PATTERNS)


def projects(executable: str | None) -> tuple[str, ...]:
    """The project's directory of an interpreter: the one that holds its virtual environment.

    Parameters
    ----------
    executable
        Of the interpreter, as the command names it.
    """
    if executable is None:
        return ()
    prefix = os.path.dirname(os.path.dirname(executable))
    above = os.path.dirname(prefix)
    inside = os.path.exists(f"{prefix}/pyvenv.cfg") and above not in ("/", os.path.expanduser("~"))
    return (above,) if inside else ()


def capture(
    root: Path,
    directories: Iterable[str],
    *,
    trees: Sequence[Manifest],
    put: Put,
    known: Known | None = None,
) -> tuple[Artifact, ...]:
    """Record the lock files of the root and of other directories that the code does not hold.

    Parameters
    ----------
    root
        Top of the tree.
    directories
        Further ones, such as `projects` of the interpreter.
    trees
        Of the root, whose content is recorded as code.
    put
        Takes the content.
    known
        Digests from earlier reads; the caller saves it.

    Raises
    ------
    StorageError
        If the store's disk refuses.
    """
    recorder = Recorder(root=root, put=put, known=Known() if known is None else known)
    top = os.path.realpath(root)
    found: dict[str, Artifact] = {}
    for directory in dict.fromkeys([top, *map(os.path.realpath, directories)]):
        try:
            names = [name for name in os.listdir(os.fsencode(directory)) if is_lock(os.fsdecode(name))]
        except OSError:
            continue  # it has gone: there is no lock in it
        for name in names:
            file = os.path.join(os.fsencode(directory), name)
            inside = directory == top or directory.startswith(top + "/")
            path = text(os.path.relpath(file, os.fsencode(top)) if inside else file)
            if any(_holds(tree, path) for tree in trees):
                continue
            content = _content(recorder, path, file)
            if content is not None:
                found[path] = Artifact(
                    role=ArtifactRole.INPUT,
                    path=path,
                    digest=content.digest,
                    size=content.size,
                    mode=content.mode,
                    media_type=media_type(path),
                    omitted=content.omitted,
                )
    return tuple(found[path] for path in sorted(found, key=path_key))


def _holds(tree: Manifest, path: str) -> bool:
    return any(entry.path == path and entry.omitted is None for entry in tree)


def _content(recorder: Recorder, path: str, file: bytes) -> Content | None:
    try:
        status = FileStat.of(os.stat(file))  # a link to a lock file is one
    except OSError:
        return None
    if not status.is_regular:
        return None
    fresh = recorder.known.get(path, status) is None
    if looks_like_credentials(path) or (fresh and _has_password(file, status.size)):
        return Content(Mode.FILE, status.size, None, CREDENTIALS)
    if status.size > _MOST_BYTES:
        return recorder.name_only(path, status)
    return recorder.file(path, status)


def _has_password(file: bytes, size: int) -> bool:
    """Whether an index's URL in it holds a password."""
    from ledger.capture.printed_secrets import found_in

    try:
        return bool(found_in(Path(os.fsdecode(file)))) if size <= _MOST_BYTES else False
    except OSError:
        return False  # the recorder says that it is unreadable
