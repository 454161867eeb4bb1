"""Importance as a page for people."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ledger.analysis.importance import coverage
from ledger.analysis.importance.forest import DOUBTFUL
from ledger.cli.page import Cell, Page
from ledger.cli.plots import bar
from ledger.ops.favoured import Favoured
from ledger.ops.importance import PED_ANOVA, Importance, OfMetric
from ledger.ops.text import count, exact, line, number

if TYPE_CHECKING:
    from ledger.analysis.importance.explained import Share
    from ledger.analysis.importance.overfitting import Overfitting, Trend

Costs = dict[str, dict[str, tuple[float, float, float]]]
"""Of each cost, by hyperparameter: a share and its interval."""

_BAR = 20
_PAIRS = 10
"""Pairs that are shown; ``--json`` has all."""


def importance_page(found: Importance) -> Page:
    """What matters for the metric and for its costs, and what overfits."""
    page = Page()
    objective = found.metric.objective
    way = "larger" if objective.maximize else "smaller"
    left_out = f", {found.others} more did not end well with a value" if found.others else ""
    page.line((f"{line(found.label)}: what {line(objective.metric)} depends on ({way} is better)", "bold"))
    page.line(f"{count(found.trials, 'trial')}{left_out}; {_how(found)}")
    page.heading("Importance")
    if found.method == PED_ANOVA:
        _preferences(page, found)
    else:
        _explained(page, found)
    if found.fixed:
        page.line((f"  the same in all trials: {', '.join(map(line, found.fixed))}", "dim"))
    _pairs(page, found)
    _local(page, found)
    _overfitting(page, found)
    return page


def _how(found: Importance) -> str:
    told, explained = found.metric.preferences, found.metric.explained
    if told is not None:
        return f"PED-ANOVA: what the {told.best} best of {told.among} prefer, beyond chance"
    if explained is None:
        return ""
    return f"fANOVA of a forest that predicts {_percent(max(explained.explained, 0))} of the variance"


def _preferences(page: Page, found: Importance) -> None:
    told = found.metric.preferences
    costs = {
        each.objective.metric: {one.name: (one.share, one.low, one.high) for one in each.preferences.found}
        for each in found.costs
        if each.preferences is not None
    }
    shown = _sure(costs)
    page.table(
        ("", "share", "95%", "", "trials", "the best have", *(f"for {line(each)}" for each in shown)),
        [
            (
                line(each.name),
                _percent(each.share),
                _range(each.low, each.high),
                bar(each.share, _BAR).ljust(_BAR),
                str(each.trials),
                _have(found.metric.favoured[each.name]),
                *(cost.get(each.name, "") for cost in shown.values()),
            )
            for each in (told.found if told is not None else ())
        ],
        right=("share", "trials"),
        plots=(3,),
    )
    if told is not None and not any(each.share for each in told.found):
        page.line("  the best trials prefer nothing more than as many at random would")
    _unsure(page, costs, shown)
    known, mean, limit = coverage.measured(coverage.OF_PREFERENCES, found.trials)
    told_by = f"of simulated searches of {known:,} trials {_held(mean)} held what as many say on average"
    page.line((f"  95%: by resampling; {told_by}, {_held(limit)} what very many say", "dim"))


def _held(found: coverage.Range) -> str:
    return f"{100 * found[0]:.0f} to {100 * found[1]:.0f} %"


def _have(found: Favoured) -> str:
    """Half of the numbers of the best, or the choice that they prefer."""
    if found.low is not None and found.high is not None:
        return f"{number(found.low)} to {number(found.high)}"
    return f"{'none' if found.choice is None else exact(found.choice)} ({found.trials} of {found.best})"


def _explained(page: Page, found: Importance) -> None:
    told = found.metric.explained
    if told is None:
        return
    costs = {
        each.objective.metric: {one.names[0]: (one.value, one.low, one.high) for one in each.explained.total}
        for each in found.costs
        if each.explained is not None
    }
    shown = _sure(costs)
    page.table(
        ("", "alone", "95%", "in all", "95% ", "", "trials", *(f"for {line(each)}" for each in shown)),
        [
            (
                line(each.names[0]),
                _percent(each.value),
                _range(each.low, each.high),
                _percent(total.value),
                _range(total.low, total.high),
                bar(total.value, _BAR).ljust(_BAR),
                str(each.trials),
                *(cost.get(each.names[0], "") for cost in shown.values()),
            )
            for each, total in zip(told.first, told.total, strict=True)
        ],
        right=("alone", "in all", "trials"),
        plots=(5,),
    )
    _doubt(page, found.metric)
    _unsure(page, costs, shown)
    known, large, small = coverage.measured(coverage.OF_FOREST, found.trials)
    held = f"{_held(large)} held a share of {coverage.SMALL:.0%} or more, {_held(small)} a smaller one"
    page.line((f"  95%: by halves of the trials; of simulated searches of {known:,} trials {held}", "dim"))


def _sure(costs: Costs) -> dict[str, dict[str, str]]:
    """Columns of the costs of which something can be told."""
    return {
        metric: {name: _within(*each) for name, each in shares.items()}
        for metric, shares in costs.items()
        if any(low > 0 for _, low, _ in shares.values())
    }


def _unsure(page: Page, costs: Costs, shown: Collection[str]) -> None:
    rest = [metric for metric in costs if metric not in shown]
    if rest:
        verb = "depends" if len(rest) == 1 else "depend"
        page.line((f"  on what {' and '.join(map(line, rest))} {verb} cannot be told from chance", "dim"))


def _doubt(page: Page, metric: OfMetric) -> None:
    told = metric.explained
    if told is not None and told.explained < DOUBTFUL:
        page.line(("  that is little: the metric is mostly noise, or more trials are needed", "yellow"))


def _pairs(page: Page, found: Importance) -> None:
    told = found.metric.explained
    if told is None or not told.pairs:
        return
    page.heading("Two together, beyond what each does alone")
    _shares(page, told.pairs[:_PAIRS])
    if len(told.pairs) > _PAIRS:
        page.line((f"  {len(told.pairs) - _PAIRS} more with smaller shares: --json", "dim"))


def _local(page: Page, found: Importance) -> None:
    told = found.metric.explained
    if told is None or not told.local:
        return
    best = f"{found.best.short} ({line(found.metric.objective.metric)} {number(found.value)})"
    page.heading(f"Close to the best trial {best}, each changed alone")
    _shares(page, told.local)
    if found.method == PED_ANOVA:
        known = _percent(max(told.explained, 0))
        page.line((f"  as a forest has it that predicts {known} of the variance", "dim"))
        _doubt(page, found.metric)


def _shares(page: Page, shares: "Sequence[Share]") -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            " × ".join(map(line, each.names)),
            _percent(each.value),
            _range(each.low, each.high),
            bar(each.value, _BAR),
        )
        for each in shares
    ]
    page.table(("", "share", "95%", ""), rows, right=("share",), plots=(3,))


def _overfitting(page: Page, found: Importance) -> None:
    if not found.looked_at:
        return
    page.heading("Overfitting")
    for each in found.overfitting:
        page.line(f"  {moved(each)}")
    if not found.overfitting:
        both = " or ".join(f"{line(one)} and {line(other)}" for one, other in found.looked_at)
        page.line((f"  no hyperparameter moves {both} in opposite ways", "dim"))


def moved(found: "Overfitting") -> str:
    """How a hyperparameter moves two metrics in opposite ways, in words."""
    where = ""
    if found.above is not None:
        where = f" above {number(found.above)}"
    elif found.below is not None:
        where = f" below {number(found.below)}"
    return (
        f"{line(found.name)}: as it grows{where}, {_trend(found.training)} and {_trend(found.unseen)};"
        f" {count(found.training.trials, 'trial')}"
    )


def _trend(found: "Trend") -> str:
    way = "rises" if found.correlation > 0 else "falls"
    return (
        f"{line(found.metric)} {way} (rank correlation {found.correlation:.2f}, 95%"
        f" {found.low:.2f} to {found.high:.2f})"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}"


def _within(share: float, low: float, high: float) -> str:
    return f"{_percent(share)} ({_range(low, high)})"
