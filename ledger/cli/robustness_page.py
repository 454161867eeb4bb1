"""How much a result moves, as a page for people."""

import math

from ledger.analysis.robustness import Moves, OfGroup
from ledger.analysis.statistics.intervals import Interval
from ledger.cli.page import Page
from ledger.cli.plots import bar, interval
from ledger.cli.seeds_page import told
from ledger.ops.references import describe
from ledger.ops.robustness import Robustness
from ledger.ops.text import count, line, number
from ledger.ops.why_hybrids import How

_WIDTH = 24
_LINES = 24
"""Of all profiles on the page, about: groups share them; ``--json`` has all thresholds."""
_STEPS = 5, 12
"""Fewest and most thresholds, however many groups there are."""


def robustness_page(found: Robustness) -> Page:
    """Some sentences; then seeds, small changes, groups and their profiles."""
    page = Page()
    metric = line(found.objective.metric)
    for each in found.summary:
        page.line((line(each), "bold"))
    page.pairs(
        [
            ("trials", _trials(found)),
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
    every = f"{found.trials} in {count(found.configurations, 'configuration')}"
    if not found.elsewhere:
        return f"{every}{without} of {line(found.label)}"
    own = found.trials - sum(number for _, number in found.elsewhere)
    others = (f"{number} of {line(name or 'no experiment')}" for name, number in found.elsewhere)
    return f"{every}{without}: {', '.join((f'{own} of {line(found.label)}', *others))}"


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
                _digits(noise.deviation),
                _short(noise.interval),
                str(noise.configurations),
                str(noise.trials),
                _digits(noise.between),
                "-" if math.isnan(noise.share) else f"{noise.share:.0%}",
                bar(noise.share, _WIDTH),
            )
        ],
        plots=(6,),
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
                _digits(each.change),
                _short(each.interval),
                _digits(each.noise),
                _digits(each.worst),
                bar(each.change / most if most else 0.0, _WIDTH // 2),
                line(_between(each, found.names)),
            )
            for each in found.moves
        ],
        plots=(6,),
    )


def _short(found: Interval) -> str:
    """To as many digits as what it is of."""
    return f"{_digits(found.low)} to {_digits(found.high)}" if math.isfinite(found.high) else told(found)


def _digits(value: float) -> str:
    """A number to three digits; 1010, and not 1.01e+03."""
    return "-" if math.isnan(value) else number(float(f"{value:.3g}"))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _between(each: Moves, names: tuple[tuple[str, ...], ...]) -> str:
    """What the two configurations have that is not the same; of a change of one, its values alone."""
    before, after = (dict(_parted(one) for one in names[number]) for number in each.between)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    told = [(name, f"{before.get(name, 'none')} → {after.get(name, 'none')}") for name in changed]
    if changed == [each.name]:
        return told[0][1]
    return ", ".join(f"{name} {values}" for name, values in told)


def _parted(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


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
                _digits(each.within),
                _drawn(each, low, high),
            )
            for each in found.groups
        ],
        plots=(7,),
    )


def _drawn(each: OfGroup, low: float, high: float) -> str:
    return interval(each.iqm_interval.low, each.spread.iqm, each.iqm_interval.high, low, high, _WIDTH)


def _profiles(page: Page, found: Robustness, metric: str) -> None:
    """Groups one beneath the other, at each threshold: they are what is compared, and may be many."""
    beyond = "above" if found.objective.maximize else "below"
    page.heading(f"share of the runs whose {metric} is {beyond}")
    at = found.groups[0].profile.thresholds
    steps = min(max(_LINES // len(found.groups), _STEPS[0]), _STEPS[1])
    places = sorted({round(step * (len(at) - 1) / (steps - 1)) for step in range(steps)})
    page.table(
        (f"{metric} {beyond}", line(found.group or ""), "", "share", "95%"),
        [
            (
                number(at[place]) if first else "",
                line(each.label) if found.group is not None else "",
                bar(each.profile.shares[place], _WIDTH // 2).ljust(_WIDTH // 2, "·"),
                f"{each.profile.shares[place]:.0%}",
                f"{each.profile.low[place]:.0%} to {each.profile.high[place]:.0%}",
            )
            for place in places
            for first, each in zip((True, *[False] * len(found.groups)), found.groups, strict=False)
        ],
        right=("share",),
        plots=(2,),
    )
    page.line(("  pointwise bootstrap bands (Agarwal et al. 2021)", "dim"))
