"""An ablation as a page for people."""

import math

from ledger.analysis.importance.forest import DOUBTFUL
from ledger.cli.page import Page
from ledger.cli.plots import bar
from ledger.ops.ablation import Ablation
from ledger.ops.ablation_ends import End
from ledger.ops.ablation_points import Point
from ledger.ops.text import count, exact, line, number

_BAR = 20


def ablation_page(found: Ablation) -> Page:
    """The path, a step a line."""
    page = Page()
    objective = found.objective
    way = "larger" if objective.maximize else "smaller"
    ends = f"from {_end(found.start)} to {_end(found.end)}"
    page.line((f"{line(found.label)}: {line(objective.metric)} {ends} ({way} is better)", "bold"))
    page.heading("Path")
    page.table(
        ("", line(objective.metric), "", "predicted", "gain", "of all", ""),
        [_row(found, place) for place in range(len(found.points))],
        right=(line(objective.metric), "predicted", "gain", "of all"),
        plots=(6,),  # what is within the noise a line beneath says, too
    )
    page.line()
    page.line(_sources(found))
    if found.explained is not None and found.explained < DOUBTFUL:
        page.line(("that is little: the metric is mostly noise, or more trials are needed", "yellow"))
    page.line(_noise(found))
    if found.mixed:
        page.line(
            "a step from a measured value to a predicted one, or back, has the forest's error in it, too"
        )
    within = [place for place in range(1, len(found.points)) if found.in_noise(place)]
    if within:
        names = ", ".join(line(name) for place in within for name in found.points[place].names)
        page.line((f"chance may explain what {names} gained: more seeds tell (ledger seeds)", "yellow"))
    for each in found.failed:
        page.line((f"failed: {line(each)}", "yellow"))
    return page


def _end(end: End) -> str:
    if end.trial is None:
        return line(end.label)
    return f"{_label(end)} ({end.trial.short})" if _label(end) != end.trial.short else end.trial.short


def _label(end: End) -> str:
    """As a person named it; an id is shortened."""
    return end.trial.short if end.trial is not None and end.label in str(end.trial) else line(end.label)


def _row(found: Ablation, place: int) -> tuple[str, ...]:
    point = found.points[place]
    told = number(point.value) if math.isfinite(point.value) else "not known"
    if not place:
        return (_label(found.start), told, _known(point), _forest(point), "", "", "")
    gain, far = found.step(place)
    share = gain / found.gain if found.gain > 0 else math.nan
    if not math.isfinite(gain):
        share, gain = math.nan, math.nan
    gain += 0.0  # no minus in front of 0
    share += 0.0
    return (
        ", ".join(f"{line(name)} → {_value(value)}" for name, value in point.values.items()),
        told,
        _known(point),
        _forest(point),
        "" if math.isnan(gain) else f"{gain:+.4g}" + ("" if far is None else f" ± {far:.2g}"),
        "" if math.isnan(share) else f"{100 * share:.0f} %",
        "within the noise" if found.in_noise(place) else bar(share, _BAR),
    )


def _value(value: object) -> str:
    return "none" if value is None else exact(value)


def _forest(point: Point) -> str:
    return "" if point.predicted is None else number(point.predicted)


def _known(point: Point) -> str:
    """From what a value is known, and how well."""
    if not math.isfinite(point.value):
        return ""
    if point.spread is not None:
        return f"predicted, ± {point.spread:.2g}"
    told = f"measured, {count(len(point.trials), 'trial')}"
    if math.isfinite(point.low):
        return f"{told}, 95% {number(point.low)} to {number(point.high)}"
    return told


def _noise(found: Ablation) -> str:
    if found.noise is None:
        return "noise: not known, as no configuration was tried twice; so a gain may be chance"
    by = "trials of one configuration" if found.noise.repeats else "what the forest leaves unexplained"
    return f"noise: a trial is off by {found.noise.deviation:.2g} (standard deviation, by {by}); gains ± 95 %"


def _sources(found: Ablation) -> str:
    told = [count(found.trials, "trial")]
    if found.explained is not None:
        told.append(
            f"predictions by a forest that predicts {100 * max(found.explained, 0):.0f} % of the variance;"
            " ± is the spread of its trees"
        )
    if found.run:
        told.append(f"{count(found.run, 'command')} run")
    return " · ".join(told)
