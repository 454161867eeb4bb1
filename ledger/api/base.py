"""What every part of `Ledger` stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import LedgerError
from ledger.model import Digest, Head, Trial
from ledger.ops import lost, query, references
from ledger.ops.trials import Trials
from ledger.workspace import Workspace


class Base:
    """A ledger that is open."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __repr__(self) -> str:
        return f"Ledger({str(self.directory)!r})"

    @property
    def directory(self) -> Path:
        """The ``.ledger`` directory."""
        return self._workspace.directory

    @property
    def root(self) -> Path:
        """Top of the tree whose trials are recorded."""
        return self._workspace.root

    @property
    def head(self) -> Head:
        """How far the ledger goes: size and Merkle root of each origin.

        Examples
        --------
        >>> open("project").head.size
        14
        """
        return self._workspace.journal.head()

    def trial(self, ref: str | Digest | Trial = "@") -> Trial:
        """The trial that a reference means.

        Raises
        ------
        NotFoundError, AmbiguousError
            If it means none, or more than one.

        Examples
        --------
        >>> open("project").trial("baseline").name
        'baseline'
        """
        return resolve(self._load(), ref)

    @contextmanager
    def _pushing(self, warn: Callable[[str], None], *, wanted: bool = True) -> Iterator[None]:
        """Push, at the end, trials that are run within, where ``[remote] auto_push`` is set."""
        try:
            yield
        except LedgerError:
            self._push(warn, wanted=wanted)  # those before it have ended
            raise
        self._push(warn, wanted=wanted)

    def _push(self, warn: Callable[[str], None], *, wanted: bool) -> None:
        if wanted and self._workspace.config.remote.auto_push:
            from ledger.ops.sharing import push_if_wanted

            push_if_wanted(self._workspace, warn)

    def _load(self) -> Trials:
        lost.recover_quietly(self._workspace)
        return query.load(self._workspace.journal)


def text(ref: str | Digest | Trial) -> str:
    """A reference as people write it."""
    if isinstance(ref, Trial):
        return str(ref.id)
    return str(ref)


def resolve(trials: Trials, ref: str | Digest | Trial) -> Trial:
    """What a reference means."""
    return references.resolve(trials, text(ref))
