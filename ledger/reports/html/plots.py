"""Drawings of a report, as SVG inside the page; colours are the page's, so that they suit light and dark."""

import math
from collections.abc import Sequence

from ledger.reports.curves import Chart, Curve
from ledger.reports.html.elements import Markup, tag
from ledger.reports.html.frame import Box, drawing, frame, px, under
from ledger.reports.scales import Scale, scale

COLOURS = 8
"""Of the page's palette; past them dashes tell lines apart."""
_BOX = Box(width=720, height=300)
_ROW = 26
_NAMES = 190


def line_class(place: int) -> str:
    """How the curve of that place is drawn."""
    return f"c{place % COLOURS} d{place // COLOURS % 3}"


def curves(chart: Chart, places: Sequence[int]) -> Markup:
    """A metric over its steps; `places` say how each curve is drawn."""
    steps = [float(step) for curve in chart.curves for step in curve.steps]
    values = [value for curve in chart.curves for value in curve.values]
    if not any(map(math.isfinite, values)):
        return tag("p", f"{chart.metric}: no value is finite.")
    across = scale(steps, *_BOX.across, least=1.0)
    up = scale(values, *_BOX.up, log=None)
    lines = [
        tag(
            "path",
            class_=f"line {line_class(place)}",
            d=_path(curve, across, up),
            data_curve=curve.trial.id.short,
        )
        for curve, place in zip(chart.curves, places, strict=True)
    ]
    name = f"{chart.metric} over steps" + (", logarithmic" if up.log else "")
    return drawing(name, _BOX, frame(_BOX, across, up, "step", chart.metric), *lines)


def _path(curve: Curve, across: Scale, up: Scale) -> str:
    """Moves and lines, in tenths of a pixel relative to the point before, which takes the least room."""
    parts: list[str] = []
    before: tuple[int, int] | None = None
    for step, value in zip(curve.steps, curve.values, strict=True):
        if not math.isfinite(value):
            before = None
            continue
        here = round(across(step) * 10), round(up(value) * 10)
        if before is None:
            parts.append(f"M{here[0] / 10:g} {here[1] / 10:g}l0 0")
        elif here != before:
            parts.append(f"l{(here[0] - before[0]) / 10:g} {(here[1] - before[1]) / 10:g}")
        before = here
    return "".join(parts)


def bars(title: str, rows: Sequence[tuple[str, float, float, float]]) -> Markup:
    """Shares of a whole with their intervals: (name, share, low, high), each from 0 to 1."""
    box = _rows(len(rows), 60)
    across = scale((0.0, 1.0), *box.across)
    found = []
    for place, (name, share, low, high) in enumerate(rows):
        middle = box.top + _ROW * place + _ROW / 2
        found += [
            _name(name, middle),
            tag("rect", class_="bar", x=_NAMES, y=middle - 7, width=px(across(share) - _NAMES), height=14),
            _interval(across, low, high, middle),
            tag("text", f"{share:.0%}", x=box.width - 52, y=middle + 4),
        ]
    return drawing(title, box, under(box, across, "share"), *found)


def strips(title: str, unit: str, rows: Sequence[tuple[str, Sequence[float], float, float, float]]) -> Markup:
    """Values of several groups: (name, values, mean, low, high); each value is a dot, the mean a line."""
    box = _rows(len(rows), 20)
    ends = [end for _, values, _, low, high in rows for end in (*values, low, high)]
    across = scale(ends, *box.across)
    found = []
    for place, (name, values, mean, low, high) in enumerate(rows):
        middle = box.top + _ROW * place + _ROW / 2
        at = px(across(mean))
        found += [
            _name(name, middle),
            _interval(across, low, high, middle),
            *(tag("circle", class_="dot", cx=px(across(each)), cy=middle, r=3.5) for each in values),
            tag("line", class_="mean", x1=at, x2=at, y1=middle - 9, y2=middle + 9),
        ]
    return drawing(title, box, under(box, across, unit), *found)


def swatch(place: int) -> Markup:
    """The line of a curve, for a legend."""
    line = tag("path", class_=f"line {line_class(place)}", d="M0 5h26")
    return tag("svg", line, class_="swatch", width=26, height=10, aria_hidden="true")


def _rows(count: int, right: int) -> Box:
    return Box(width=_BOX.width, height=_BOX.top + _ROW * count + _BOX.bottom, left=_NAMES, right=right)


def _name(name: str, middle: float) -> Markup:
    shown = name if len(name) <= 28 else f"{name[:27]}…"
    return tag("text", shown, tag("title", name), x=_NAMES - 8, y=middle + 4, class_="end")


def _interval(across: Scale, low: float, high: float, middle: float) -> Markup | None:
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    left, right = max(low, across.low), min(high, across.high)
    if right < left:
        return None
    return tag(
        "path",
        class_="interval",
        d=f"M{px(across(left))} {middle - 5}v10m0-5H{px(across(right))}m0-5v10",
    )
