"""A report as one HTML file: it opens from disk, asks for nothing, and says what it says without a script."""

from functools import cache
from importlib.resources import files

from ledger.model.jsonform import rfc3339
from ledger.ops.text import count, moment
from ledger.reports.embedded import MAKER
from ledger.reports.html import dependence, details, overview, record, rows
from ledger.reports.html.elements import Markup, joined, tag
from ledger.reports.report import Report

SCRIPT_DIGEST = "sha256-NVAUzFeOIrhGHrNGBnubMoUvlRsCaLb5KQq3MlJkhrA="
STYLE_DIGEST = "sha256-oaPe+YufuMoJFgShIUdp8BGN7f7f6jqWkYMoVxyRViU="
"""Of the only script and the only style that a browser is to heed, whatever else comes into a page."""
_COLUMNS = 60
_POLICY = (
    f"default-src 'none'; style-src '{STYLE_DIGEST}'; script-src '{SCRIPT_DIGEST}';"
    " base-uri 'none'; form-action 'none'"
)

SECTIONS = (
    overview.in_short,
    overview.best,
    overview.comparisons,
    overview.curves,
    dependence.history,
    dependence.importance,
    overview.seeds,
    dependence.slices,
    details.apart,
    rows.table,
    record.replays,
    record.health,
    record.notes,
    details.trials,
    record.proofs,
)
_NAMES = {
    "best": "best",
    "compared": "compared",
    "curves": "curves",
    "history": "history",
    "importance": "importance",
    "seeds": "seeds",
    "slices": "slices",
    "diffs": "what differs",
    "table-of-trials": "trials",
    "replays": "replays",
    "health": "records",
    "notes": "notes",
    "trials": "one by one",
    "proofs": "proofs",
}


def page(report: Report) -> bytes:
    """The whole file; the same report gives the same bytes."""
    title = report.chosen.title
    made = [each(report) for each in SECTIONS]
    body = joined(made, "\n")
    links = [tag("a", name, href=f"#{id}") for id, name in _NAMES.items() if f'<section id="{id}"' in body]
    until = moment(rfc3339(report.latest))
    said = f"{count(len(report.table.rows), 'trial')}, recorded until {until} UTC"
    head = joined(
        (
            Markup('<meta charset="utf-8">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Markup('<meta name="viewport" content="width=device-width,initial-scale=1">'),
            Markup('<meta name="color-scheme" content="light dark">'),
            Markup('<meta name="referrer" content="no-referrer">'),
            Markup(f'<meta name="generator" content="{MAKER}">'),
            tag("title", f"{title}: report"),
            Markup(f"<style>{style()}</style>"),
        ),
        "\n",
    )
    top = tag(
        "header",
        tag("h1", title),
        tag("p", said),
        tag("nav", *links, aria_label="Sections"),
        tag("button", "light or dark", id="theme", type="button", hidden=True),
    )
    foot = tag("footer", "Made by ", tag("code", "ledger report"), ", from the record alone.")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{top}\n'
        f"<main>\n{body}\n</main>\n{foot}\n<script>{script()}</script>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


@cache
def style() -> str:
    """The style of the page, with the columns that stand right."""
    right = ",".join(
        f".r{place} td:nth-child({place + 1}),.r{place} th:nth-child({place + 1})"
        for place in range(_COLUMNS)
    )
    return f"{_file('page.css')}{right}{{text-align:right}}\n"


@cache
def script() -> str:
    """The script of the page."""
    return _file("page.js")


def _file(name: str) -> str:
    return files(__package__ or "ledger.reports.html").joinpath(name).read_text("utf-8")
