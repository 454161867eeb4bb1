"""Make a ledger of a bundle that was checked: log, show, checkout and replay then work as in any other."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger import fs
from ledger import workspace as workspaces
from ledger.errors import LedgerError, MismatchError, NotFoundError, UsageError
from ledger.journal import proven
from ledger.model import NOT_BUNDLED, ContentDropped, Digest, DroppedContent, Recorded, layout
from ledger.model.frozen import frozen
from ledger.ops import bundle_check, query, reach
from ledger.ops.bundle_check import Checked, Progress
from ledger.ops.proofs import Trusted
from ledger.ops.reach import Reference
from ledger.store.outside_pack import OutsidePack
from ledger.store.workplace import Workplace
from ledger.workspace import Workspace


@frozen
class Opened:
    """A ledger that a bundle was opened into."""

    directory: Path
    """Where the ledger stands: what holds ``.ledger``."""
    checked: Checked
    added: bool
    """Whether it was not there already."""


def open_bundle(
    path: Path,
    target: Path | None = None,
    trusted: Trusted | None = None,
    *,
    what: str | None = None,
    max_size: int | None = None,
    progress: Progress = lambda _: None,
) -> Opened:
    """Check a bundle, and make a ledger of it, or add it to one that was made so.

    Parameters
    ----------
    path
        The file.
    target
        The directory; made if it is missing. By default the file's name without its end, beside nothing but
        the current directory.
    trusted, what, max_size, progress
        As for `bundle_check.check`.

    Raises
    ------
    DamagedError, MismatchError, NewerFormatError
        If it is refused; `target` is then as it was.
    UsageError
        If there is another ledger in `target`.
    LedgerError
        If `target` came into being meanwhile, as another process opened a bundle there; nothing is added.
    StorageError
        If the disk refuses; `target` is then as it was.
    """
    what = what or os.fspath(path)
    target = Path(path.stem) if target is None else target
    target = Path(os.path.abspath(target))
    ledger = target / layout.DIRECTORY
    _refuse_place(target, ledger)
    with fs.explained(target), _place(target, ledger) as building, _copied(path, building, what) as copy:
        checked = bundle_check.check(copy, trusted, what=what, max_size=max_size, progress=progress)
        with _alone(building), _held(building, checked, new=building != ledger):
            _refuse_split(building, checked)
            kept = proven.keeps(building, checked.document)
            _put(building, copy, checked)
    _let_go(target, checked)
    return Opened(directory=target, checked=checked, added=not kept)


def open_in_cache(path: Path, *, progress: Progress = lambda _: None) -> Opened:
    """Open a bundle in a directory of this user's own, which it has for ever after.

    Raises
    ------
    DamagedError, MismatchError, NewerFormatError
        If it is refused.
    """
    what = os.fspath(path)
    with OutsidePack(path, what) as pack:
        claimed = pack.claimed()
    if claimed is not None and _is_opened(_cached(claimed) / layout.DIRECTORY):
        # The file may be another one by now: the name that counts is of what was hashed.
        checked = bundle_check.check(path, progress=progress)
        if _is_opened(_cached(checked.pack) / layout.DIRECTORY):
            return _opened_before(checked)
    home = fs.beside(_cache() / "new")
    building = home / layout.DIRECTORY
    with fs.explained(home.parent), _begun(building, home):
        with _copied(path, building, what) as copy:
            checked = bundle_check.check(copy, what=what, progress=progress)
            _put(building, copy, checked)
        target = _cached(checked.pack)
        try:
            home.rename(target)
        except OSError:
            if not _is_opened(target / layout.DIRECTORY):
                raise
            fs.remove_tree(home)  # another process was faster
            return _opened_before(checked)
        fs.sync_directory(target.parent)
    _let_go(target, checked)
    return Opened(directory=target, checked=checked, added=True)


def _cache() -> Path:
    return workspaces.cache_directory() / "bundles"


def _cached(pack: Digest) -> Path:
    """Where the bundle with that pack is opened."""
    return _cache() / pack.hex()


def _is_opened(ledger: Path) -> bool:
    return layout.proven(ledger).is_dir()


def _opened_before(checked: Checked) -> Opened:
    target = _cached(checked.pack)
    _let_go(target, checked)  # whoever opened it may have died before
    return Opened(directory=target, checked=checked, added=False)


def _put(building: Path, copy: Path, checked: Checked) -> None:
    """Give the file its name among the objects, and then the entries."""
    pack = layout.packs(layout.objects(building)) / layout.pack_name(checked.pack)
    fs.make_directory(pack.parent)
    copy.replace(pack)
    fs.sync_directory(pack.parent)
    proven.keep(building, checked.document)  # from here on its entries are in the ledger


def _refuse_place(target: Path, ledger: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is no directory", hint="name another one: ledger open FILE DIR")
    if target.resolve() in (Path("/"), Path.home().resolve()):
        raise UsageError(
            f"a ledger for all of {target} is refused", hint="name a directory: ledger open FILE DIR"
        )
    if not target.parent.is_dir():
        raise UsageError(f"there is no directory {target.parent}", hint="make it first: mkdir -p DIR")
    if ledger.exists() and not _is_opened(ledger):
        raise UsageError(
            f"{target} has a ledger of its own",
            cause="what others say in a bundle would count for the trials there",
            hint="name another directory: ledger open FILE DIR",
        )


@contextmanager
def _place(target: Path, ledger: Path) -> Iterator[Path]:
    """The ledger directory to write into; a new one takes its place at the end, when it is whole."""
    if ledger.exists():
        yield ledger
        return
    # What is there already stays: then only the ledger is new.
    made = ledger if target.is_dir() else target
    home = fs.beside(made)
    building = home if made == ledger else home / layout.DIRECTORY
    with _begun(building, home):
        yield building
        try:
            home.rename(made)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise LedgerError(
                f"another process made {made} meanwhile",
                cause="what it put there stays as it is, and nothing was added",
                hint=f"to add the bundle to a ledger that was opened there: ledger open FILE {target}",
            ) from error
        fs.sync_directory(target.parent)
        fs.sync_directory(target)


@contextmanager
def _begun(ledger: Path, home: Path) -> Iterator[None]:
    """Make a ledger directory; `home`, which is or holds it, is removed if something goes wrong."""
    try:
        fs.make_directory(ledger)
        fs.create(layout.ignore_file(ledger), b"*\n")
        fs.create(layout.format_file(ledger), f"{layout.FORMAT_WITH_PACKS}\n".encode())
        yield
    except BaseException:
        fs.remove_tree(home)
        raise


@contextmanager
def _copied(path: Path, ledger: Path, what: str) -> Iterator[Path]:
    """A copy that nobody else changes, durable: what is checked is what is kept."""
    with fs.explained(what, "read"):
        try:
            source = fs.open_file(path)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFoundError(f"no file {what}", cause="expected a bundle") from error
    try:
        workplace = Workplace(layout.objects(ledger), layout.temporary(ledger))
        target, name = workplace.create()
        try:
            fs.clone(source, target, os.fstat(source).st_size)
            os.fsync(target)
            yield Path(name)
        finally:
            os.close(target)
            Path(name).unlink(missing_ok=True)
            workplace.end()
            workplace.release()
    finally:
        os.close(source)


@contextmanager
def _alone(ledger: Path) -> Iterator[None]:
    """Have nobody else add a bundle meanwhile: it might tell of another past."""
    fs.make_directory(layout.proven(ledger))
    with fs.locked(layout.proven_lock(ledger)):
        yield


@contextmanager
def _held(ledger: Path, checked: Checked, *, new: bool) -> Iterator[None]:
    """Keep others from removing the objects before the entries are there that refer to them."""
    if new:
        yield  # nobody knows of it yet
        return
    store = workspaces.find(ledger.parent, os.fspath(ledger)).store
    with store.pinned():
        store.present(checked.objects)
        yield


def _refuse_split(ledger: Path, checked: Checked) -> None:
    """Two bundles of one log have to tell the same of it."""
    entries = {(each.entry.origin, each.seq): each.id for each in checked.entries}
    heads = {(each.origin, each.size): each.root for each in checked.bundle.head.origins}
    for digest in proven.digests(ledger):
        before = proven.get(ledger, digest)
        kept = proven.entries_of(before, digest.short)
        _refuse_crossing(checked, kept)
        for recorded in kept:
            place = recorded.entry.origin, recorded.seq
            if entries.get(place, recorded.id) != recorded.id:
                raise _split(checked, f"entry {place[1]:,} of", place[0], recorded.id, entries[place])
        for head in before.head.origins:
            root = heads.get((head.origin, head.size), head.root)
            if root != head.root:
                raise _split(checked, f"{head.size:,} entries of", head.origin, head.root, root)


def _refuse_crossing(checked: Checked, kept: Sequence[Recorded]) -> None:
    """A bundle does not say what of another one's contents is let go of, unless that one says so, too."""
    for some, others in ((checked.entries, kept), (kept, checked.entries)):
        here, there = {each.id for each in some}, {each.id for each in others}
        for each in some:
            payload = each.entry.payload
            if each.id in there or not isinstance(payload, ContentDropped):
                continue
            if any(dropped.entry in there - here for dropped in payload.contents):
                raise MismatchError(
                    f"{checked.what} and a bundle that was opened here before do not go together",
                    cause=f"entry {each.seq:,} of origin {each.entry.origin.hex()} in one of them lets go of"
                    " contents of the other one's trials",
                    hint="name another directory: ledger open FILE DIR",
                )


def _split(checked: Checked, place: str, origin: bytes, expected: Digest, got: Digest) -> MismatchError:
    return MismatchError(
        f"{checked.what} tells of another past than a bundle that was opened here before",
        cause=f"{place} origin {origin.hex()}: expected {expected}, got {got}",
        hint="one of them was made up: ask who made them; or name another directory: ledger open FILE DIR",
    )


def _let_go(target: Path, checked: Checked) -> None:
    """Record which outputs were not in the bundle, so that nobody takes them for lost."""
    wanted = {each.digest for each in (*checked.missing, *checked.left_out)}
    if not wanted:
        return
    workspace = workspaces.find(target, os.fspath(target / layout.DIRECTORY))
    with workspace.store.pinned():
        missing = wanted - workspace.store.present(wanted)
    if not missing:
        return
    trials = query.load(workspace.journal)
    contents = []
    for recorded in checked.entries:
        digests = {
            each.digest
            for each in reach.of_entry(recorded.entry.payload)
            if each.output
            and (each.digest in missing or _lists(workspace, each, missing))
            and trials.dropped_from(recorded.id, each.digest) is None
        }
        if digests:
            contents.append(DroppedContent(entry=recorded.id, digests=tuple(sorted(digests))))
    if contents:
        workspace.journal.append(ContentDropped(contents=tuple(contents), reason=NOT_BUNDLED))


def _lists(workspace: Workspace, reference: Reference, missing: set[Digest]) -> bool:
    if reference.kind is None:
        return False
    return any(each.digest in missing for each in reach.inside(workspace.store.get(reference.digest), ""))
