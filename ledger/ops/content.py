"""One recorded content, found by its path and read in bounded memory."""

import os
from collections.abc import Callable, Iterator

from blake3 import blake3

from ledger.capture.directories import expanded, is_group
from ledger.capture.recorder import CHANGED, CREDENTIALS, SECRET, SIZE, UNREADABLE
from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.model import Artifact, Digest, Manifest, Mode, Trial
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.store.base import Store, damaged

_BLOCK = 1 << 20
_REASONS = {
    SIZE: "larger than what is stored",
    CREDENTIALS: "it looks like credentials",
    SECRET: "it holds a secret of the command",
    CHANGED: "it was changed before it could be read",
    UNREADABLE: "it could not be read",
}
_HINTS = {
    CHANGED: "for later trials let nothing else write it meanwhile, or declare it: ledger run -i PATH",
    UNREADABLE: "for later trials make it readable for who runs the command",
}


@frozen
class Content:
    """Where a content was found."""

    digest: Digest
    part: str
    """outputs, inputs, locks, code, products, stdout, stderr or object."""
    path: str | None
    """Its path in the trial; None where it is no file."""
    media_type: str | None
    """As recorded; None where nobody looked."""


def find(trial: Trial, name: str, store: Store) -> Content:
    """The content that `name` means in a trial.

    Tried in this order: a path of the outputs, inputs, lock files, code, products, then ``stdout`` or
    ``stderr``.

    Parameters
    ----------
    trial
        Whose content.
    name
        A path relative to the root (out of it, too) or absolute, or the name of a stream.
    store
        Where the lists of files are.

    Raises
    ------
    NotFoundError
        If there is nothing of that name, with the nearest paths, or if it was recorded without its content.
    DamagedError
        If the list of the code's files cannot be read.
    """
    path = _normal(name, trial.root)
    seen: list[str] = []
    for part, artifacts in (
        ("outputs", trial.outcome.outputs if trial.outcome else ()),
        ("inputs", trial.inputs),
        ("locks", trial.locks),
    ):
        for each in artifacts:
            seen.append(each.path)
            if each.path == path:
                if is_group(each):
                    raise _directory(trial, path, part)
                return _content(each, part)
            if is_group(each) and path.startswith(f"{each.path}/"):
                for file in expanded((each,), store.get):
                    seen.append(file.path)
                    if file.path == path:
                        return _content(file, part)
    for part, tree in _trees(trial):
        for entry in decode(Manifest, store.get(tree)):
            seen.append(entry.path)
            if entry.path == path:
                if entry.digest is None or entry.omitted:
                    why = "a directory" if entry.mode == Mode.DIRECTORY else entry.omitted
                    raise _without_content(path, part, entry.size, why)
                return Content(digest=entry.digest, part=part, path=path, media_type=None)
    for stream in ("stdout", "stderr"):
        recorded = getattr(trial.outcome, stream) if trial.outcome else None
        if name == stream and recorded:
            return Content(digest=recorded.digest, part=stream, path=None, media_type="text/plain")
    raise _unknown(trial, name, seen)


def find_object(text: str) -> Content | None:
    """The content that a full digest (``b3:…``) names; None if `text` is no digest."""
    try:
        return Content(digest=Digest.parse(text), part="object", path=None, media_type=None)
    except FormatError:
        return None


def stream(store: Store, digest: Digest, write: Callable[[bytes], object]) -> int:
    """Pass an object's content to `write`, block by block.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    NotFoundError
        If it is not there.
    DamagedError
        If it was not what its name says; that is known only at the end, when all of it is written.
    """
    hasher, size = blake3(), 0
    with store.open(digest) as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
            size += len(block)
            write(block)
    got = Digest(hasher.digest())
    if got != digest:
        raise damaged(digest, got, size)
    return size


def _normal(name: str, root: str) -> str:
    """`name` in the form in which paths are recorded."""
    path = os.path.normpath(name) if name else name
    if path.startswith("../"):
        path = os.path.normpath(f"{root}/{path}")
    prefix = root.rstrip("/") + "/"
    return path.removeprefix(prefix) if path.startswith("/") else path


def _trees(trial: Trial) -> Iterator[tuple[str, Digest]]:
    if trial.code:
        yield "code", trial.code[0].tree
        if trial.code[0].products:
            yield "products", trial.code[0].products


def _content(artifact: Artifact, part: str) -> Content:
    if artifact.digest is None or artifact.omitted:
        raise _without_content(artifact.path, part, artifact.size, artifact.omitted)
    return Content(digest=artifact.digest, part=part, path=artifact.path, media_type=artifact.media_type)


def _directory(trial: Trial, path: str, part: str) -> LedgerError:
    return NotFoundError(
        f"{path!r} is a directory",
        cause=f"of the {part}, where it stands for many files",
        hint=f"list them: ledger show {trial.id.short} --all",
    )


def _without_content(path: str, part: str, size: int, omitted: str | None) -> LedgerError:
    why = omitted or UNREADABLE
    hint = _HINTS.get(why)
    if why == SIZE:
        limit = "[store] max_input_bytes" if part == "inputs" else "[code] max_untracked_bytes"
        hint = f"for later trials raise the limit in ledger.toml: {limit}"
    return NotFoundError(
        f"{path!r} was recorded without its content",
        cause=f"of the {part}, {size} bytes: {_REASONS.get(why, why)}",
        hint=hint,
    )


def _unknown(trial: Trial, name: str, paths: list[str]) -> LedgerError:
    from difflib import get_close_matches

    near = get_close_matches(name, [*dict.fromkeys(paths), "stdout", "stderr"], 3, 0.5)
    return NotFoundError(
        f"no path {name!r} in this trial",
        cause=f"the nearest are {', '.join(near)}" if near else None,
        hint=f"see its paths: ledger show {trial.id.short} --all",
    )
