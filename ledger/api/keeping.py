"""What adds to the record, or makes room: the part of `Ledger` that keeps house."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.api.base import Base, resolve
from ledger.api.base import text as _text
from ledger.model import Digest, Trial
from ledger.ops import checkout as checkouts
from ledger.ops import gc as collecting
from ledger.ops import keeping, lettings, lost, note_signatures, note_subject, noted, notes
from ledger.ops.checkout import CheckedOut, Part
from ledger.ops.gc import Collected
from ledger.ops.keeping import Policy
from ledger.ops.remarks import Remark


class Keeping(Base):
    """What is kept is told, taken out and let go of."""

    def note(
        self,
        ref: str | Digest | Trial | None,
        text: str,
        *,
        experiment: str | None = None,
        against: Sequence[str | Digest | Trial] = (),
        metric: str | None = None,
        step: int | None = None,
        replaces: str | Digest | None = None,
        author: str | None = None,
        key: str | os.PathLike[str] | None = None,
        sign: bool | None = None,
    ) -> Digest:
        """Write a note on a trial, or with ``ref=None`` on an experiment, or in place of another note.

        Parameters
        ----------
        ref
            Which trial.
        text
            Markdown.
        experiment
            Which experiment.
        against
            Trials, or names of experiments, that it is compared with: the note is on their diff.
        metric
            Of the trial, that the note is on.
        step
            Of the metric, that the note is on.
        replaces
            Id of a note that this one corrects, or the start of it; it is on what that one is on.
        author
            Who says it; as git knows it by default.
        key
            File of an SSH key that signs it.
        sign
            Whether it is signed; by default if `key` is given, or git signs with an SSH key here.

        Returns
        -------
        Digest
            Id of the note's entry.

        Raises
        ------
        NotFoundError, AmbiguousError
            If there is no such trial, experiment, metric, step, note or key, or more than one.
        UsageError
            If these do not go together, or the text is empty or too long.

        Examples
        --------
        >>> id = open("project").note("@", "the loss spikes", metric="loss", step=200)
        """
        lost.recover_quietly(self._workspace)
        journal = self._workspace.journal
        earlier = None if replaces is None else note_subject.find(noted.find(journal).trials, str(replaces))
        subject = None
        named = any(each is not None for each in (ref, experiment, metric, step)) or bool(against)
        if earlier is None or named:
            others = [_text(each) for each in against]
            names = () if experiment is None else (experiment, *(others if ref is None else ()))
            found = noted.find(journal, () if ref is None else (_text(ref), *others), names)
            subject = note_subject.checked(found, names, metric=metric, step=step)
            note_subject.check_step(subject, found.trials, self._workspace.store.get)
        signing = note_signatures.chosen(self.root, None if key is None else Path(key), sign)
        return notes.note(
            self._workspace.journal,
            text,
            author=author or notes.author(self.root),
            subject=subject,
            replaces=earlier,
            signing=signing,
        ).id

    def take_back(
        self, note: str | Digest, reason: str = "", *, author: str | None = None, sign: bool | None = None
    ) -> Digest:
        """Take a note back: it is not shown any more, and stays in the journal.

        Parameters
        ----------
        note
            Its id, or the start of it.
        reason
            Why.
        author, sign
            As of `note`.

        Returns
        -------
        Digest
            Id of the entry that says so.

        Raises
        ------
        NotFoundError, AmbiguousError
            If there is no such note, or more than one.

        Examples
        --------
        >>> id = open("project").take_back("3f0c2a", "it was the old split")
        """
        lost.recover_quietly(self._workspace)
        journal = self._workspace.journal
        return notes.take_back(
            journal,
            note_subject.find(noted.find(journal).trials, str(note)),
            author=author or notes.author(self.root),
            reason=reason,
            signing=note_signatures.chosen(self.root, None, sign),
        ).id

    def notes(self) -> tuple[Remark, ...]:
        """All notes, oldest first; corrected ones, and those that were taken back, are left out.

        Examples
        --------
        >>> [each.note.text for each in open("project").notes()]
        ['the loss spikes']
        """
        lost.recover_quietly(self._workspace)
        return noted.find(self._workspace.journal).trials.standing_notes

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
