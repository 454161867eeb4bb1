"""The parts of a page that tell what an experiment's metrics depend on."""

from collections.abc import Mapping

from ledger.analysis.importance.ped_anova import Preferences
from ledger.ops.favoured import Favoured
from ledger.ops.text import count, line, number, value
from ledger.reports.dependence import Dependence
from ledger.reports.html import plots, scatter
from ledger.reports.html.elements import Markup, data_table, joined, section, tag
from ledger.reports.report import Report

_DOTS_OF_HISTORY, _DOTS_OF_SLICES = 1_500, 4_000
"""Of all drawings of a part."""
_LEAST_DOTS = 100
_DRAWN, _LEAST_DRAWN = 12, 2
"""Drawings of a part, and of one metric of one experiment."""
_FEW = 3
"""Trials without which there is nothing to draw."""
_SHARES = 15


def history(report: Report) -> Markup:
    """How the best came."""
    found = [(one.choice.label, each) for one in report.standings for each in one.depends]
    found = [(label, each) for label, each in found if len(each.observed) >= _FEW][:_DRAWN]
    room = _room(_DOTS_OF_HISTORY, len(found))
    drawn = [_history(label, each, room) for label, each in found]
    return section("history", "History of the best", *drawn)


def _history(label: str, found: Dependence, room: int) -> Markup:
    trials = found.observed.trials
    title = f"{label}: {line(found.objective.metric)} of each trial, and the best until then"
    best = found.best_so_far
    places = [place for place, each in enumerate(best) if place == 0 or each != best[place - 1]]
    last = tag("code", trials[places[-1]].short)
    told = tag(
        "p",
        f"A new best {count(len(places), 'time')}, for the last time with trial {places[-1] + 1:,} of"
        f" {len(trials):,}: {number(best[-1])}, ",
        last,
        ".",
        class_="dim",
    )
    return tag("figure", tag("figcaption", title), scatter.history(title, found, room), told)


def importance(report: Report) -> Markup:
    """Which hyperparameters matter."""
    found: list[object] = []
    told = False
    for one in report.standings:
        for each in one.depends:
            title = f"{one.choice.label}: {line(each.objective.metric)}"
            preferences = None if each.importance is None else each.importance.metric.preferences
            if each.importance is None or preferences is None:
                found += [tag("h3", title), tag("p", f"It cannot be told: {each.unknown}.")]
                continue
            told = True
            have = each.importance.metric.favoured
            found.append(_preferences(title, preferences, have, each.importance.fixed))
    if told:
        method = "Shares by PED-ANOVA with 95 % of bootstrap resamples: ledger importance says it at length."
        found.append(tag("p", method, class_="dim"))
    return section("importance", "Importance", *found)


def _preferences(
    title: str, found: Preferences, have: Mapping[str, Favoured], fixed: tuple[str, ...]
) -> Markup:
    shown = found.found[:_SHARES]
    caption = f"{title}: what the best {found.best} of {found.among:,} trials prefer"
    rows = [
        (
            line(one.name),
            f"{one.share:.0%}",
            f"{one.low:.0%} to {one.high:.0%}",
            _favoured(have.get(one.name)),
        )
        for one in shown
    ]
    more = count(len(found.found) - len(shown), "hyperparameter")
    left = [
        f"{more} more have smaller shares" if len(found.found) > len(shown) else None,
        f"not varied: {', '.join(map(line, fixed))}" if fixed else None,
    ]
    said = "; ".join(each for each in left if each)
    return joined(
        (
            tag(
                "figure",
                tag("figcaption", caption),
                plots.bars(caption, [(line(one.name), one.share, one.low, one.high) for one in shown]),
            ),
            data_table(
                ("hyperparameter", "share", "95 %", "the best have"),
                rows,
                caption=f"{title}: shares",
                right=(1, 2),
            ),
            tag("p", f"{said[:1].upper()}{said[1:]}.", class_="dim") if said else None,
        )
    )


def _favoured(found: Favoured | None) -> str:
    if found is None:
        return ""
    if found.low is not None and found.high is not None:
        return f"{number(found.low)} to {number(found.high)} (half of them)"
    told = "none" if found.choice is None else value(found.choice)
    return f"{told} ({found.trials} of {found.best})"


def slices(report: Report) -> Markup:
    """Each objective along each hyperparameter alone."""
    found = [(one.choice.label, each) for one in report.standings for each in one.depends]
    found = [(label, each) for label, each in found if each.slices and len(each.observed) >= _FEW]
    most = max(_LEAST_DRAWN, _DRAWN // max(len(found), 1))
    room = _room(_DOTS_OF_SLICES, sum(len(each.slices[:most]) for _, each in found))
    drawn: list[object] = []
    for label, each in found:
        left = len(each.slices[most:]) + each.others
        metric = line(each.objective.metric)
        aim = "largest" if each.objective.maximize else "smallest"
        drawn += [
            tag("h3", f"{label}: {metric}"),
            tag(
                "div",
                *(
                    tag("figure", tag("figcaption", line(one.name)), scatter.sliced(each, one, room))
                    for one in each.slices[:most]
                ),
                class_="slices",
            ),
            tag(
                "p",
                f"The {len(each.best)} with the {aim} {metric} stand out"
                + (f"; {count(left, 'hyperparameter')} more are not drawn." if left else "."),
                class_="dim",
            ),
        ]
    return section("slices", "Slices", *drawn)


def _room(dots: int, drawings: int) -> int:
    return max(_LEAST_DOTS, dots // max(drawings, 1))
