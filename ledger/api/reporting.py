"""What is told to others: the part of `Ledger` that writes reports and badges."""

from __future__ import annotations

from ledger.api.base import Base, resolve, text
from ledger.model import Digest, Trial
from ledger.ops import lost


class Reporting(Base):
    """Trials are told of."""

    def report(
        self,
        *refs: str | Digest | Trial,
        where: str | None = None,
        minimize: str | None = None,
        maximize: str | None = None,
        format: str = "html",
        limit: int = 20,
    ) -> bytes:
        """A report on trials, on experiments, or on what a filter selects, as ``ledger report`` writes it.

        Parameters
        ----------
        *refs
            Trials, or names of experiments.
        where
            Only trials for which this holds: of the experiments that are named, or of all.
        minimize, maximize
            The metric by which trials are best; what an experiment was tuned for by default.
        format
            ``html``: one page that needs nothing else; ``md``, ``latex-table``, ``pdf`` (extra: pdf), or
            ``json``: the form ``report.v1``.
        limit
            Configurations of each experiment in Markdown, PDF and a table; the others have all trials.

        Returns
        -------
        bytes
            The file.

        Raises
        ------
        UsageError
            If nothing is named, a filter is off, or no trial has the metric.
        NotFoundError, AmbiguousError
            If a reference means nothing, or several trials; or a table has no value.
        LedgerError
            If fpdf2 is needed, and not installed.

        Examples
        --------
        >>> Path("report.html").write_bytes(open("project").report("digits", maximize="accuracy"))
        81234
        """
        from ledger.reports import forms

        lost.recover_quietly(self._workspace)
        return forms.make(
            self._workspace,
            [text(each) for each in refs],
            form=forms.form_of(format, None),
            where=where,
            minimize=minimize,
            maximize=maximize,
            most=limit,
        ).content

    def badge(self, ref: str | Digest | Trial = "@", *, label: str = "replay") -> bytes:
        """A badge as SVG: the verdict of a trial's newest replay, hosts that agreed, and when.

        Parameters
        ----------
        ref
            Which trial.
        label
            What stands left.

        Raises
        ------
        NotFoundError, AmbiguousError
            If it means no trial, or several.

        Examples
        --------
        >>> Path("badge.svg").write_bytes(open("project").badge("paper"))
        937
        """
        from ledger.reports import badge

        trials = self._load()
        return badge.badge(badge.seal(resolve(trials, ref), trials, self._workspace.store), label)
