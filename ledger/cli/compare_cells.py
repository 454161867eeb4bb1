"""Numbers of a comparison as cells of a table."""

import math
from typing import TYPE_CHECKING

from ledger.cli.page import Cell
from ledger.ops.compare_words import amount, rounded
from ledger.ops.diff_experiments import COST
from ledger.ops.text import duration, number, size

if TYPE_CHECKING:
    from ledger.analysis.comparison import Comparison
    from ledger.analysis.statistics.intervals import Interval

STYLES = {True: "green", False: "red", None: ""}
"""Of what is better, worse, or neither."""


def verdict(found: "Comparison") -> Cell:
    """What may be claimed, in a word or two."""
    if found.verdict == "unclear":
        return "within the noise", "dim"
    if found.verdict == "unknown":
        return "one trial each", "dim"
    if found.verdict == "same" or found.better is None:
        return str(found.verdict)
    return f"{found.verdict}: {'better' if found.better else 'worse'}", STYLES[found.better]


def difference(found: "Comparison") -> str:
    """How far the second side is above the first, with its interval."""
    if found.metric in COST:
        return f"{shown(found.metric, found.difference)} ({span(found.metric, found.interval)})"
    sign, told = ("-" if found.difference < 0 else ""), amount(found)
    if "±" in told:
        return sign + told
    unit = found.interval.half
    value = rounded(found.difference, unit) if math.isfinite(unit) else number(found.difference)
    return f"{value} ({ends(found.interval)})"


def shown(metric: str, amount: float) -> str:
    """A value of a metric; seconds and bytes with their units."""
    if not math.isfinite(amount):
        return number(amount)
    sign, far = ("-" if amount < 0 else ""), abs(amount)
    if metric == "duration_s":
        return sign + duration(far)
    return sign + size(round(far)) if metric == "peak_memory" else number(amount)


def ends(found: "Interval") -> str:
    """Both ends of an interval, to two digits of what is uncertain."""
    if math.isinf(found.low) and math.isinf(found.high):
        return "unknown"
    if found.half == 0:
        return f"{number(found.low)} to {number(found.high)}"
    low, high = (
        rounded(each, found.half) if math.isfinite(found.half) else number(each)
        for each in (found.low, found.high)
    )
    return f"{low} to {high}"


def span(metric: str, found: "Interval") -> str:
    """As `ends`; seconds and bytes with their units."""
    if metric not in COST or math.isinf(found.half):
        return ends(found)
    return f"{shown(metric, found.low)} to {shown(metric, found.high)}"
