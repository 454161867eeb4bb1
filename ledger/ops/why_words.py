"""An answer to why in words."""

import shlex
from typing import Any

from ledger.model import Difference, Entropy
from ledger.ops.differences import changed_first
from ledger.ops.why_hybrids import Gathered, How, Hybrid, took
from ledger.ops.why_parts import Pair, Part
from ledger.ops.why_shares import MetricShares, ResultChange

_SHOWN = 2
_KINDS = ("package ", "variable ")


def part(found: Part) -> str:
    """What differs within a part: its first few differences."""
    told = list(dict.fromkeys(_difference(each) for each in changed_first(found.differences)))
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def summary(pair: Pair, metrics: tuple[MetricShares, ...], results: tuple[ResultChange, ...]) -> str:
    """The answer in one sentence: of the first metric, else of the results that are no numbers."""
    metric = next((each for each in metrics if not each.clock), None)
    if metric is not None and metric.difference is not None:
        start = f"{metric.name} differs by {abs(metric.difference):.3g}"
        if metric.shares is None:
            return f"{start}: what carries it cannot be told, no order of the parts is known whole"
        told = sorted(zip(metric.shares, pair.parts, strict=True), key=lambda each: -abs(each[0].value))
        carrying = [each for each in told if each[0].value] or told[:1]
        shares = [
            f"{percent(share.value, metric)} {'' if number else 'is '}{_named(one)}"
            for number, (share, one) in enumerate(carrying)
        ]
        some = metric.orders < metric.possible
        orders = f" (from {metric.orders} of {metric.possible} orders of the parts)" if some else ""
        return f"{start}: {', '.join(shares)}{orders}"
    if not results:
        return "the metrics are not the same ones: shares need a number on both sides"
    told_results = [_result(pair, each) for each in results[:_SHOWN]]
    more = f"; and {len(results) - _SHOWN} more" if len(results) > _SHOWN else ""
    return "; ".join(told_results) + more


def plan(pair: Pair, gathered: Gathered) -> str:
    """What would be run."""
    missing = sum(each.how is How.PLANNED for each in gathered.hybrids)
    if not missing:
        return "nothing would have to be run"
    return f"{missing} hybrid{'s' if missing > 1 else ''} would be run; {took(pair)}"


def nothing_differs(pair: Pair) -> str:
    """What to say where the results differ for no part's sake."""
    first = pair.trials[0].id.short
    return f"nothing that was recorded differs but the results: ledger replay {first} says what moves them"


def hybrid(pair: Pair, found: Hybrid) -> str:
    """What a hybrid is, for people."""
    if not found.swapped:
        return "a itself"
    if len(found.swapped) == len(pair.parts):
        return "b itself"
    return f"a with {' and '.join(pair.parts[number].name for number in sorted(found.swapped))} of b"


def percent(value: float, metric: MetricShares) -> str:
    """A share of a metric's difference, such as ``93 %``."""
    if not metric.difference:
        return "-"
    size = 100 * value / metric.difference
    if size and abs(size) < 0.5:
        return f"{'-' if size < 0 else ''}<1 %"
    return f"{size:.0f} %"


def draw(entropy: Entropy, root: str) -> str:
    """A draw that no seed governs, with its place."""
    where = "" if entropy.where is None else f" at {entropy.where.removeprefix(root + '/')}"
    return f"{entropy.generator}{where}"


def _named(found: Part) -> str:
    article = "the " if found.names[0] in ("code", "environment") else ""
    return f"{article}{found.name} ({part(found)})"


def _result(pair: Pair, found: ResultChange) -> str:
    what = found.path if found.kind == "output" else "the exit code"
    parts = [_named(pair.parts[number]) for number in found.changed_by]
    if parts:
        return f"{what} is changed by {' and by '.join(parts)}"
    if found.unknown:
        return f"what changes {what} is not known"
    return f"no part alone changes {what}"


def _difference(found: Difference) -> str:
    name = found.path
    for kind in _KINDS:
        name = name.removeprefix(kind)
    if found.part in ("code", "inputs"):
        if found.detail in (None, "changed"):
            return name
        return f"{name} ({found.detail})"
    return f"{name} {_value(found.expected)} → {_value(found.got)}"


def _value(found: Any) -> str:
    if found is None:
        return "none"
    if isinstance(found, tuple) and found and all(isinstance(each, str) for each in found):
        return shlex.join(found)
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return text[3:15] if text.startswith("b3:") else text
