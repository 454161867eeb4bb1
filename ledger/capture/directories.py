"""Very many files as few artifacts: a directory stands for the files that were taken beneath it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ledger.capture.put import Put
from ledger.capture.recorder import SECRET
from ledger.errors import FormatError
from ledger.model import Artifact, ArtifactRole, Digest, Manifest, ManifestEntry, Mode
from ledger.model.codec import decode, encode
from ledger.model.media import media_type

MANY: Final = 1_000
"""With more artifacts than these, directories are put for their files."""
_LEAST: Final = 100
"""A directory with fewer files stays as its files."""
_MEDIA_TYPE: Final = "inode/directory"


def collapse(
    paths: Iterable[str], *, root: str | None = None, many: int = MANY, least: int = _LEAST
) -> dict[str, tuple[str, ...]]:
    """Choose directories that stand for the files beneath them, until `many` paths or fewer are left.

    Each time the directory with the most files is chosen, and of those that hold nearly the same files the
    innermost. What comes out depends on the set of paths alone.

    Parameters
    ----------
    paths
        From the root, or absolute.
    root
        Absolute path of the root: neither it nor a directory above it is ever chosen.
    many
        Up to this many paths stay as they are.
    least
        A directory with fewer files beneath it is never chosen.

    Returns
    -------
    dict of str to tuple of str
        The files of each chosen directory, sorted; none of them lies in two.
    """
    left = sorted(set(paths))
    chosen: dict[str, tuple[str, ...]] = {}
    if len(left) <= many:
        return chosen
    never = _above(root)
    # A tree of counts: of each directory how many files lie beneath it, and which directories lie in it.
    counts: dict[str, int] = {}
    inside: dict[str, set[str]] = {}
    files: dict[str, list[str]] = {}
    for path in left:
        files.setdefault(path.rpartition("/")[0], []).append(path)
    for directory, found in files.items():
        at, count = directory, len(found)
        while at:
            counts[at] = counts.get(at, 0) + count
            above = at.rpartition("/")[0]
            inside.setdefault(above, set()).add(at)
            at = above
    total = len(left)
    while total > many:
        best, most = "", least - 1
        for directory, count in counts.items():
            if directory not in never and (count > most or (count == most and best and directory < best)):
                best, most = directory, count
        if not best:
            break
        best = _innermost(best, counts, inside, least)
        taken: list[str] = []
        stack = [best]
        while stack:
            directory = stack.pop()
            taken += files.pop(directory, ())
            stack += inside.pop(directory, ())
        chosen[best] = tuple(sorted(taken))
        total -= len(taken) - 1
        for directory in [each for each in counts if each == best or each.startswith(best + "/")]:
            del counts[directory]
        above = best.rpartition("/")[0]
        inside[above].discard(best)
        while above:
            counts[above] -= len(taken)
            above = above.rpartition("/")[0]
    return chosen


def group(
    artifacts: Iterable[Artifact], *, put: Put, root: str | None = None, many: int = MANY
) -> tuple[Artifact, ...]:
    """Put directories for very many artifacts of one role, see `collapse`; others stay as they are.

    Returns
    -------
    tuple of Artifact
        Sorted by path. A directory's digest is that of the Manifest of the files that were taken beneath it,
        its size their sum, its mode `Mode.DIRECTORY`.

    Raises
    ------
    StorageError
        If the store's disk refuses.
    """
    found = {each.path: each for each in artifacts}
    # What is withheld stays by itself: its own digest says so to the trials that come after.
    plain = (
        path
        for path, each in found.items()
        if each.mode != Mode.DIRECTORY and (each.omitted != SECRET or each.role is ArtifactRole.INPUT)
    )
    for directory, paths in collapse(plain, root=root, many=many).items():
        made = _directory(directory, [found[path] for path in paths], put)
        if made is not None and directory not in found:
            for path in paths:
                del found[path]
            found[directory] = made
    return tuple(sorted(found.values(), key=lambda each: each.path.encode("utf-8", "surrogateescape")))


def members(artifact: Artifact, content: bytes) -> Iterator[tuple[str, ManifestEntry]]:
    """The files that a directory stands for.

    Parameters
    ----------
    artifact
        One with mode `Mode.DIRECTORY`.
    content
        The object that its digest names.

    Returns
    -------
    iterator of tuple of str and ManifestEntry
        Each file's path, in the form of `Artifact.path`, and what it was.

    Raises
    ------
    FormatError
        If the content is no Manifest.
    """
    for entry in decode(Manifest, content):
        yield f"{artifact.path}/{entry.path}", entry


def is_group(artifact: Artifact) -> bool:
    """Whether an artifact stands for the files of a directory."""
    return artifact.mode == Mode.DIRECTORY and artifact.digest is not None


def expanded(artifacts: Iterable[Artifact], get: Callable[[Digest], bytes]) -> Iterator[Artifact]:
    """Each artifact, and for a directory each of its files; `get` reads an object by its digest.

    Raises
    ------
    LedgerError
        If a Manifest cannot be read.
    """
    for each in artifacts:
        if each.digest is None or not is_group(each):
            yield each
            continue
        for path, entry in members(each, get(each.digest)):
            yield _file(each.role, path, entry)


def _file(role: ArtifactRole, path: str, entry: ManifestEntry) -> Artifact:
    return Artifact(
        role=role,
        path=path,
        digest=entry.digest,
        size=entry.size,
        mode=entry.mode,
        media_type=media_type(path),
        omitted=entry.omitted,
    )


def _directory(path: str, files: list[Artifact], put: Put) -> Artifact | None:
    """The directory for its files; None where one of them is said to lie beneath another."""
    start = len(path) + 1
    try:
        manifest = Manifest.of(
            ManifestEntry(
                path=each.path[start:],
                mode=each.mode,
                size=each.size,
                digest=each.digest,
                omitted=each.omitted,
            )
            for each in files
        )
    except FormatError:
        return None  # a file became a directory meanwhile: they stay one by one
    return Artifact(
        role=files[0].role,
        path=path,
        digest=put.put(encode(manifest)),
        size=sum(each.size for each in files),
        mode=Mode.DIRECTORY,
        media_type=_MEDIA_TYPE,
    )


def _innermost(directory: str, counts: dict[str, int], inside: dict[str, set[str]], least: int) -> str:
    """Go down while one directory holds nine tenths of the files: what lies beside it is another matter."""
    while True:
        enough = max(least, -(-9 * counts[directory] // 10))
        within = [each for each in inside.get(directory, ()) if counts[each] >= enough]
        if not within:
            return directory
        directory = within[0]  # two cannot both hold so much


def _above(root: str | None) -> frozenset[str]:
    found = set()
    while root:
        found.add(root)
        root = root.rpartition("/")[0]
    return frozenset(found)
