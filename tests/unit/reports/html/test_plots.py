"""Drawings."""

import math
from xml.etree import ElementTree

from ledger.reports.curves import Chart, Curve
from ledger.reports.html import plots


def curve(trial, values):
    return Curve(trial=trial, steps=tuple(range(len(values))), values=tuple(values), points=len(values))


def test_a_gap_begins_a_new_line(maker):
    chart = Chart(metric="a<b", curves=(curve(maker.made(), [1.0, 2.0, math.nan, 3.0, 4.0]),))
    drawn = ElementTree.fromstring(plots.curves(chart, [0]))
    (line,) = list(drawn.iter("path"))
    assert line.get("d").count("M") == 2
    assert line.get("class") == "line c0 d0"
    assert drawn.get("aria-label") == "a<b over steps"


def test_nothing_finite_is_said(maker):
    chart = Chart(metric="loss", curves=(curve(maker.made(), [math.nan, math.nan]),))
    assert plots.curves(chart, [0]) == "<p>loss: no value is finite.</p>"


def test_lines_past_the_palette_are_dashed():
    assert plots.line_class(0) == "c0 d0"
    assert plots.line_class(plots.COLOURS + 1) == "c1 d1"


def test_intervals_that_nothing_is_known_of_are_left_out():
    drawn = plots.strips(
        "s", "loss", [("a", (1.0, 2.0), 1.5, -math.inf, math.inf), ("b", (1.0,), 1.0, 0.5, 1.5)]
    )
    root = ElementTree.fromstring(drawn)
    assert len(list(root.iter("circle"))) == 3
    assert [each.get("class") for each in root.iter("path")] == ["interval"]
    bars = ElementTree.fromstring(plots.bars("b", [("lr", 0.75, 0.5, 1.0), ("x" * 99, 0.25, 0.0, 0.5)]))
    assert {"75%", "25%"} <= {each.text for each in bars.iter("text")}
