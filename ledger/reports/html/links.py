"""Trials of a page, with a way to where they are told of in full."""

from ledger.model import Trial
from ledger.reports.html.elements import Markup, tag, text
from ledger.reports.report import Report


def linked(report: Report, trial: Trial) -> Markup:
    """The short id of a trial, as a link where the page tells of it in full."""
    if any(each.trial.id == trial.id for each in report.focused):
        return tag("a", trial.id.short, href=f"#t-{trial.id.short}")
    return text(trial.id.short)
