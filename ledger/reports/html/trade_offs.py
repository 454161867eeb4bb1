"""The best of a search for several metrics: a table of its Pareto front, and drawings of it."""

from collections.abc import Iterator, Mapping, Sequence

from ledger.model import Digest
from ledger.ops.text import count, line, number
from ledger.ops.trade_offs import TradeOff
from ledger.reports.html import scatter
from ledger.reports.html.elements import Markup, data_table, tag
from ledger.reports.html.links import linked
from ledger.reports.labels import tried, varying
from ledger.reports.report import Report
from ledger.reports.standing import Standing

_IN_TABLE = 20
_MOST_DRAWN = 3
_DOTS = 400


def best(report: Report, standing: Standing, found: TradeOff) -> Iterator[Markup]:
    """Those that none is better than in all metrics."""
    metrics = [line(each.metric) for each in found.objectives]
    aims = [f"{line(each.metric)} {'large' if each.maximize else 'small'}" for each in found.objectives]
    yield tag(
        "p",
        f"{count(len(found.front), 'trial')} of {len(found.rows):,} that none is better than in all of what"
        f" was looked for: {_listed(aims)}",
    )
    shown = standing.ranked[:_IN_TABLE]
    names = varying([each.trial for each in shown])
    own = {standing.observed.trials[row]: row for row in found.front}
    rows = [
        [
            linked(report, each.trial),
            *(tried(each.trial, name) for name in names),
            *(number(standing.observed.metrics[one.metric][own[each.trial.id]]) for one in found.objectives),
        ]
        for each in shown
    ]
    header = ["trial", *map(line, names), *metrics]
    right = range(len(names) + 1, len(header))
    label = standing.choice.label
    yield data_table(header, rows, caption=f"Pareto front of {label}, by {metrics[0]}", right=right)
    left = len(standing.ranked) - len(shown)
    if left:
        yield tag("p", f"And {left:,} more, which the table of trials has.")
    yield from _drawings(standing, found, own)
    yield tag("p", "Each is a single run: where seeds matter, some are here by luck.", class_="warn")


def _drawings(standing: Standing, found: TradeOff, own: Mapping[Digest, int]) -> Iterator[Markup]:
    """The first metric against each other one."""
    metrics = standing.observed.metrics
    y = found.objectives[0].metric
    for x in [each.metric for each in found.objectives[1:] if each.metric != y][:_MOST_DRAWN]:
        points = [(metrics[x][row], metrics[y][row]) for row in found.rows]
        members = sorted(
            (
                (
                    (metrics[x][row], metrics[y][row]),
                    scatter.said_of(
                        each.trial.id.short,
                        [(line(one.metric), metrics[one.metric][row]) for one in found.objectives],
                    ),
                )
                for each in standing.ranked
                for row in (own[each.trial.id],)
            ),
            key=lambda each: each[0],
        )
        title = f"{line(y)} against {line(x)}"
        drawn = scatter.front(
            title, (line(x), line(y)), points, members, _DOTS, joined=len(found.objectives) == 2
        )
        yield tag("figure", tag("figcaption", f"{title}: all trials, and those on the front"), drawn)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
