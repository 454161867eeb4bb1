"""The table of all trials: as many rows as a file may have as markup, the rest packed."""

import gzip
import json
from base64 import b64encode

from ledger.ops.text import count
from ledger.reports.html.elements import Markup, data_table, pairs, section, tag, text
from ledger.reports.report import Report

MOST_MARKUP = 220_000
"""Bytes of rows that are there without a script."""
MOST_PACKED = 20_000
"""Rows of a report."""


def table(report: Report) -> Markup:
    """All trials, oldest first, and what they have in common."""
    found = report.table
    linked = {str(each.trial.id) for each in report.focused}
    shown: list[list[object]] = []
    room = MOST_MARKUP
    for id, row in zip(found.ids, found.rows, strict=True):
        first = tag("a", row[0], href=f"#t-{row[0]}") if id in linked else row[0]
        cells: list[object] = [first, *map(text, row[1:])]
        room -= sum(4 + len(str(each).encode("utf-8", "replace")) for each in cells) + 5
        if room < 0:
            break
        shown.append(cells)
    rest = found.rows[len(shown) : MOST_PACKED]
    right = [place for place, each in enumerate(found.columns) if each.numeric]
    head = [each.name for each in found.columns]
    made = data_table(head, shown, caption=f"{count(len(found.rows), 'trial')}", right=right, id="table")
    said: list[object] = [
        tag(
            "p",
            tag("label", "Find ", tag("input", type="search", id="find")),
            " ",
            tag("output", id="found"),
            id="finder",
            hidden=True,
        )
    ]
    if found.common:
        title = tag("summary", f"{count(len(found.common), 'hyperparameter')} that all have with one value")
        said.append(tag("details", title, pairs(found.common)))
    after: list[object] = []
    if rest:
        told = f"{len(rest):,} more rows are in this file, and come where scripts run."
        after += [tag("p", told, class_="dim", id="more"), _packed(rest)]
    left = len(found.rows) - len(shown) - len(rest)
    if left:
        after.append(tag("p", f"{left:,} more trials are in the ledger: ledger log.", class_="warn"))
    if found.hidden:
        after.append(tag("p", f"Not shown: {', '.join(found.hidden)}.", class_="dim"))
    return section("table-of-trials", "Trials", *said, made, *after)


def _packed(rows: tuple[tuple[str, ...], ...]) -> Markup:
    """Rows as data that a script unpacks: JSON, gzip, base64."""
    content = json.dumps(rows, separators=(",", ":"), ensure_ascii=True).encode()
    packed = b64encode(gzip.compress(content, mtime=0)).decode()
    return Markup(f'<script type="application/gzip;base64" id="rest">{packed}</script>\n')
