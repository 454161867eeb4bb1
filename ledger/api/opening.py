"""How a ledger, a bundle or a proof is had from outside."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger import workspace as workspaces
from ledger.api.asking import Asking
from ledger.api.checking import Checking
from ledger.api.explaining import Explaining
from ledger.api.keeping import Keeping
from ledger.api.repeating import Repeating
from ledger.api.reporting import Reporting
from ledger.api.running import Running
from ledger.api.sharing import Sharing
from ledger.api.tuning import Tuning
from ledger.errors import DamagedError, NotFoundError
from ledger.model import Digest, layout
from ledger.model.proof import MOST_BYTES
from ledger.ops import copies, proofs, sharing
from ledger.ops import open_bundle as bundles
from ledger.ops.proofs import Proven
from ledger.ops.upstream import Upstream
from ledger.remotes.locate import is_url
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.model.space import Space
    from ledger.ops.tune.loop import Tuned


class Ledger(Running, Repeating, Tuning, Asking, Explaining, Keeping, Checking, Sharing, Reporting):
    """A ledger.

    Nothing is kept between calls: each reads what is there then.

    Parameters
    ----------
    workspace
        Where it lies; `open` finds it.

    Examples
    --------
    >>> ledger = open("project", create=True)
    >>> trial = ledger.run(["python", "train.py", "--lr", "0.1"], experiment="digits")
    >>> ledger.replay(trial.id).verdict
    <Verdict.IDENTICAL: 'identical'>
    """


def open(path: str | os.PathLike[str] | None = None, *, create: bool = False) -> Ledger:
    """Open the ledger of a directory.

    Parameters
    ----------
    path
        A directory whose ledger is looked for there and above, a ``.ledger`` directory itself, or the URL of
        a remote that is the ledger; the current directory by default, where LEDGER_DIR counts too. What is
        new at such a remote is seen when it is opened, and after `Ledger.pull`. It is told of trials by
        itself, and of all else by `Ledger.push`.
    create
        Whether to make the ledger if there is none.

    Raises
    ------
    NotFoundError
        If there is none.

    Examples
    --------
    >>> ledger = open("project")
    >>> ledger.trial("@").status
    <Status.OK: 'ok'>
    """
    start, explicit = Path.cwd(), None
    if path is None:
        explicit = os.environ.get("LEDGER_DIR")
    elif is_url(os.fspath(path)):
        explicit = os.fspath(path)
    elif Path(path).name == layout.DIRECTORY:
        explicit, start = os.fspath(path), Path(path).absolute().parent
    else:
        start = Path(path).absolute()
        if not start.is_dir():
            raise NotFoundError(f"no directory {start}", hint="make it first, or name another one")
    if explicit and is_url(explicit):
        found = copies.find_or_make(start, explicit)[0] if create else copies.find(start, explicit)
    else:
        found = workspaces.find_or_make(start, explicit)[0] if create else workspaces.find(start, explicit)
    return Ledger(_with_news(found))


def tune(
    function: str | Sequence[str | os.PathLike[str]] | Callable[..., Any] = (),
    space: Space | Mapping[str, Any] | Sequence[str] | None = None,
    **options: Any,
) -> Tuned:
    """Search for the hyperparameters with which a function, or a command, does best.

    As `Ledger.tune` of the ledger of the current directory, which is made if there is none; trials run in it.

    Parameters
    ----------
    function, space
        What to call, or to run, and what to search.
    **options
        Those of `Ledger.tune`.

    Raises
    ------
    LedgerError
        As `Ledger.tune` does.

    Examples
    --------
    >>> tuned = tune(train, ["lr=log(1e-5, 1e-1)"], experiment="digits", minimize="loss", executions=40)
    >>> tuned.standing.best
    (17,)
    """
    return open(create=True).tune(function, space, **{"directory": Path.cwd(), **options})


def _with_news(workspace: Workspace) -> Workspace:
    """Where a remote is the ledger: take its news, and fetch its contents when they are read."""
    if not workspaces.is_copy(workspace.directory):
        return workspace
    upstream = Upstream(workspace, lambda text: warnings.warn(text, stacklevel=4))
    if not copies.is_outer(workspace):
        upstream.refresh()
    return upstream.workspace()


def clone(url: str | os.PathLike[str], directory: str | os.PathLike[str]) -> Ledger:
    """Make a ledger in a new or empty directory from all that a remote has.

    Parameters
    ----------
    url
        Where the remote is.
    directory
        Where the ledger comes.

    Raises
    ------
    NotFoundError
        If no ledger is there.
    UsageError
        If the directory holds something.
    DamagedError
        If something at the remote is not believed; what is, is in the ledger.

    Examples
    --------
    >>> clone("s3://bucket/project", "project").trial("@").status
    <Status.OK: 'ok'>
    """
    place = Path(directory).absolute()
    _, _, done = sharing.clone(os.fspath(url), place, here=Path.cwd())
    for each in done.findings:
        raise DamagedError(f"{each.what}: {each.where}", cause=f"expected {each.expected}, got {each.got}")
    return open(place / layout.DIRECTORY)


def open_bundle(
    path: str | os.PathLike[str],
    directory: str | os.PathLike[str] | None = None,
    *,
    key: str | os.PathLike[str] | None = None,
    signers: str | os.PathLike[str] | None = None,
    head: Digest | None = None,
    max_size: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Ledger:
    """Check a bundle, every byte of it, and make a ledger of it, as ``ledger open`` does.

    To open and look at it runs nothing. To replay what is in it runs what its maker recorded.

    Parameters
    ----------
    path
        The file.
    directory
        Where to: made if it is missing, or one that another bundle was opened into. By default the file's
        name without its end, in the current directory.
    key, signers, head
        Who has to have signed its head, or which head it has to be, as for `check_proof`.
    max_size
        Bytes that its contents may make up; 1 GiB and 200 times the file by default.
    progress
        Takes a line for each step.

    Raises
    ------
    DamagedError, MismatchError
        If it is refused; `directory` is then as it was.

    Examples
    --------
    >>> open_bundle("paper.ledger", key="ann.pub").replay("@").verdict
    <Verdict.IDENTICAL: 'identical'>
    """
    trusted = proofs.trusted(
        key=None if key is None else Path(key),
        signers=None if signers is None else Path(signers),
        head=head,
    )
    target = None if directory is None else Path(directory)
    opened = bundles.open_bundle(Path(path), target, trusted, max_size=max_size, progress=progress)
    return Ledger(workspaces.find(opened.directory, os.fspath(opened.directory / layout.DIRECTORY)))


def check_proof(
    path: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str] | None = None,
    signers: str | os.PathLike[str] | None = None,
    head: Digest | None = None,
    since: Digest | None = None,
) -> Proven:
    """Check a proof that a trial is in a ledger; no ledger is needed for it.

    Parameters
    ----------
    path
        The file.
    key
        A file with the public key that has to have signed its head.
    signers
        A file of allowed signers, as ssh has them, one of whom has to.
    head
        Digest of the head that it has to be of.
    since
        Digest of an earlier head that it has to go on from.

    Returns
    -------
    Proven
        What it shows. Unless it is `vouched` for by a key or a head that was named, anybody can have made it.

    Raises
    ------
    DamagedError
        If it is no proof.
    MismatchError
        If it does not hold, or what was named does not vouch for it.
    IncomparableError
        If it is signed and there is no ``ssh-keygen``.

    Examples
    --------
    >>> check_proof("proof.json", key="ann.pub").trial.status
    <Status.OK: 'ok'>
    """
    trusted = proofs.trusted(
        key=None if key is None else Path(key),
        signers=None if signers is None else Path(signers),
        head=head,
        since=since,
    )
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {os.fspath(path)}", cause="expected a proof") from error
    return proofs.check(content, trusted, what=os.fspath(path))
