"""What adds to the record, or makes room: the part of `Ledger` that keeps house."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.api.base import Base, resolve
from ledger.model import Digest, Trial
from ledger.ops import checkout as checkouts
from ledger.ops import gc as collecting
from ledger.ops import keeping, lettings, notes, references
from ledger.ops.checkout import CheckedOut, Part
from ledger.ops.gc import Collected
from ledger.ops.keeping import Policy


class Keeping(Base):
    """What is kept is told, taken out and let go of."""

    def note(
        self,
        ref: str | Digest | Trial | None,
        text: str,
        *,
        experiment: str | None = None,
        author: str | None = None,
    ) -> Digest:
        """Write a note on a trial, or with ``ref=None`` on an experiment.

        Parameters
        ----------
        ref
            Which trial.
        text
            Markdown.
        experiment
            Which experiment.
        author
            Who says it; as git knows it by default.

        Returns
        -------
        Digest
            Id of the note's entry.

        Examples
        --------
        >>> id = open("project").note("@", "the loss spikes at step 200")
        """
        trials = self._load()
        if ref is None and experiment is not None:
            references.experiment(trials, experiment)
        return notes.note(
            self._workspace.journal,
            text,
            author=author or notes.author(self.root),
            trial=None if ref is None else resolve(trials, ref).id,
            experiment=experiment,
        ).id

    def tag(self, ref: str | Digest | Trial, name: str, *, remove: bool = False) -> None:
        """Give a trial a tag, or take it off.

        Examples
        --------
        >>> open("project").tag("@", "paper")
        """
        trials = self._load()
        trial = resolve(trials, ref)
        if remove:
            notes.untag(self._workspace.journal, trials, trial, name)
        else:
            notes.tag(self._workspace.journal, trial, name)

    def checkout(
        self,
        ref: str | Digest | Trial,
        to: str | os.PathLike[str],
        *,
        paths: Sequence[str] = (),
        parts: Sequence[str] = tuple(Part),
        force: bool = False,
    ) -> CheckedOut:
        """Write a trial's files into a directory.

        Parameters
        ----------
        ref
            Which trial.
        to
            The directory; made if it is missing.
        paths
            Only these paths, and what is beneath them.
        parts
            Of ``code``, ``products``, ``inputs``, ``outputs``.
        force
            Whether files that are there and differ are replaced.

        Examples
        --------
        >>> open("project").checkout("@", "again", parts=["outputs"]).paths
        ('model.bin',)
        """
        trials, store = self._load(), self._workspace.store
        trial = resolve(trials, ref)
        return checkouts.checkout(
            trial,
            Path(to),
            store,
            parts=tuple(map(Part, parts)),
            paths=tuple(paths),
            force=force,
            let_go=lambda digest: lettings.why(trial, trials, digest, store),
        )

    def gc(
        self,
        *,
        keep_last: int | None = None,
        older_than: str | float | None = None,
        experiment: str | None = None,
        tag: str | None = None,
        reproducible: bool = False,
        dry_run: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Collected:
        """Remove contents that no trial holds; their digests stay.

        With options, the outputs of the trials of which all options are true go, too.

        Parameters
        ----------
        keep_last
            Of each experiment, not those of so many of the last trials.
        older_than
            Only of trials that started longer ago: ``"90d"``, or seconds.
        experiment
            Only of this experiment's trials.
        tag
            Only of trials with this tag; otherwise tagged ones are kept.
        reproducible
            Only what the last replay has made again, byte by byte.
        dry_run
            Only say what would go.
        progress
            Takes a line for each step.

        Examples
        --------
        >>> open("project").gc(keep_last=20, dry_run=True).objects
        312
        """
        policy = Policy(
            keep_last=keep_last,
            older_than=keeping.age(older_than) if isinstance(older_than, str) else older_than,
            experiment=experiment,
            tag=tag,
            reproducible=reproducible,
        )
        return collecting.gc(self._workspace, policy, dry_run=dry_run, progress=progress)
