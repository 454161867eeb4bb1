"""What every part of `Ledger` stands on."""

from __future__ import annotations

from pathlib import Path

from ledger.model import Digest, Head, Trial
from ledger.ops import lost, query, references
from ledger.ops.query import Trials
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
