"""Drawings of trials as dots: how the best came, one metric along a hyperparameter, two metrics at once."""

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from ledger.analysis.observations import Variable
from ledger.ops.text import number
from ledger.reports.dependence import Dependence
from ledger.reports.html.elements import Markup, tag
from ledger.reports.html.frame import Box, drawing, frame, px
from ledger.reports.positions import along
from ledger.reports.scales import scale

_WIDE = Box(width=720, height=300, room=6)
_SMALL = Box(width=360, height=230, left=62, right=14, room=6)
_MOST_NAMED = 60
"""Trials on a front that say which they are."""

Point = tuple[float, float]
"""Across and up, in pixels."""


def history(title: str, found: Dependence, most: int) -> Markup:
    """Values in the order in which trials began, and the best until then."""
    metric = found.objective.metric
    values = found.observed.metrics[metric]
    across = scale((1.0, max(2.0, float(len(values)))), *_WIDE.across_inside, least=1.0)
    up = scale(values, *_WIDE.up_inside, log=None)
    kept = _kept(range(len(values)), found.best, most)
    line = [f"M{px(across(1))} {px(up(found.best_so_far[0]))}"]
    for place, (before, best) in enumerate(pairwise(found.best_so_far), 2):
        if best != before:
            line.append(f"H{px(across(place))}V{px(up(best))}")
    line.append(f"H{px(across(len(values)))}")
    return drawing(
        title,
        _WIDE,
        frame(_WIDE, across, up, "trials that ended well, in their order", _named(metric, up.log)),
        _dots((across(row + 1), up(values[row])) for row in kept),
        tag("path", class_="line best", d="".join(line)),
    )


def sliced(found: Dependence, variable: Variable, most: int) -> Markup:
    """A metric along one hyperparameter; the best trials stand out."""
    metric = found.objective.metric
    values = found.observed.metrics[metric]
    up = scale(values, *_SMALL.up_inside, log=None)
    across, places = along(variable, *_SMALL.across_inside)
    rows = [row for row, place in enumerate(places) if not math.isnan(place)]
    kept = _kept(rows, found.best, most)

    def points(wanted: Iterable[int]) -> Markup:
        return _dots((places[row], up(values[row])) for row in wanted)

    name = _named(variable.name, getattr(across, "log", False))
    return drawing(
        f"{metric} against {variable.name}",
        _SMALL,
        frame(_SMALL, across, up, name, _named(metric, up.log)),
        points(row for row in kept if row not in found.best),
        tag("g", points(row for row in kept if row in found.best), class_="good"),
        small=True,
    )


def front(
    title: str,
    names: tuple[str, str],
    points: Sequence[Point],
    members: Sequence[tuple[Point, str]],
    most: int,
    *,
    joined: bool,
) -> Markup:
    """Two metrics at once.

    Parameters
    ----------
    title
        Of the drawing.
    names
        Of the metrics, that from left to right first.
    points
        All trials.
    members
        Those on the front with what is said of each, by the first metric.
    most
        Dots.
    joined
        Whether a line goes from one member to the next: where these two metrics are all that there are.
    """
    across = scale((x for x, _ in points), *_WIDE.across_inside, log=None)
    up = scale((y for _, y in points), *_WIDE.up_inside, log=None)
    others = _kept(range(len(points)), (), most)
    places = [((across(x), up(y)), said) for (x, y), said in members]
    unnamed = [place for place, _ in places[_MOST_NAMED:]]
    line = "L".join(f"{px(x)} {px(y)}" for (x, y), _ in places)
    return drawing(
        title,
        _WIDE,
        frame(_WIDE, across, up, _named(names[0], across.log), _named(names[1], up.log)),
        _dots((across(points[row][0]), up(points[row][1])) for row in others),
        tag("path", class_="line best", d=f"M{line}") if joined and len(places) > 1 else None,
        tag("g", _dots(unnamed), class_="good") if unnamed else None,
        *(
            tag("g", tag("title", said), tag("circle", class_="member", cx=px(x), cy=px(y), r=4))
            for (x, y), said in places[:_MOST_NAMED]
        ),
    )


def said_of(name: str, values: Sequence[tuple[str, float]]) -> str:
    """What a dot on a front says: the trial, and its metrics."""
    return ", ".join([name, *(f"{metric} {number(value)}" for metric, value in values)])


def _named(name: str, log: bool) -> str:
    return f"{name}, logarithmic" if log else name


def _kept(rows: Sequence[int], wanted: Collection[int], most: int) -> list[int]:
    """At most so many rows, evenly chosen, and all that are wanted."""
    every = max(1, math.ceil(len(rows) / max(most, 1)))
    return [row for place, row in enumerate(rows) if place % every == 0 or row in wanted]


def _dots(points: Iterable[Point]) -> Markup:
    """Dots as one path, each a line of no length with round ends: no other form takes less room."""
    whole = sorted({(round(x), round(y)) for x, y in points})
    if not whole:
        return tag("path")
    first = f"M{whole[0][0]} {whole[0][1]}h0"
    others = (f"m{x - before_x} {y - before_y}h0" for (before_x, before_y), (x, y) in pairwise(whole))
    return tag("path", class_="dots", d=first + "".join(others))
