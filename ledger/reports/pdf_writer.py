"""Text, tables and drawings as a PDF.

The fonts that every PDF reader has know Latin letters alone. Where a package here brings one with more, it is
used; else, and where that has none either, a letter is written out as ``<U+4E2D>``.
"""

import math
from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.ops.text import clean
from ledger.reports.curves import Chart
from ledger.reports.report import Report
from ledger.reports.scales import Scale, scale

if TYPE_CHECKING:
    from fpdf import FPDF

COLOURS = (
    (10, 88, 168),
    (196, 81, 10),
    (26, 127, 55),
    (180, 35, 24),
    (122, 63, 192),
    (125, 90, 43),
    (184, 48, 127),
    (47, 124, 134),
)
MARGIN, _WIDTH = 15.0, 180.0
"""Millimetres, on A4."""
CHART = 62.0
_ROOM = 4.0
"""Beside the text of a column."""
_CORE, _UNICODE = "helvetica", "DejaVu"
_DOT = (120, 160, 205)


class Writer:
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
        self.pdf.set_margins(MARGIN, MARGIN)
        self.pdf.set_auto_page_break(True, MARGIN)
        self._family, self._knows = _font(self.pdf)
        self.pdf.set_title(self._text(report.chosen.title))
        self.pdf.add_page()

    def heading(self, text: str, size: float = 12) -> None:
        """Begin a part."""
        self.pdf.ln(3)
        self._write(text, size, height=size * 0.55)
        self.pdf.ln(1)

    def line(self, text: str, colour: tuple[int, int, int] = (40, 40, 40), *, indent: float = 0) -> None:
        """Write a line, broken where it is too long."""
        self.pdf.set_text_color(*colour)
        self._write(text, 9, height=4.6, indent=indent)
        self.pdf.set_text_color(0, 0, 0)

    def needs(self, height: float) -> None:
        """Begin a new page where there are not so many millimetres left."""
        if self.pdf.get_y() + height > self.pdf.eph + MARGIN:
            self.pdf.add_page()

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table, at most as wide as the page."""
        from fpdf.fonts import FontFace

        self.pdf.set_font(self._family, size=8)
        shown = [[self._text(cell) for cell in each] for each in (head, *rows)]
        wanted = [max(map(self.pdf.get_string_width, each)) + _ROOM for each in zip(*shown, strict=True)]
        widths = self._fitting(wanted)
        with self.pdf.table(
            borders_layout="SINGLE_TOP_LINE",
            line_height=4.6,
            text_align="LEFT",
            align="LEFT",
            width=sum(widths),
            col_widths=widths,
            headings_style=FontFace(color=(90, 90, 90)),
        ) as made:
            for each in shown:
                row = made.row()
                for cell in each:
                    row.cell(cell)

    def _fitting(self, wanted: Sequence[float]) -> list[float]:
        """Widths of columns: the widest ones give what there is too much."""
        most = max(wanted)
        while sum(min(each, most) for each in wanted) > _WIDTH:
            most *= 0.95
        return [min(each, most) for each in wanted]

    def chart(self, chart: Chart) -> None:
        """Draw curves over their steps."""
        values = [value for curve in chart.curves for value in curve.values]
        if not any(map(math.isfinite, values)):
            return
        steps = [float(step) for curve in chart.curves for step in curve.steps]
        across, up = self._axes(steps, values, chart.metric, "step", counted=True)
        self.pdf.set_line_width(0.35)
        for number_, curve in enumerate(chart.curves):
            self.pdf.set_draw_color(*COLOURS[number_ % len(COLOURS)])
            piece: list[tuple[float, float]] = []
            for step, value in [*zip(curve.steps, curve.values, strict=True), (0, math.nan)]:
                if math.isfinite(value):
                    piece.append((across(step), up(value)))
                    continue
                if len(piece) > 1:
                    self.pdf.polyline(piece)
                piece = []

    def dots(
        self,
        points: Sequence[tuple[float, float]],
        members: Sequence[tuple[float, float]],
        names: tuple[str, str],
        *,
        joined: bool,
    ) -> None:
        """Draw two metrics at once: all trials, and those on the front; `names` are of both axes."""
        across, up = self._axes([x for x, _ in points], [y for _, y in points], names[1], names[0])
        places = [(across(x), up(y)) for x, y in members]
        self.pdf.set_line_width(0.35)
        self.pdf.set_draw_color(*COLOURS[1])
        if joined and len(places) > 1:
            self.pdf.polyline(places)
        for colour, found, radius in (
            (_DOT, sorted({(round(across(x), 1), round(up(y), 1)) for x, y in points}), 0.5),
            (COLOURS[1], places, 0.9),
        ):
            self.pdf.set_fill_color(*colour)
            for x, y in found:
                self.pdf.circle(x, y, radius, style="F")

    def _axes(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        title: str,
        below: str,
        *,
        counted: bool = False,
    ) -> tuple[Scale, Scale]:
        """Make room for a drawing, and draw its axes."""
        self.needs(CHART + 10)
        top = self.pdf.get_y()
        left, right = MARGIN + 20, MARGIN + _WIDTH
        across = scale(xs, left, right, least=1.0) if counted else scale(xs, left, right, log=None)
        up = scale(ys, top + CHART - 9, top + 6, log=None)
        self.pdf.set_font(self._family, size=7)
        self.pdf.set_draw_color(200, 200, 200)
        self.pdf.set_line_width(0.1)
        for place, said in up.ticks():
            self.pdf.line(across.start, place, across.end, place)
            self.pdf.text(MARGIN, place + 1, said)
        for place, said in across.ticks():
            self.pdf.line(place, up.start, place, up.end)
            self.pdf.text(place - self.pdf.get_string_width(said) / 2, up.start + 4, said)
        name = self._text(f"{below}{', logarithmic' if across.log else ''}")
        self.pdf.text(right - self.pdf.get_string_width(name), up.start + 8, name)
        self.pdf.text(MARGIN, top + 3, self._text(f"{title}{', logarithmic' if up.log else ''}"))
        self.pdf.set_xy(MARGIN, top + CHART)
        return across, up

    def _write(self, text: str, size: float, *, height: float, indent: float = 0) -> None:
        self.pdf.set_font(self._family, size=size)
        self.pdf.set_x(MARGIN + indent)
        self.pdf.multi_cell(
            _WIDTH - indent, height, self._text(text), new_x="LMARGIN", new_y="NEXT", align="L"
        )

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
