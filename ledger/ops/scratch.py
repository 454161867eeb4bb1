"""A directory that stands for the trial's root, so that what runs there leaves the user's files alone."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ledger import fs
from ledger.capture import files
from ledger.capture.files import Scan
from ledger.capture.restore import restore_tree
from ledger.capture.walk import place as located
from ledger.errors import LedgerError
from ledger.model import Digest, Manifest, layout
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.ops import namespace
from ledger.ops.execute import Bind
from ledger.store.base import Store
from ledger.workspace import Workspace

Progress = Callable[[str], None]

_CACHES = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"})


@frozen
class Scratch:
    """Where a command runs."""

    root: Path
    """Top of the tree that it changes."""
    directory: Path
    """Its working directory, as it sees it."""
    before: Scan | None = None
    """What the tree held; None for the user's own tree, which was scanned already."""
    binds: tuple[Bind, ...] = ()
    """What is mounted over what, for the command alone."""
    replacing: tuple[tuple[str, str], ...] = ()
    """Prefixes of paths in the command and its variables, written anew where nothing can be mounted."""
    original: Path | None = None
    """The root that this one stands for; None where it is the user's own."""

    def seen_as(self, directory: Path) -> Path:
        """Where this process finds what the command finds in `directory`."""
        if self.original is None or not directory.is_relative_to(self.original):
            return directory
        return self.root / directory.relative_to(self.original)

    def rewritten(self, word: str) -> str:
        """A word of the command, or a variable's value, as it has to be here."""
        for old, new in self.replacing:
            word = _replaced(word, old, new)
        return word


def usual(directory: Path, root: Path) -> Scratch:
    """The user's own tree: nothing is copied."""
    return Scratch(root=root, directory=directory)


def restore(store: Store, manifests: Sequence[Digest], into: Path) -> tuple[list[str], frozenset[str]]:
    """Write recorded trees into a directory.

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
        absent += restore_tree(manifest, into, restore=store.restore, content=store.get)
        paths.update(entry.path for entry in manifest)
    return absent, frozenset(paths)


@contextmanager
def temporary(prefix: str = "ledger-") -> Iterator[Path]:
    """Make a directory that is removed at the end, whatever was made in it."""
    path = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    try:
        yield path
    finally:
        _remove(path)


def placed(tree: Path, original: Path, directory: str) -> Scratch:
    """Stand `tree` where `original` was: mounted over it, or by writing paths anew.

    Parameters
    ----------
    tree
        The filled directory.
    original
        Absolute path that the command knows.
    directory
        Working directory from the root; absolute where it lies elsewhere.
    """
    inside = not os.path.isabs(directory)
    usable = original.is_dir() and original.resolve() not in tree.parents and original != tree
    if usable and namespace.available() is None:
        place = original / directory if inside else Path(directory)
        return Scratch(
            root=tree,
            directory=place,
            original=original,
            binds=(Bind(source=str(tree), target=str(original)),),
        )
    place = tree / directory if inside else Path(directory)
    return Scratch(root=tree, directory=place, original=original, replacing=((str(original), str(tree)),))


def with_directory(scratch: Scratch, name: str, source: Path, original: Path) -> Scratch:
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
def isolated(workspace: Workspace, trees: Sequence[Digest], found: Scan, directory: str) -> Iterator[Scratch]:
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
    """
    root = workspace.root
    with temporary() as place:
        tree = place / "tree"
        tree.mkdir()
        workspace.store.flush()
        absent, paths = restore(workspace.store, trees, tree)
        for path in found.directories:
            (tree / path).mkdir(parents=True, exist_ok=True)
        for path in (*absent, *(path for path in found.files if path not in paths)):
            copy(located(root, path), located(tree, path))
        scratch = placed(tree, root, directory)
        for name in sorted(found.skipped):
            if Path(name).name not in _CACHES and name != layout.DIRECTORY:
                scratch = with_directory(scratch, name, root / name, root)
        if workspace.directory == root / layout.DIRECTORY:
            scratch = with_directory(scratch, layout.DIRECTORY, workspace.directory, root)
        yield replace(scratch, before=files.scan(tree, frozenset({tree / layout.DIRECTORY})))


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


def _remove(path: Path) -> None:
    """Remove a directory in which a program may have left directories that are not writable."""
    for here, names, _ in os.walk(path):
        for name in names:
            full = os.path.join(here, name)
            if not os.path.islink(full) and not os.access(full, os.W_OK | os.X_OK):
                os.chmod(full, 0o700)
    shutil.rmtree(path, ignore_errors=True)


def _replaced(word: str, old: str, new: str) -> str:
    """`word` with the path `old`, as a whole path or the beginning of one, written as `new`."""
    place = word.find(old)
    while place >= 0:
        end = place + len(old)
        starts = place == 0 or not (word[place - 1].isalnum() or word[place - 1] in "/._-")
        ends = end == len(word) or word[end] in "/:;,\"' )]}"
        if starts and ends:
            word = word[:place] + new + word[end:]
            end = place + len(new)
        place = word.find(old, end)
    return word
