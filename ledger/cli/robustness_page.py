"""How much a result moves, as a page for people."""

import math

from ledger.analysis.robustness import Moves, OfGroup
from ledger.cli.page import Page
from ledger.cli.plots import bar, interval
from ledger.cli.seeds_page import told
from ledger.ops.references import describe
from ledger.ops.robustness import Robustness
from ledger.ops.text import count, line, number
from ledger.ops.why_hybrids import How

_WIDTH = 24
_STEPS = 12
"""Thresholds of a profile on the page; ``--json`` has all."""


def robustness_page(found: Robustness) -> Page:
    """Some sentences; then seeds, small changes, groups and their profiles."""
    page = Page()
    metric = line(found.objective.metric)
    for each in found.summary:
        page.line((line(each), "bold"))
    page.pairs(
        [
            ("trials", f"{_trials(found)} of {line(found.label)}"),
            ("around", None if found.centre is None else line(describe(found.centre))),
            ("runs", _runs(found)),
            ("stopped", "it was interrupted: the same command goes on" if found.interrupted else None),
        ]
    )
    _seeds(page, found, metric)
    _moves(page, found)
    _groups(page, found, metric)
    _profiles(page, found, metric)
    return page


def _trials(found: Robustness) -> str:
    without = f", {found.others} without a value" if found.others else ""
    return f"{found.trials} in {count(found.configurations, 'configuration')}{without}"


def _runs(found: Robustness) -> str | None:
    names = {How.RUN: "run", How.REUSED: "in the ledger already", How.FAILED: "failed", How.PLANNED: "to run"}
    counts = [(sum(each.how is how for each in found.runs), what) for how, what in names.items()]
    text = ", ".join(f"{amount} {what}" for amount, what in counts if amount)
    return f"{text}: -x {line(found.runs[0].wanted.experiment)}" if text else None


def _seeds(page: Page, found: Robustness, metric: str) -> None:
    noise = found.noise
    if not noise.configurations:
        return
    page.heading(f"{metric} from seed to seed")
    page.table(
        ("sd", "95%", "configurations", "trials", "sd between configurations", "share of the variance", ""),
        [
            (
                f"{noise.deviation:.3g}",
                told(noise.interval),
                str(noise.configurations),
                str(noise.trials),
                "-" if math.isnan(noise.between) else f"{noise.between:.3g}",
                "-" if math.isnan(noise.share) else f"{noise.share:.0%}",
                bar(noise.share, _WIDTH),
            )
        ],
    )


def _moves(page: Page, found: Robustness) -> None:
    if not found.moves:
        return
    page.heading(f"small changes: by {found.fraction:.0%} of a domain, or of the value where none is known")
    most = max(max(each.change for each in found.moves), *(_finite(each.noise) for each in found.moves))
    page.table(
        ("", "pairs", "moves it by", "95%", "seeds alone", "at most", "", "between"),
        [
            (
                line(each.name),
                str(each.pairs),
                f"{each.change:.3g}",
                told(each.interval),
                "-" if math.isnan(each.noise) else f"{each.noise:.3g}",
                f"{each.worst:.3g}",
                bar(each.change / most if most else 0.0, _WIDTH // 2),
                line(_between(each, found.names)),
            )
            for each in found.moves
        ],
    )


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _between(each: Moves, names: tuple[tuple[str, ...], ...]) -> str:
    first, second = (names[number] for number in each.between)
    mine = ", ".join(one for one in first if one not in second)
    return f"{mine} and {', '.join(one for one in second if one not in first)}"


def _groups(page: Page, found: Robustness, metric: str) -> None:
    page.heading(f"{metric} of all runs" if found.group is None else f"{metric} by {line(found.group)}")
    spreads = [each.spread for each in found.groups]
    low, high = min(each.least for each in spreads), max(each.most for each in spreads)
    scale = f"{number(low)} {number(high):>{max(_WIDTH - len(number(low)) - 1, 0)}}"
    page.table(
        ("", "runs", "mean", "95%", "iqm", "95% of the iqm", "sd within", scale),
        [
            (
                line(each.label),
                str(len(each.spread)),
                number(each.spread.mean),
                told(each.spread.interval),
                number(each.spread.iqm),
                told(each.iqm_interval),
                "-" if math.isnan(each.within) else f"{each.within:.3g}",
                _drawn(each, low, high),
            )
            for each in found.groups
        ],
    )


def _drawn(each: OfGroup, low: float, high: float) -> str:
    return interval(each.iqm_interval.low, each.spread.iqm, each.iqm_interval.high, low, high, _WIDTH)


def _profiles(page: Page, found: Robustness, metric: str) -> None:
    beyond = "above" if found.objective.maximize else "below"
    page.heading(f"share of the runs whose {metric} is {beyond}")
    at = found.groups[0].profile.thresholds
    places = sorted({round(step * (len(at) - 1) / (_STEPS - 1)) for step in range(_STEPS)})
    header = [f"{metric} {beyond}"]
    for each in found.groups:
        header += ["", line(each.label), "95%"]
    rows = []
    for place in places:
        row = [number(at[place])]
        for each in found.groups:
            profile = each.profile
            row += [
                bar(profile.shares[place], _WIDTH // 2).ljust(_WIDTH // 2, "·"),
                f"{profile.shares[place]:.0%}",
                f"{profile.low[place]:.0%} to {profile.high[place]:.0%}",
            ]
        rows.append(row)
    page.table(header, rows)
    page.line(("  pointwise bootstrap bands (Agarwal et al. 2021)", "dim"))
