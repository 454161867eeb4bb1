"""A directory that stands for the trial's root, so that what runs there leaves the user's files alone."""

import os
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ledger import fs
from ledger.capture import files
from ledger.capture.files import Scan
from ledger.capture.restore import restore_tree
from ledger.capture.walk import place as located
from ledger.errors import LedgerError
from ledger.model import Artifact, Digest, Manifest, ManifestEntry, layout
from ledger.model.codec import decode
from ledger.ops import namespace
from ledger.ops.execute import Bind
from ledger.ops.place import Place
from ledger.store.base import Store
from ledger.store.fetching import bring
from ledger.workspace import Workspace

Progress = Callable[[str], None]

_CACHES = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"})


def restore(
    store: Store, manifests: Sequence[Digest], into: Path, *, spare: Container[object] = ()
) -> tuple[list[str], frozenset[str]]:
    """Write recorded trees into a directory.

    Parameters
    ----------
    store, manifests, into
        Which trees, from where, and where to.
    spare
        Those trees of which a content may be gone: it is absent then.

    Returns
    -------
    tuple of list of str and frozenset of str
        Paths that the store has no content for; all paths of the trees.

    Raises
    ------
    LedgerError
        If an object is missing or damaged.
    """
    absent: list[str] = []
    paths: set[str] = set()
    for digest in manifests:
        manifest = decode(Manifest, store.get(digest))
        if digest in spare:
            there = store.present(each.digest for each in manifest if each.digest)
            gone = {each.path for each in manifest if each.digest not in there and _has_content(each)}
            absent += sorted(gone)
            manifest = Manifest.of(each for each in manifest if each.path not in gone)
        else:
            bring(store, (each.digest for each in manifest if each.digest and each.omitted is None))
        absent += restore_tree(manifest, into, restore=store.restore, content=store.get)
        paths.update(entry.path for entry in manifest)
    return absent, frozenset(paths)


def _has_content(entry: ManifestEntry) -> bool:
    return entry.digest is not None and entry.omitted is None


@contextmanager
def temporary(prefix: str = "ledger-", *, at: Path | None = None) -> Iterator[Path]:
    """Make a directory, `at` a certain place or at any, that is removed at the end, whatever is in it."""
    if at is None:
        path = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    else:
        with fs.explained(at, "make"):
            at.mkdir(mode=0o700)
        path = at.resolve()
    try:
        yield path
    finally:
        try:
            fs.remove_tree(path)
        except KeyboardInterrupt:  # it came midway; a further one does not interrupt
            fs.remove_tree(path)
            raise


def placed(tree: Path, original: Path, directory: str, *, mounted: bool = True) -> Place:
    """Stand `tree` where `original` was: mounted over it, or by writing paths anew.

    Parameters
    ----------
    tree
        The filled directory.
    original
        Absolute path that the command knows.
    directory
        Working directory from the root; absolute where it lies elsewhere.
    mounted
        Whether it is mounted over it where that is possible.
    """
    inside = not os.path.isabs(directory)
    if mounted and _can_be_hidden(original, tree):
        place = original / directory if inside else Path(directory)
        return Place(
            root=tree,
            directory=place,
            original=original,
            binds=(Bind(source=str(tree), target=str(original)),),
        )
    place = tree / directory if inside else Path(directory)
    return Place(root=tree, directory=place, original=original, replacing=((str(original), str(tree)),))


def _can_be_hidden(original: Path, tree: Path) -> bool:
    usable = original.is_dir() and original.resolve() not in tree.parents and original != tree
    return usable and namespace.available() is None


def empty_tree(place: Path, original: Path, *, mounted: bool = True) -> tuple[Path, Path | None]:
    """A directory for a tree that is to stand where `original` was, and one that stands for ``/`` around it.

    Of the latter there is none where the tree can be mounted over `original`. Else there is room in it for
    what relative paths lead to from the tree.

    Parameters
    ----------
    place, original
        Where to make them, and the absolute path that the command knows.
    mounted
        Whether it is to be mounted where that is possible.
    """
    tree = place / "tree"
    if mounted and _can_be_hidden(original, tree):
        tree.mkdir()
        return tree, None
    inner = elsewhere(place, original) if not mounted else around(place) / original.relative_to("/")
    inner.mkdir(parents=True)
    tree.symlink_to(inner)
    return inner, around(place)


def around(place: Path) -> Path:
    """What stands for ``/`` in a scratch directory."""
    return place / "around"


def elsewhere(place: Path, original: Path) -> Path:
    """Another path of a root, from which relative paths to what lies outside lead to the same."""
    return around(place) / original.parent.relative_to("/") / f"{original.name}-elsewhere"


def with_directory(scratch: Place, name: str, source: Path, original: Path) -> Place:
    """Let a directory that is not copied (an environment, say) be seen at `name` in the scratch tree."""
    target = scratch.root / name
    if target.exists() or target.is_symlink():
        return scratch
    target.parent.mkdir(parents=True, exist_ok=True)
    if scratch.binds:
        target.mkdir()
        return replace(scratch, binds=(*scratch.binds, Bind(source=str(source), target=str(original / name))))
    target.symlink_to(source)
    return scratch


@contextmanager
def isolated(
    workspace: Workspace,
    trees: Sequence[Digest],
    found: Scan,
    directory: str,
    files_beside: Sequence[tuple[str, bytes]] = (),
    checkpoint: Sequence[Artifact] = (),
) -> Iterator[Place]:
    """Copy the user's tree as it was captured, with what git ignores; environments are shared.

    Parameters
    ----------
    workspace
        The ledger.
    trees
        Manifests of the code and the products.
    found
        The scan that they were captured with.
    directory
        Working directory from the root.
    files_beside
        (path from the working directory, content) of files that it holds, too.
    checkpoint
        Files that another trial left, and this one goes on from.
    """
    root = workspace.root
    with temporary() as place:
        tree = place / "tree"
        tree.mkdir()
        workspace.store.flush()
        absent, paths = restore(workspace.store, trees, tree)
        for path in found.directories:
            (tree / path).mkdir(parents=True, exist_ok=True)
        for path in absent:
            copy(located(root, path), located(tree, path))
        for path in found.files:
            if path not in paths:
                _copy_if_there(located(root, path), located(tree, path))
        for name, content in files_beside:
            (tree / directory / name).write_bytes(content)
        if checkpoint:
            _lay(workspace.store, checkpoint, tree)
        scratch = placed(tree, root, directory)
        for name in sorted(found.skipped):
            if Path(name).name not in _CACHES and name != layout.DIRECTORY:
                scratch = with_directory(scratch, name, root / name, root)
        if workspace.directory == root / layout.DIRECTORY:
            scratch = with_directory(scratch, layout.DIRECTORY, workspace.directory, root)
        yield replace(scratch, before=files.scan(tree, frozenset({tree / layout.DIRECTORY})))


def _lay(store: Store, files: Sequence[Artifact], tree: Path) -> None:
    from ledger.ops import checkpoints  # of use to a search alone

    manifest = checkpoints.manifest(files, store.get)
    bring(store, (each.digest for each in manifest if each.digest))
    restore_tree(manifest, tree, restore=store.restore, content=store.get)


def _copy_if_there(source: Path, target: Path) -> None:
    """Copy what no tree holds, such as another process's temporary file, which may be gone by now."""
    try:
        copy(source, target)
    except (LedgerError, FileNotFoundError):
        if os.path.lexists(source):
            raise


def copy(source: Path, target: Path) -> None:
    """Copy a file or link, by reflink where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
        return
    try:
        with open(source, "rb") as reading, open(target, "xb") as writing:
            status = os.fstat(reading.fileno())
            fs.clone(reading.fileno(), writing.fileno(), status.st_size)
            os.fchmod(writing.fileno(), status.st_mode & 0o777)
    except OSError as error:
        raise LedgerError(f"{source} cannot be copied", cause=str(error)) from error
