"""Three or more experiments as a page for people."""

import math

from ledger.analysis.pairing import Design
from ledger.cli import compare_cells as cells
from ledger.cli import plots
from ledger.cli.page import Page
from ledger.ops.compare_table import Table
from ledger.ops.text import line, number

_WIDTH = 24
"""Letters of a plot."""


def table_page(table: Table) -> Page:
    """Three or more sides."""
    page = Page()
    page.line((line(table.summary), "bold"))
    if table.objective is None:
        page.line(("of one metric, more can be said: --minimize METRIC or --maximize METRIC", "dim"))
    names = list(dict.fromkeys(name for row in table.rows for name in row.metrics))
    for name in names:
        page.heading(line(name))
        _sides(page, table, name)
    page.heading("Each two" if table.objective is None else f"Each two, by {line(table.objective.metric)}")
    wanted = None if table.objective is None else table.objective.metric
    page.table(
        ("metric", "a", "b", "pairs", "b - a, 95 %", "P(b)", "p, corrected", ""),
        [
            (
                "" if wanted else line(each.comparison.metric),
                line(each.a),
                line(each.b),
                str(each.comparison.configurations)
                if each.comparison.design is not Design.UNPAIRED
                else "unpaired",
                cells.difference(each.comparison),
                f"{each.comparison.probability:.2g} ({cells.ends(each.comparison.probability_interval)})",
                "" if each.p_corrected is None else f"{each.p_corrected:.2g}",
                cells.verdict(each.comparison) if each.told_apart else ("cannot be told apart", "dim"),
            )
            for each in table.pairs
            if wanted is None or each.comparison.metric == wanted
        ],
        drop=(5, 3),
    )
    return page


def _sides(page: Page, table: Table, name: str) -> None:
    sides = [(row, row.metrics[name]) for row in table.rows if name in row.metrics]
    ends = [each for _, side in sides for each in (side.interval.low, side.interval.high, side.mean)]
    known = [each for each in ends if math.isfinite(each)]
    is_cost = name in ("duration_s", "peak_memory")
    page.table(
        ("", "n", "configurations", "mean", "95 %", "IQM", "95 % ", "mean and interval", "front"),
        [
            (
                line(row.label),
                str(len(side.values)),
                str(row.configurations),
                cells.shown(name, side.mean),
                cells.span(name, side.interval),
                "" if is_cost else number(side.iqm),
                "" if is_cost else cells.ends(side.iqm_interval),
                plots.interval(
                    side.interval.low, side.mean, side.interval.high, min(known), max(known), _WIDTH
                ),
                _front(table, row.label, name),
            )
            for row, side in sides
        ],
        right=("n", "configurations", "mean", "IQM"),
        drop=(7, 6, 5, 2),
    )


def _front(table: Table, label: str, name: str) -> str:
    """Whether a side is on the front of quality and duration, beside the objective."""
    if table.front is None or table.objective is None or table.objective.metric != name:
        return ""
    return "on the front" if label in table.front else ""
