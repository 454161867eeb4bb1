"""What shows that a ledger is what it was: the part of `Ledger` that checks, signs and proves."""

from __future__ import annotations

import os
from pathlib import Path

from ledger.api.base import Base, resolve
from ledger.model import Digest, Head, Trial
from ledger.model.proof import SignedHead, write_proof
from ledger.ops import denominator, pinned_heads, prove, references, signing
from ledger.ops import verify as checks
from ledger.ops.denominator import Denominator
from ledger.ops.sampling import Sampling
from ledger.ops.verify import Report


class Checking(Base):
    """What is recorded is checked, and vouched for."""

    def verify(
        self,
        ref: str | Digest | Trial | None = None,
        *,
        experiment: str | None = None,
        sample: int | str | None = None,
        seed: int | None = None,
    ) -> Report:
        """Check the journal, and each object that the trials refer to.

        Parameters
        ----------
        ref
            Only this trial's objects.
        experiment
            Only this experiment's objects.
        sample
            Hash so many of the contents, chosen at random, or a share such as ``"5%"``; None for all.
        seed
            Chooses the sample; None for a new one.

        Examples
        --------
        >>> open("project").verify().ok
        True
        """
        trials = self._load()
        scope: tuple[Trial, ...] | None = None
        if ref is not None:
            scope = (resolve(trials, ref),)
        elif experiment is not None:
            scope = references.experiment(trials, experiment)
        drawing = None if sample is None else Sampling.parse(str(sample), seed)
        report = checks.verify(
            self._workspace.journal, self._workspace.store, trials, scope=scope, sample=drawing
        )
        if experiment is not None:
            report = checks.with_searches(report, self._workspace, trials, experiment)
        return checks.with_notes(pinned_heads.checked(self._workspace, report), trials)

    def sign(self, key: str | os.PathLike[str] | None = None) -> SignedHead:
        """Check the ledger, and sign its head with an SSH key; the signature is kept.

        Parameters
        ----------
        key
            The key, or its public half where an agent has the other; git's, or the first in ``~/.ssh``, by
            default.

        Raises
        ------
        MismatchError
            If the check has findings.
        NotFoundError
            If there is no key.
        IncomparableError
            If there is no ``ssh-keygen``.

        Examples
        --------
        >>> open("project").sign().digest.short
        '8237a426c951'
        """
        return pinned_heads.sign(self._workspace, self.verify(), None if key is None else Path(key))

    def prove(
        self,
        ref: str | Digest | Trial,
        *,
        since: Head | None = None,
        key: str | os.PathLike[str] | None = None,
    ) -> bytes:
        """Prove that a trial is in the largest signed head that has it, or where none has in that of now.

        Parameters
        ----------
        ref
            Which trial.
        since
            An earlier head from which that one has to go on.
        key
            File of the public key that has to have signed it.

        Returns
        -------
        bytes
            The proof, for a file that `check_proof` checks.

        Examples
        --------
        >>> Path("proof.json").write_bytes(open("project").prove("@"))
        3694
        """
        trial = resolve(self._load(), ref)
        signer = None if key is None else signing.public_digest(Path(key))
        journal, directory = self._workspace.journal, self._workspace.directory
        return write_proof(prove.prove(journal, directory, trial.id, since=since, key=signer))

    def denominator(self, experiment: str, head: Head | None = None) -> Denominator:
        """How many trials of an experiment a head holds, whatever came of them; in that of now by default.

        Examples
        --------
        >>> open("project").denominator("digits").trials
        37
        """
        return denominator.count(self._workspace.journal, head or self.head, experiment)
