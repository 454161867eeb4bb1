"""A report as PDF, for a printer: what it all comes to, the best configurations, curves, and how to replay.

The fonts that every PDF reader has know Latin letters alone. Where a package here brings one with more, it is
used; else, and where that has none either, a letter is written out as ``<U+4E2D>``.
"""

import math
from collections import Counter
from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.model import Verdict
from ledger.ops.denominator import counted_words
from ledger.ops.text import clean, command, count, number
from ledger.reports.cells import Cells
from ledger.reports.curves import Chart
from ledger.reports.labels import labels
from ledger.reports.report import Report
from ledger.reports.scales import scale

if TYPE_CHECKING:
    from fpdf import FPDF

_COLOURS = (
    (10, 88, 168),
    (196, 81, 10),
    (26, 127, 55),
    (180, 35, 24),
    (122, 63, 192),
    (125, 90, 43),
    (184, 48, 127),
    (47, 124, 134),
)
_MARGIN, _WIDTH = 15.0, 180.0
"""Millimetres, on A4."""
_CHART = 62.0
_CORE, _UNICODE = "helvetica", "DejaVu"
_MOST_COLUMNS = 9
_MOST_LINES = 8


def document(report: Report, cells: Cells | None) -> bytes:
    """The report; the same one gives the same bytes where the same packages are installed.

    Parameters
    ----------
    report
        What it says.
    cells
        Its configurations; None where no trial ended well with a metric.

    Raises
    ------
    LedgerError
        If fpdf2 is not installed.
    """
    writer = _Writer(report)
    writer.heading(report.chosen.title, 16)
    _in_short(writer, report)
    if cells is not None:
        writer.heading("Configurations")
        _cells(writer, cells)
    _sentences(writer, report)
    if report.charts.charts:
        writer.heading("Curves")
        _curves(writer, report)
    writer.heading("How to make it again")
    for each in report.focused:
        writer.line(f"ledger replay {each.trial.id.short}   {command(each.trial.intent.argv)}")
    writer.heading("Head")
    for origin in report.head.origins:
        writer.line(f"{origin.origin.hex()[:8]}: {origin.size:,} entries, root {origin.root}")
    if report.signed is not None:
        writer.line(f"signed: {report.signed.digest}")
    return bytes(writer.pdf.output())


def _in_short(writer: "_Writer", report: Report) -> None:
    for each in report.standings:
        if each.counted is not None and report.signed is not None:
            writer.line(
                f"Tried, in the signed head {report.signed.digest.short}: {counted_words(each.counted)}"
            )
        elif each.now is not None:
            writer.line(f"Tried: {counted_words(each.now)}; no head is signed")
        if each.ranked and each.objective is not None:
            first = each.ranked[0]
            told = f"Best by {each.objective.metric}: {number(first.value)}, trial {first.trial.id.short}"
            if first.mean is not None and first.low is not None and first.high is not None:
                told += f"; estimated mean {number(first.mean)}"
                told += f" (95 %: {number(first.low)} to {number(first.high)})"
            writer.line(told)
    verdicts = Counter(receipt.replay.verdict for _, receipt in report.receipts)
    found = ", ".join(f"{verdicts[each]} {each}" for each in Verdict if verdicts[each])
    writer.line(f"Replays: {found or 'none'}")


def _cells(writer: "_Writer", cells: Cells) -> None:
    head = [*(["experiment"] if cells.choices else []), *cells.parameters][: _MOST_COLUMNS - 3]
    titles = [*head]
    for name in cells.metrics[:2]:
        titles += [name, "n"]
    rows = []
    for row in cells.rows:
        found = [*([row.choice] if cells.choices else []), *row.values][: len(head)]
        for each in row.metrics[:2]:
            mean, half = ("", None) if each is None else each.text
            found += [mean if half is None else f"{mean} ± {half}", str(each.n if each else 0)]
        rows.append([*found, row.trial.id.short])
    writer.table([*titles, "trial"], rows)
    hidden = len(cells.parameters) + cells.choices - len(head) + len(cells.metrics[2:])
    more = f" {count(cells.others, 'more configuration')} not shown." if cells.others else ""
    more += f" {count(hidden, 'more column')} not shown." if hidden else ""
    writer.line(f"A mean, and half of its 95 % interval, over n seeds.{more}")


def _sentences(writer: "_Writer", report: Report) -> None:
    for each in report.compared:
        writer.heading(f"{each.a} and {each.b}")
        for said in each.sentences:
            writer.line(said)
    for standing in report.standings:
        found = None if standing.importance is None else standing.importance.metric.preferences
        if found is not None:
            writer.heading(f"What the best of {standing.choice.label} prefer (PED-ANOVA)")
            writer.line(", ".join(f"{one.name} {one.share:.0%}" for one in found.found[:12]))


def _curves(writer: "_Writer", report: Report) -> None:
    for chart in report.charts.charts:
        shown = chart.curves[:_MOST_LINES]
        writer.chart(Chart(metric=chart.metric, curves=shown))
        names = labels([each.trial for each in shown])
        for place, each in enumerate(shown):
            own, name = each.trial.id.short, names[each.trial.id]
            writer.line(own if name == own else f"{own} {name}", colour=_COLOURS[place % len(_COLOURS)])


class _Writer:
    """Puts text, tables and drawings behind one another."""

    def __init__(self, report: Report) -> None:
        try:
            from fpdf import FPDF
        except ImportError as error:
            raise LedgerError(
                "PDF needs fpdf2, which is not installed",
                cause=str(error),
                hint="pip install 'replay-ledger[pdf]'",
            ) from error
        self.pdf = FPDF(format="A4")
        self.pdf.set_creation_date(
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=report.latest // 1000)
        )
        self.pdf.set_margins(_MARGIN, _MARGIN)
        self.pdf.set_auto_page_break(True, _MARGIN)
        self._family, self._knows = _font(self.pdf)
        self.pdf.set_title(self._text(report.chosen.title))
        self.pdf.add_page()

    def heading(self, text: str, size: float = 12) -> None:
        """Begin a part."""
        self.pdf.ln(3)
        self._write(text, size, height=size * 0.55)
        self.pdf.ln(1)

    def line(self, text: str, colour: tuple[int, int, int] = (40, 40, 40)) -> None:
        """Write a line, broken where it is too long."""
        self.pdf.set_text_color(*colour)
        self._write(text, 9, height=4.6)
        self.pdf.set_text_color(0, 0, 0)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table as wide as the page."""
        self.pdf.set_font(self._family, size=8)
        with self.pdf.table(
            borders_layout="HORIZONTAL_LINES", line_height=4.6, text_align="LEFT", first_row_as_headings=False
        ) as made:
            for each in (head, *rows):
                row = made.row()
                for cell in each:
                    row.cell(self._text(cell))

    def chart(self, chart: Chart) -> None:
        """Draw curves over their steps."""
        values = [value for curve in chart.curves for value in curve.values]
        if not any(map(math.isfinite, values)):
            return
        if self.pdf.get_y() + _CHART + 10 > self.pdf.eph + _MARGIN:
            self.pdf.add_page()
        top = self.pdf.get_y()
        across = scale(
            [float(step) for curve in chart.curves for step in curve.steps], _MARGIN + 20, _MARGIN + _WIDTH
        )
        up = scale(values, top + _CHART - 6, top + 6, log=None)
        self.pdf.set_font(self._family, size=7)
        self.pdf.set_draw_color(200, 200, 200)
        self.pdf.set_line_width(0.1)
        for place, said in up.ticks():
            self.pdf.line(across.start, place, across.end, place)
            self.pdf.text(_MARGIN, place + 1, self._text(said))
        for place, said in across.ticks():
            self.pdf.line(place, up.start, place, up.end)
            self.pdf.text(place, up.start + 4, self._text(said))
        self.pdf.text(_MARGIN, top + 3, self._text(f"{chart.metric}{', logarithmic' if up.log else ''}"))
        self.pdf.set_line_width(0.35)
        for number_, curve in enumerate(chart.curves):
            self.pdf.set_draw_color(*_COLOURS[number_ % len(_COLOURS)])
            piece: list[tuple[float, float]] = []
            for step, value in [*zip(curve.steps, curve.values, strict=True), (0, math.nan)]:
                if math.isfinite(value):
                    piece.append((across(step), up(value)))
                    continue
                if len(piece) > 1:
                    self.pdf.polyline(piece)
                piece = []
        self.pdf.set_xy(_MARGIN, top + _CHART)

    def _write(self, text: str, size: float, *, height: float) -> None:
        self.pdf.set_font(self._family, size=size)
        self.pdf.multi_cell(_WIDTH, height, self._text(text), new_x="LMARGIN", new_y="NEXT", align="L")

    def _text(self, text: str) -> str:
        flat = " ".join(clean(text).split())
        return "".join(letter if self._knows(letter) else f"<U+{ord(letter):04X}>" for letter in flat)


def _font(pdf: "FPDF") -> tuple[str, Callable[[str], bool]]:
    """A font, and which letters it has."""
    found = find_spec("matplotlib")  # which is not imported
    for place in (found.submodule_search_locations or ()) if found else ():
        file = Path(place) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            pdf.add_font(_UNICODE, fname=str(file))
            return _UNICODE, partial(_is_in, getattr(pdf.fonts[_UNICODE.lower()], "cmap", {}))
    return _CORE, _is_latin


def _is_in(known: Container[int], letter: str) -> bool:
    return ord(letter) in known


def _is_latin(letter: str) -> bool:
    try:
        letter.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
