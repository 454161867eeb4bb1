"""The forms that a report has, and which one a file's name asks for."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import PurePath

from ledger.errors import NotFoundError, UsageError
from ledger.model.frozen import frozen
from ledger.reports import report as reporting
from ledger.reports.report import Report
from ledger.workspace import Workspace

MOST_ROWS = 20
"""Configurations of a choice that the short forms have, by default."""


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "md"
    LATEX_TABLE = "latex-table"
    PDF = "pdf"
    JSON = "json"


_BY_END = {
    ".html": Form.HTML,
    ".htm": Form.HTML,
    ".md": Form.MARKDOWN,
    ".tex": Form.LATEX_TABLE,
    ".pdf": Form.PDF,
    ".json": Form.JSON,
}


@frozen
class Made:
    """A report that was written."""

    content: bytes
    report: Report


def form_of(name: str | None, path: str | None) -> Form:
    """The form that is asked for by name, else by a file's end; else the page.

    Raises
    ------
    UsageError
        If there is none of that name, or a file has an end that none has.
    """
    if name is None:
        end = "" if path is None else PurePath(path).suffix.lower()
        if end.strip(".") and end not in _BY_END:
            *most, last = _BY_END
            raise UsageError(
                f"no report ends in {end}",
                cause=f"-o {path}: the end of its name says the format, and {end} says none",
                hint=f"end it in {', '.join(most)} or {last}; or name the format: --format html -o {path}",
            )
        return _BY_END.get(end, Form.HTML)
    try:
        return Form(name)
    except ValueError:
        raise UsageError(f"no form {name!r}", cause=f"expected one of {', '.join(Form)}") from None


def make(
    workspace: Workspace,
    references: Sequence[str],
    *,
    form: Form = Form.HTML,
    where: str | None = None,
    minimize: str | None = None,
    maximize: str | None = None,
    most: int = MOST_ROWS,
) -> Made:
    """Write a report.

    Parameters
    ----------
    workspace
        The ledger.
    references, where, minimize, maximize
        As those of `report.gather`.
    form
        How.
    most
        Configurations of a choice, at most, that the forms for a README, a printer and a paper have.

    Raises
    ------
    UsageError, NotFoundError, AmbiguousError
        As `report.gather` does; a table without a metric is not found either.
    LedgerError
        If fpdf2 is needed, and not installed.
    """
    found = reporting.gather(workspace, references, where=where, minimize=minimize, maximize=maximize)
    if form is Form.HTML:
        from ledger.reports.html.page import page  # each form brings what the others do not need

        return Made(content=page(found), report=found)
    if form is Form.JSON:
        from ledger.reports.document import report_document

        document = report_document(found, workspace.store)
        text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
        return Made(content=f"{text}\n".encode(), report=found)
    from ledger.reports.cells import cells

    timing = workspace.config.replay.timing
    if form is Form.LATEX_TABLE:
        from ledger.reports import latex

        return Made(content=latex.table(found, cells(found, most=most, timing=timing)), report=found)
    try:
        table = cells(found, most=most, timing=timing)
    except NotFoundError:
        table = None  # what else there is to say is said
    if form is Form.PDF:
        from ledger.reports import pdf

        return Made(content=pdf.document(found, table), report=found)
    from ledger.reports import markdown

    return Made(content=markdown.page(found, table), report=found)
