"""Experiments compared, as a page for people."""

import math
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from ledger.analysis.pairing import Design, Pairing
from ledger.cli import compare_cells as cells
from ledger.cli import plots
from ledger.cli.page import Page
from ledger.ops.experiments import Experiments
from ledger.ops.text import count, line, number, value

if TYPE_CHECKING:
    from ledger.analysis.comparison import Comparison
    from ledger.analysis.statistics.comparing import Test

_SHOWN = 40
"""Metrics that are listed."""
_WIDTH = 24
"""Letters of a plot."""


def sentences(page: Page, found: Experiments) -> None:
    """Add what it comes to."""
    if found.objective is not None or len(found.quality) == 1:
        for each, told in zip(found.quality, found.sentences, strict=True):
            page.line((line(told), f"bold {cells.STYLES[each.better]}".strip()))
    if found.trade is not None:
        page.line(line(found.trade))


def comparisons(page: Page, found: Experiments, a: str, b: str) -> None:
    """Add how the trials go together, and how their metrics compare."""
    page.heading("Pairing")
    _pairing(page, found.pairing)
    if not found.quality:
        page.heading("Metrics")
        page.line("  no metric has a finite value on both sides")
    if len(found.quality) == 1:
        _detail(page, found.quality[0], a, b)
    elif found.quality:
        page.heading("Metrics compared")
        _brief(page, found.quality, a, b)
        page.line(
            (
                "  each by itself: of 20 that are the same, one looks different; of one: --minimize METRIC",
                "dim",
            )
        )
    if found.cost:
        page.heading("Cost")
        _brief(page, found.cost, a, b)


def _pairing(page: Page, found: Pairing) -> None:
    alone = found.unpaired
    pairs = len(found.pairs)
    others = found.a.others, found.b.others
    about = [f"{line(each.name)} {value(each.a)} → {value(each.b)}" for each in found.about]
    shared = f"{count(found.shared, 'trial')}, which make the sides look more alike than they are"
    lost = f"{count(others[0], 'trial')} of a, {others[1]} of b did not end well"
    page.pairs(
        [
            (
                "configurations",
                f"{pairs} on both sides, {alone[0]} only in a, {alone[1]} only in b",
            ),
            (
                "about",
                ", ".join(about),
            ),
            ("left out", ", ".join(map(line, found.ignored))),
            ("in both", shared if found.shared else None),
            ("not ok", lost if any(others) else None),
        ]
    )
    if not pairs:
        page.line(
            "  no configuration is on both sides: compared are all trials of the one with all of the other,"
        )
        page.line("  whatever their configurations (an unpaired test)")
    if found.hindering:
        names = ", ".join(map(line, found.hindering[:8]))
        ignore = " ".join(f"--ignore {quote(line(each))}" for each in found.hindering[:8])
        page.line((f"  no value of {names} is on both sides; to pair without: {ignore}", "dim"))


def _detail(page: Page, found: "Comparison", a: str, b: str) -> None:
    wanted = {True: ", more is better", False: ", less is better", None: ""}[found.maximize]
    page.heading(f"{line(found.metric)}{wanted}")
    sides = (a, found.a), (b, found.b)
    ends = [each for _, side in sides for each in (side.interval.low, side.interval.high, side.mean)]
    known = [each for each in ends if math.isfinite(each)]
    values = [each for _, side in sides for each in side.values]
    page.table(
        ("", "n", "mean", "95 %", "IQM", "95 % ", "mean and interval", "values"),
        [
            (
                line(name),
                str(len(side.values)),
                number(side.mean),
                cells.ends(side.interval),
                number(side.iqm),
                cells.ends(side.iqm_interval),
                plots.interval(
                    side.interval.low, side.mean, side.interval.high, min(known), max(known), _WIDTH
                ),
                plots.histogram(side.values, _WIDTH, lowest=min(values), highest=max(values)),
            )
            for name, side in sides
        ],
        right=("n", "mean", "IQM"),
        drop=(6, 7, 5, 4),
    )
    _small(page, found)
    page.line()
    page.pairs(
        [
            ("difference", f"{number(found.difference)}, 95 %: {cells.ends(found.interval)}"),
            ("", f"{found.interval.method}; {_compared(found)}"),
            ("", _coverage(found)),
            (
                f"P({line(b)} {'better' if found.maximize is not None else 'higher'})",
                f"{found.probability:.3g}, 95 %: {cells.ends(found.probability_interval)}",
            ),
            *_effect(found),
            *((each.name, _test(each)) for each in found.tests),
            ("left out", f"{count(found.left_out, 'trial')} without a partner" if found.left_out else None),
        ]
    )


def _small(page: Page, found: "Comparison") -> None:
    """Say of few values that the interval of their interquartile mean is too narrow."""
    from ledger.analysis.statistics.coverage import OF_IQM

    least = min(len(found.a.values), len(found.b.values))
    if least in OF_IQM:
        share = f"{100 * OF_IQM[least]:.0f} %"
        told = f"of {least} simulated normal values the interval of an IQM held the truth in {share}"
        page.line((f"  {told}: it is too narrow", "dim"))


def _compared(found: "Comparison") -> str:
    each = f"{len(found.a.values)} and {len(found.b.values)} trials"
    if found.design is Design.SEEDS:
        each = f"differences of {count(len(found.a.values), 'pair')} of one seed"
    elif found.design is Design.CONFIGURATIONS:
        return f"differences of {count(found.configurations, 'configuration')}"
    return f"{each}, in {found.configurations} strata" if found.configurations > 1 else each


def _effect(found: "Comparison") -> list[tuple[str, str]]:
    effect = found.effect
    if effect is None:
        return []
    return [(effect.name, f"{effect.value:.3g}, 95 %: {cells.ends(effect.interval)}; {effect.why}")]


def _coverage(found: "Comparison") -> str | None:
    if found.coverage is None:
        return None
    low, high = (f"{100 * each:.1f}" for each in found.coverage)
    span = low if low == high else f"{low} to {high}"
    return f"of simulated samples of this size, {span} % of such intervals held the truth"


def _test(found: "Test") -> str:
    told = f"p = {found.p:.2g}"
    if found.degrees is not None:
        told += f", t = {found.statistic:.3g}, {found.degrees:.1f} degrees of freedom"
    if found.arrangements is not None:
        told += f", {found.arrangements:,} arrangements, {'all' if found.exact else 'drawn'}"
        least = 2 / found.arrangements
        if found.exact and least > 0.05:
            told += f"; with so few trials it cannot be below {min(least, 1.0):.2g}"
    return told


def _brief(page: Page, found: "Sequence[Comparison]", a: str, b: str) -> None:
    directed = all(each.maximize is not None for each in found)
    page.table(
        ("", "n", line(a), line(b), "b - a, 95 %", "P(b)" if directed else "P(b higher)", ""),
        [
            (
                line(each.metric),
                f"{len(each.a.values)}, {len(each.b.values)}",
                cells.shown(each.metric, each.a.mean),
                cells.shown(each.metric, each.b.mean),
                cells.difference(each),
                f"{each.probability:.2g} ({cells.ends(each.probability_interval)})",
                cells.verdict(each),
            )
            for each in found[:_SHOWN]
        ],
        right=(line(a), line(b)),
        drop=(5, 1, 2, 3),
    )
    if len(found) > _SHOWN:
        page.line((f"  … and {len(found) - _SHOWN} more: --json", "dim"))
