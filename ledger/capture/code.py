"""The code as it was when a trial started, committed or not."""

from collections.abc import Callable, Container
from pathlib import Path

from ledger.capture import lfs
from ledger.capture.collect import Collection
from ledger.capture.git import Repository
from ledger.capture.known import Known
from ledger.capture.listing import CodeLimits, Listing, from_git, from_walk
from ledger.capture.plumbing import GitUnusable
from ledger.capture.put import Put
from ledger.capture.recorder import CREDENTIALS, SIZE, WITHHELD, Content, Recorder, sought_in_code
from ledger.capture.secrets import Secrets
from ledger.capture.walk import Scan, named, scan, shown
from ledger.model import (
    CodeSnapshot,
    Digest,
    HealthLine,
    HealthState,
    Manifest,
    ManifestEntry,
    NestedRepository,
    Notebook,
)
from ledger.model.codec import encode
from ledger.model.frozen import frozen
from ledger.model.manifest import path_key

__all__ = ["CapturedCode", "CodeLimits", "capture"]


@frozen
class CapturedCode:
    """The code of one root, its content and its manifests put."""

    snapshot: CodeSnapshot
    tree: Manifest
    """The code's files and links."""
    products: Manifest
    """Files that an earlier trial here made, and directories in which no recorded file lies."""
    health: HealthLine


def capture(
    root: Path,
    *,
    put: Put,
    git: bool,
    is_product: Callable[[str, Digest], bool],
    was_output: Callable[[str], bool] | None = None,
    was_withheld: Callable[[Digest], bool] = lambda _: False,
    limits: CodeLimits | None = None,
    skip: frozenset[Path] = frozenset(),
    name: str = ".",
    found: Scan | None = None,
    known: Known | None = None,
    mentioned: frozenset[str] = frozenset(),
    cache: Path | None = None,
    secrets: Secrets | None = None,
) -> CapturedCode:
    """Record the code beneath `root`; where git does not answer, the directory itself.

    A file that holds a secret of the command is recorded by its digest only, and so is a product that an
    earlier trial did not store for one of its own. A file as its commit has it is stored in any case: what is
    committed has been given away already, and without its code no trial can be replayed.

    Parameters
    ----------
    root
        Top of the tree.
    put
        Takes the content.
    git
        Whether `root` lies in a git working tree.
    is_product
        Whether a path's present digest is what an earlier trial here recorded as its output.
    was_output
        Whether a path ever was an output. Given, only such paths are held against `is_product`, those that
        git ignores among them; else all files that are not ignored.
    was_withheld
        Whether an earlier trial did not store a content that it made, since a secret was in it.
    limits
        How much is taken for code.
    skip
        Directories that are not code: the ledger's.
    name
        Of the snapshot.
    found
        A scan of `root` made just before; without it, one is made.
    known
        Digests from earlier reads; the caller saves it.
    mentioned
        Files that the command names: of notebooks among them the state is recorded.
    cache
        Directory for what is derived from contents; it can be deleted.
    secrets
        Of the command.

    Raises
    ------
    StorageError
        If the store's disk refuses.
    """
    limits = limits or CodeLimits()
    found = scan(root, skip) if found is None else found
    recorder = Recorder(
        root=root, put=put, known=Known() if known is None else known, secrets=sought_in_code(secrets)
    )
    collection = Collection(
        found=found, recorder=recorder, limits=limits, is_product=is_product, was_withheld=was_withheld
    )

    # 1. Products, wherever they lie.
    if was_output is not None:
        for path in found.files:
            if was_output(path):
                collection.take_product(path)

    # 2. Which of the other files are code.
    listing = _list(root, git, found, limits, collection)
    collection.notes += listing.notes

    # 3. Their content.
    if was_output is not None:
        collection.take_unchanged(listing.tracked)
    edited = frozenset[str]().union(*(each.differing for each in listing.repository or ()))
    for path, mode in listing.tracked.items():
        collection.take(path, tracked=True, mode=mode, check=was_output is None, published=path not in edited)
    for path in listing.untracked:
        collection.take(path, tracked=False, mode=None, check=was_output is None)
    pointers = lfs.note(root, found.files, collection.tree)
    collection.notes += [pointers] if pointers else []

    # 4. Directories in which nothing of it lies: a program may write there.
    collection.take_directories()

    # 5. Manifests, last: an object is never put before what it names.
    tree = _manifest(collection.tree)
    products = _manifest(collection.products | collection.directories)
    repository = listing.repository
    no_code = collection.products.keys() | found.left_out
    snapshot = CodeSnapshot(
        name=name,
        tree=put.put(encode(tree)),
        products=put.put(encode(products)) if products.entries else None,
        commit=repository.commit if repository else None,
        branch=repository.branch if repository else None,
        remote=repository.remote if repository else None,
        dirty=repository is not None and _is_dirty(repository, no_code),
        nested=_nested(repository, no_code) if repository else (),
        notebooks=_notebooks(root, repository, collection.tree, mentioned, cache),
    )
    return CapturedCode(snapshot=snapshot, tree=tree, products=products, health=_health(root, collection))


def _list(root: Path, git: bool, found: Scan, limits: CodeLimits, collection: Collection) -> Listing:
    if git:
        try:
            return from_git(root, found, limits)
        except GitUnusable as error:
            collection.notes.append(f"the directory as it lies, without what git knows: {error}")
    return from_walk(found, limits, collection.products)


def _manifest(taken: dict[str, Content]) -> Manifest:
    return Manifest.of(
        ManifestEntry(path=path, mode=each.mode, size=each.size, digest=each.digest, omitted=each.omitted)
        for path, each in taken.items()
    )


def _is_dirty(repository: Repository, no_code: Container[str]) -> bool:
    own = any(path not in no_code for path in repository.differing)
    return own or any(_is_dirty(each, no_code) for each in repository.inside)


def _nested(repository: Repository, no_code: Container[str]) -> tuple[NestedRepository, ...]:
    rows = [
        NestedRepository(
            path=each.path, commit=each.commit, remote=each.remote, dirty=_is_dirty(each, no_code)
        )
        for each in repository
        if each.path
    ]
    return tuple(sorted(rows, key=lambda row: path_key(row.path)))


def _notebooks(
    root: Path,
    repository: Repository | None,
    tree: dict[str, Content],
    mentioned: frozenset[str],
    cache: Path | None,
) -> tuple[Notebook, ...]:
    chosen = {path for path in mentioned if path.endswith(".ipynb")}
    for each in repository or ():
        chosen.update(path for path in each.differing if path.endswith(".ipynb"))
    if not chosen:
        return ()
    from ledger.capture import notebooks  # of no use to most

    return notebooks.states(root, tree, chosen, cache)


def _health(root: Path, collection: Collection) -> HealthLine:
    if not root.is_dir():
        reason = f"{shown(str(root))} is not a directory"
        return HealthLine(part="code", state=HealthState.ABSENT, reason=reason)
    notes = list(collection.notes)
    omitted: dict[str, list[str]] = {SIZE: [], CREDENTIALS: []}
    for taken in (collection.tree, collection.products):
        for path, content in taken.items():
            if content.omitted in omitted:
                omitted[content.omitted].append(path)
    limit = f"{collection.limits.max_untracked_bytes / 1e6:g} MB"
    reasons = {
        f"by digest only, over {limit} and not tracked": omitted[SIZE],
        "by path only, since they look like credentials": omitted[CREDENTIALS],
        WITHHELD: sorted(set(collection.recorder.secret), key=path_key),
        "by digest only, since they held a secret of the trial that made them": collection.withheld,
        "not readable": sorted(set(collection.recorder.unreadable), key=path_key),
        "changed while they were recorded": sorted(set(collection.recorder.changing), key=path_key),
    }
    notes += [f"{reason}: {named(paths)}" for reason, paths in reasons.items() if paths]
    state = HealthState.PARTIAL if notes else HealthState.COMPLETE
    return HealthLine(part="code", state=state, reason="; ".join(notes) or None)
