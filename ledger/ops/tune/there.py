"""Where a trial of a search runs on a machine that shares nothing but a remote with the search."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ledger.model.frozen import replace
from ledger.ops import copies, lost, scratch
from ledger.ops.prepare import Pinned
from ledger.ops.tune.elsewhere import runs
from ledger.ops.upstream import Upstream
from ledger.workspace import Workspace


@contextmanager
def place(
    remote: str, pinned: Pinned, root: str, directory: str, notify: Callable[[str], None]
) -> Iterator[tuple[Workspace, Path]]:
    """The copy of the ledger on this machine, with all that is new, and a working directory.

    Where the search's tree is not on this machine, the pinned one stands for it.

    Parameters
    ----------
    remote
        The ledger.
    pinned
        What to run.
    root, directory
        Of the tree and in it, absolute, where the search runs.
    notify
        Takes warnings, a line each.

    Raises
    ------
    BrokenExecutor
        If a trial of the proposal has begun and not ended: whoever ran it died.
    LedgerError
        If the remote, or what is needed of it, is not to be had.
    """
    with ExitStack() as stack:
        here = Path(root)
        there = Path(directory).is_dir()
        if not there:
            here = stack.enter_context(scratch.temporary("ledger-root-"))
        copy = copies.find(here, remote)
        upstream = Upstream(copy, notify)
        upstream.refresh()
        lost.recover(copy)
        if runs(copy, pinned.proposal):
            raise BrokenExecutor("another worker began this trial, and did not end it")
        workspace = upstream.workspace()
        if not there:
            own = pinned.code[0]
            trees = [each for each in (own.tree, own.products) if each is not None]
            scratch.restore(workspace.store, trees, here)
            settings = copies.find(here, remote)  # whose settings are a file of the tree
            workspace = replace(workspace, config=settings.config)
        working = here / os.path.relpath(directory, root)
        working.mkdir(parents=True, exist_ok=True)
        yield workspace, working
