"""The parts of a page that say what it all comes to."""

import math
from collections import Counter

from ledger.model import Verdict
from ledger.ops.denominator import counted_words
from ledger.ops.text import count, line, number
from ledger.reports.html import plots, trade_offs
from ledger.reports.html.elements import NOTHING, Markup, data_table, joined, pairs, section, tag
from ledger.reports.html.links import linked
from ledger.reports.labels import labels, tried, varying
from ledger.reports.report import Report
from ledger.reports.standing import Standing

_IN_TABLE = 10


def in_short(report: Report) -> Markup:
    """What was tried, and how it stands."""
    verdicts = Counter(receipt.replay.verdict for _, receipt in report.receipts)
    replays = ", ".join(f"{verdicts[each]} {each}" for each in Verdict if verdicts[each])
    partial = {trial.id for each in report.faulty for trial in each.trials}
    found: list[tuple[str, object]] = [("trials here", f"{len(report.table.rows):,}")]
    for each in report.standings:
        if each.now is not None:
            found.append(("tried, in the ledger of now", counted_words(each.now)))
        if each.counted is not None and report.signed is not None:
            found.append(
                (f"tried, in the signed head {report.signed.digest.short}", counted_words(each.counted))
            )
    if report.unsigned is not None:
        found.append(("signed", report.unsigned))
    found += [
        ("replays", replays or "none: ledger replay ID makes one"),
        ("records", f"{len(partial)} of {len(report.table.rows)} lack something" if partial else "complete"),
    ]
    return section("in-short", "In short", pairs(found))


def best(report: Report) -> Markup:
    """The best of each choice, by estimated means where configurations have several seeds."""
    return section("best", "Best", *(_best(report, each) for each in report.standings))


def _best(report: Report, standing: Standing) -> Markup:
    title = tag("h3", standing.choice.label)
    if standing.objective is None or not standing.ranked:
        return joined((title, tag("p", standing.why_none)))
    if standing.trade_off is not None:
        return joined((title, *trade_offs.best(report, standing, standing.trade_off)))
    metric = line(standing.objective.metric)
    aim = "the largest" if standing.objective.maximize else "the smallest"
    means = standing.ranked[0].mean is not None
    names = varying([each.trial for each in standing.ranked[:_IN_TABLE]])
    header = ["trial", *names, metric, *(["estimated mean", "95 %", "seeds"] if means else [])]
    rows = [
        [
            linked(report, each.trial),
            *(tried(each.trial, name) for name in names),
            number(each.value),
            *(
                [number(each.mean), interval_words(each.low, each.high), each.seeds]
                if each.mean is not None
                else []
            ),
        ]
        for each in standing.ranked[:_IN_TABLE]
    ]
    trials = count(standing.measured, "trial")
    of = f"{trials} of {count(standing.configurations, 'configuration')} with a value"
    told = f"{aim} {metric} is best; {of}" + (
        "; a mean is drawn to those of the others by as much as it is uncertain" if means else ""
    )
    optimistic = (
        tag(
            "p",
            "The best of several single runs is optimistic where seeds matter: ledger seeds ID.",
            class_="warn",
        )
        if not means and standing.measured > 1
        else None
    )
    right = range(len(names) + 1, len(header))
    caption = f"Best of {standing.choice.label} by {metric}"
    return joined((title, tag("p", told), data_table(header, rows, caption=caption, right=right), optimistic))


def interval_words(low: float | None, high: float | None) -> str:
    """From where to where; nothing where nothing can be said."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "unknown"
    return f"{number(low)} to {number(high)}"


def comparisons(report: Report) -> Markup:
    """What every two experiments come to."""
    found = [
        joined((tag("h3", f"{each.a} and {each.b}"), *(tag("p", said) for said in each.sentences)))
        for each in report.compared
    ]
    return section("compared", "Experiments compared", *found)


def curves(report: Report) -> Markup:
    """Metrics over steps, with one legend for all drawings."""
    charts = report.charts
    trials = list({curve.trial.id: curve.trial for chart in charts.charts for curve in chart.curves}.values())
    if not trials:
        return NOTHING
    places = {trial.id: place for place, trial in enumerate(trials)}
    names = labels(trials)
    legend = tag(
        "ul",
        *(
            tag(
                "li",
                plots.swatch(places[trial.id]),
                tag("code", trial.id.short),
                f" {names[trial.id]}" if names[trial.id] != trial.id.short else None,
                data_curve=trial.id.short,
                tabindex="0",
            )
            for trial in trials
        ),
        class_="legend",
    )
    drawn = [
        tag(
            "figure",
            tag("figcaption", chart.metric),
            plots.curves(chart, [places[each.trial.id] for each in chart.curves]),
        )
        for chart in charts.charts
    ]
    missing = [
        tag("p", f"{trial.id.short} is not drawn: {why}", class_="warn") for trial, why in charts.missing
    ]
    most = max(curve.points for chart in charts.charts for curve in chart.curves)
    thin = f"Lines keep first, smallest, largest and last of each stretch; the longest has {most:,} points."
    more = f" {count(charts.others, 'more metric')} with points are in the ledger." if charts.others else ""
    return section("curves", "Curves", legend, *drawn, tag("p", thin + more, class_="dim"), *missing)


def seeds(report: Report) -> Markup:
    """Configurations that were tried with several seeds."""
    found = []
    for each in report.standings:
        if not each.seeded or each.objective is None:
            continue
        metric = line(each.objective.metric)
        names = labels([one.trial for one in each.seeded], seeds=False)
        rows = [(names[one.trial.id], one.values, one.mean, one.low, one.high) for one in each.seeded]
        title = f"{metric} of {each.choice.label} over seeds"
        found.append(tag("figure", tag("figcaption", title), plots.strips(title, metric, rows)))
        table = [
            (
                tag("code", one.trial.id.short),
                names[one.trial.id],
                len(one.values),
                number(one.mean),
                interval_words(one.low, one.high),
                number(min(one.values)),
                number(max(one.values)),
            )
            for one in each.seeded
        ]
        header = ("trial", "configuration", "seeds", "mean", "95 % of the mean", "min", "max")
        found.append(data_table(header, table, caption=title, right=range(2, 7)))
    return section("seeds", "Seeds", *found)
