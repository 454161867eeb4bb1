"""A trial's result over seeds, as a page for people."""

import math

from ledger.analysis.statistics.intervals import Interval
from ledger.cli.page import Page
from ledger.cli.plots import bar, histogram, interval
from ledger.ops import seed_words
from ledger.ops.references import describe
from ledger.ops.seed_sources import ALL
from ledger.ops.seeds import Group, OverSeeds, Seeds
from ledger.ops.text import line, number
from ledger.ops.why_hybrids import How

_WIDTH = 24
_BAR = 16


def seeds_page(found: Seeds) -> Page:
    """What was run, and for each metric a sentence, its distribution, and how many seeds differences need."""
    page = Page()
    page.pairs(
        [
            ("trial", line(describe(found.trial))),
            ("seeds", f"{line(seed_words.how(found.sources))}, drawn from --seed {found.seed}"),
            *((_name(each), line(_runs(each))) for each in found.groups),
            ("stopped", "it was interrupted: the same command goes on" if found.interrupted else None),
        ],
        indent=0,
    )
    for metric in found.metrics:
        page.heading(line(metric.name))
        page.line((f"  {line(seed_words.sentence(metric))}", "bold"))
        _spreads(page, metric)
        _needs(page, metric)
        _shares(page, metric)
    return page


def told(found: Interval) -> str:
    """An interval in words."""
    if math.isinf(found.low) or math.isnan(found.low):
        return "not known"
    return f"{number(found.low)} to {number(found.high)}"


def _name(group: Group) -> str:
    return "reruns" if group.vary == ALL else f"reruns of {line(group.vary)}"


def _runs(group: Group) -> str:
    names = {How.RUN: "run", How.REUSED: "in the ledger already", How.FAILED: "failed", How.PLANNED: "to run"}
    counts = [(sum(each.how is how for each in group.runs), what) for how, what in names.items()]
    return ", ".join(f"{amount} {what}" for amount, what in counts if amount) + f": -x {group.experiment}"


def _spreads(page: Page, metric: OverSeeds) -> None:
    own = [] if metric.original is None else [metric.original]
    every = [*own, *(end for each in metric.spreads.values() for end in (each.least, each.most))]
    low, high = min(every), max(every)
    rows = [
        (
            line(vary),
            str(len(each)),
            number(each.mean),
            told(each.interval),
            "-" if math.isnan(each.deviation) else f"{each.deviation:.3g}",
            _short(each.deviation_interval),
            number(each.iqm),
            histogram(each.values, _WIDTH, lowest=low, highest=high),
        )
        for vary, each in metric.spreads.items()
    ]
    for value in own:
        mark = interval(value, value, value, low, high, _WIDTH)
        rows.append(("the original", "", number(value), "", "", "", "", mark))
    scale = f"{number(low)} {number(high):>{max(_WIDTH - len(number(low)) - 1, 0)}}"
    page.table(("varied", "seeds", "mean", "95%", "sd", "95% of the sd", "iqm", scale), rows, plots=(7,))


def _short(found: Interval) -> str:
    if not math.isfinite(found.high):
        return "not known"
    return f"{found.low:.2g} to {found.high:.2g}"


def _needs(page: Page, metric: OverSeeds) -> None:
    if not metric.needs:
        return
    page.line()
    page.table(
        ("to see a difference of", "sd", "seeds on each side"),
        [(number(each.difference), f"{each.deviations:.2g}", str(each.seeds)) for each in metric.needs],
        right=("sd", "seeds on each side"),
    )
    page.line(("  with a power of 80% at 5% (Colas et al. 2018); paired by seed it may need fewer", "dim"))


def _shares(page: Page, metric: OverSeeds) -> None:
    if not metric.shares:
        return
    page.line()
    of = "with all varied" if metric.against == ALL else "of all alone together"
    page.table(
        ("source", "sd alone", f"share of the variance {of}", "95%", "seeds", ""),
        [
            (
                line(each.source),
                f"{each.deviation:.3g}",
                "-" if math.isnan(each.share) else f"{each.share:.0%}",
                "not known"
                if math.isnan(each.interval.low)
                else f"{each.interval.low:.0%} to {_upper(each.interval.high)}",
                str(each.count),
                bar(each.share, _BAR),
            )
            for each in metric.shares
        ],
        plots=(5,),
    )


def _upper(high: float) -> str:
    return f"{high:.0%}" if math.isfinite(high) else "∞"
