"""Find or make a ``.ledger`` directory, and open what is in it."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from ledger import fs
from ledger.errors import NewerFormatError, NotFoundError, UsageError
from ledger.journal.base import Journal
from ledger.journal.local import LocalJournal
from ledger.model import layout
from ledger.model.config import Config, parse
from ledger.model.frozen import frozen
from ledger.store.base import Store
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore


@frozen
class Workspace:
    """A ledger and the tree that it stands for."""

    root: Path
    """Top of the tree whose trials are recorded: of the git working tree, else where the ledger lies."""
    git: bool
    """Whether `root` is the top of a git working tree."""
    directory: Path
    """The ``.ledger`` directory."""
    config: Config
    store: Store
    journal: Journal
    foreign: bool = False
    """Whether a bundle was opened in it, so that others say what is run at a replay."""

    @property
    def cache(self) -> Path:
        """Directory of this user's derived things that all ledgers share."""
        return cache_directory()


def cache_directory() -> Path:
    """Where re-created environments and other derived things lie: ``$XDG_CACHE_HOME/ledger``.

    One that is relative is ignored, as the XDG Base Directory Specification says.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "ledger"


def find(start: Path, explicit: str | None = None) -> Workspace:
    """Open the ledger that `start` belongs to.

    Parameters
    ----------
    start
        A directory; the ledger is looked for here and upwards.
    explicit
        The ``.ledger`` directory itself, as ``--ledger`` or LEDGER_DIR names it.

    Raises
    ------
    NotFoundError
        If there is none.
    NewerFormatError
        If a later release made it.
    """
    root, git, directory = _locate(start.resolve(), explicit)
    if not layout.format_file(directory).is_file():
        if explicit:
            inside = directory / layout.DIRECTORY
            raise NotFoundError(
                f"no ledger in {directory}",
                cause="--ledger or LEDGER_DIR names it: expected the .ledger directory itself",
                hint=f"there is one inside of it: --ledger {inside}"
                if layout.format_file(inside).is_file()
                else f"make one there: ledger --ledger {directory} init",
            )
        raise NotFoundError(
            f"no ledger in {start} or above",
            cause=f"expected {directory}",
            hint="make one: ledger init, or record a trial: ledger run COMMAND",
        )
    return _open(root, git, directory, start)


def find_or_make(start: Path, explicit: str | None = None) -> tuple[Workspace, bool]:
    """Open the ledger that `start` belongs to, or make it.

    Returns
    -------
    tuple of Workspace and bool
        The ledger, and whether it was made just now.

    Raises
    ------
    UsageError
        If it would stand for ``/`` or the home directory.
    StorageError
        If the directory cannot be written.
    """
    root, git, directory = _locate(start.resolve(), explicit)
    made = not layout.format_file(directory).is_file()
    if made:
        refuse_everything(root, git=git)
        make(directory)
    return _open(root, git, directory, start), made


def refuse_everything(root: Path, *, git: bool) -> None:
    """Refuse ``/`` and the home directory as the tree that trials are of.

    Raises
    ------
    UsageError
        If it is one of them.
    """
    if not git and root in (Path("/"), Path.home().resolve()):
        raise UsageError(
            f"a ledger for all of {root} is refused",
            cause="every file in it would be taken for code",
            hint="change into a project's directory",
        )


def make(directory: Path) -> None:
    """Make an empty ledger; what is there of one stays.

    Raises
    ------
    StorageError
        If the directory cannot be written.
    """
    with fs.explained(directory):
        fs.make_directory(directory)
        fs.create(layout.ignore_file(directory), b"*\n")
        fs.create(layout.format_file(directory), f"{layout.FORMAT}\n".encode())


def is_copy(directory: Path) -> bool:
    """Whether a ``.ledger`` directory is the copy of a remote, which is the ledger itself."""
    return layout.upstream_file(directory).is_file()


def _open(root: Path, git: bool, directory: Path, start: Path) -> Workspace:
    text = layout.format_file(directory).read_text(errors="replace").strip()
    if text.startswith("ledger remote "):
        raise UsageError(
            f"{directory} is a remote, and no ledger directory",
            cause="its blob format says so",
            hint=f"as the ledger: ledger --ledger {directory.as_uri()} …; a ledger from it: ledger clone"
            f" {directory.as_uri()} DIRECTORY",
        )
    if text not in (str(layout.FORMAT), str(layout.FORMAT_WITH_PACKS)):
        raise NewerFormatError(
            f"{directory} is of format {text[:20]!r}",
            cause=f"this release reads formats up to {layout.FORMAT_WITH_PACKS}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    config = _read_config(start.resolve(), root)
    journal: Journal = LocalJournal(directory, before_segments=partial(admit_packs, directory))
    foreign = layout.proven(directory).is_dir()
    if foreign:
        from ledger.journal.proven import ProvenJournal  # only where a bundle was opened

        journal = ProvenJournal(journal, directory)
    return Workspace(
        root=root,
        git=git,
        directory=directory,
        config=config,
        store=PinnedStore(
            LocalStore(
                layout.objects(directory),
                layout.temporary(directory),
                large=config.store.large,
                before_packs=partial(admit_packs, directory),
            ),
            directory,
        ),
        journal=journal,
        foreign=foreign,
    )


def admit_packs(directory: Path) -> None:
    """Let the ledger have packs and compressed segments; what cannot read them refuses it from now on.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    path = layout.format_file(directory)
    if path.read_text().strip() == str(layout.FORMAT):
        fs.replace(path, f"{layout.FORMAT_WITH_PACKS}\n".encode())


def _locate(start: Path, explicit: str | None) -> tuple[Path, bool, Path]:
    """Find the root, whether git has it, and the ledger's directory."""
    top = _git_top(start)
    if explicit:
        directory = Path(explicit).expanduser().absolute()
        home = directory.parent.resolve()
        beneath = directory.name == layout.DIRECTORY and (home == start or home in start.parents)
        return top or (home if beneath else start), top is not None, directory
    for place in (start, *start.parents):
        directory = place / layout.DIRECTORY
        if layout.format_file(directory).is_file():
            return top or place, top is not None, directory
    main = _main_tree(top) if top else None
    directory = (main or top or start) / layout.DIRECTORY
    return top or start, top is not None, directory


def _git_top(start: Path) -> Path | None:
    for place in (start, *start.parents):
        if (place / ".git").exists():
            return place
    return None


def _main_tree(top: Path) -> Path | None:
    """Top of the main working tree that the linked one at `top` belongs to."""
    marker = top / ".git"
    if not marker.is_file():
        return None
    text = marker.read_text(errors="surrogateescape").strip()
    if not text.startswith("gitdir: "):
        return None
    directory = (top / text.removeprefix("gitdir: ")).resolve()
    # A linked tree's directory is MAIN/.git/worktrees/NAME; a submodule's is elsewhere: a tree of its own.
    if directory.parent.name == "worktrees" and directory.parent.parent.name == ".git":
        return directory.parent.parent.parent
    return None


def _read_config(start: Path, root: Path) -> Config:
    """Read the nearest ``ledger.toml``, else ``[tool.ledger]``, from `start` up to `root`."""
    for place in (start, *start.parents):
        own, project = place / "ledger.toml", place / "pyproject.toml"
        if own.is_file():
            return parse(_read_toml(own), str(own))
        if project.is_file() and b"[tool.ledger" in project.read_bytes():
            table = _read_toml(project).get("tool", {}).get("ledger")
            if isinstance(table, dict):
                return parse(table, f"{project} [tool.ledger]")
        if place == root:
            break
    return Config()


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML", cause=str(error)) from error
