"""What a comparison comes to, in one sentence each."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.analysis.pairing import Design

if TYPE_CHECKING:
    from ledger.analysis.comparison import Comparison, Side

_MANY = 10_000
"""Seeds past which it is of no use to count them."""
_EVEN = 0.1
"""How far the two halves of an interval may be apart, as a share, for a ±."""


def sentence(found: "Comparison", a: str, b: str) -> str:
    """Whether a metric of `b` differs from that of `a`, and whether that is more than noise."""
    if found.verdict == "same":
        if found.design in (Design.SEEDS, Design.CONFIGURATIONS):
            return f"{found.metric} is the same on both sides, {_these(found)}"
        return f"{found.metric} is the same in all {len(found.a.values) + len(found.b.values)} trials"
    if found.verdict == "unknown":
        return (
            f"one trial each: nothing can be said of noise; {_differs(found, b, amount(found, plain=True))}"
        )
    if found.verdict == "unclear":
        told = _differs(found, b, amount(found))
        needed = _needed(found)
        return f"{told}; {_these(found)} that cannot be told from {_noise(found)}{_permuted(found)}" + (
            f"; {needed}" if needed else ""
        )
    if found.better is None:
        told = _differs(found, b, amount(found))
    else:
        told = f"{b if found.better else a} is better by {amount(found)} in {found.metric}"
    if found.interval.high == found.interval.low:
        return f"{told}; {_these(found)} it is always the same, so that no noise is seen"
    return f"{told}; {_these(found)} that is more than {_noise(found)}{_permuted(found)}"


def amount(found: "Comparison", *, plain: bool = False) -> str:
    """The difference without its sign, and how far off it may be: ``0.8 ± 0.3``, or ``0.8 (0.6 to 1.4)``."""
    value = abs(found.difference)
    half = found.interval.half
    low, high = found.interval.low, found.interval.high
    if found.difference < 0:
        low, high = -high, -low
    if plain or (math.isinf(low) and math.isinf(high)):
        return f"{value:.4g}"
    if math.isinf(half):
        return f"{value:.4g} ({low:.4g} to {high:.4g})"
    if half == 0:
        return f"{value:.4g}"
    if abs((high - value) - (value - low)) <= _EVEN * half:
        return f"{rounded(value, half)} ± {rounded(half, half)}"
    return f"{rounded(value, half)} ({rounded(low, half)} to {rounded(high, half)})"


def mean_words(side: "Side") -> str:
    """A mean with its interval: ``0.81 (0.79 to 0.84)``."""
    low, high, half = side.interval.low, side.interval.high, side.interval.half
    if not math.isfinite(half) or half == 0:
        return f"{side.mean:.4g}"
    return f"{rounded(side.mean, half)} ({rounded(low, half)} to {rounded(high, half)})"


def rounded(value: float, unit: float) -> str:
    """A number to two digits of what is uncertain about it."""
    if not math.isfinite(value) or not math.isfinite(unit) or unit <= 0:
        return f"{value:.4g}"
    places = 1 - math.floor(math.log10(unit))
    if places > 6 or places < -6:
        return f"{value:.3g}"
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.lstrip("-") if float(text) == 0 else text


def trade(quality: "Sequence[Comparison]", cost: "Sequence[Comparison]", a: str, b: str) -> str | None:
    """What an objective and the duration come to together: who is better, and at what price.

    None where nobody said what is better, or neither can be told apart.
    """
    if len(quality) != 1 or quality[0].maximize is None:
        return None
    found = next((each for each in cost if each.metric == "duration_s"), None)
    if found is None or not found.a.mean or not found.b.mean:
        return None
    better, faster = quality[0].better, found.better
    if better is None and faster is None:
        return None
    if faster is None:
        return f"the durations of {a} and {b} cannot be told apart"
    quick, slow = (b, a) if faster else (a, b)
    times = max(found.a.mean, found.b.mean) / min(found.a.mean, found.b.mean)
    longer = f"{times:.3g} times as long"
    if better is None:
        return f"{quick} takes less time ({slow} takes {longer}); which is better cannot be told"
    winner = b if better else a
    if better is faster:
        return f"{winner} is better and takes less time: {slow} takes {longer}"
    return f"{winner} is better and takes {longer}: both are on the front of quality and cost"


def _differs(found: "Comparison", b: str, amount: str) -> str:
    if found.difference == 0:
        return f"{found.metric} has the same mean on both sides"
    return f"{found.metric} of {b} is {'higher' if found.difference > 0 else 'lower'} by {amount}"


def _these(found: "Comparison") -> str:
    if found.design == Design.CONFIGURATIONS:
        return f"over these {found.configurations} configurations"
    counts = len(found.a.values), len(found.b.values)
    noun = _trials(found)
    if found.configurations > 1:
        each = set(found.sizes)
        if len(each) == 1 and found.sizes[0][0] == found.sizes[0][1]:
            return f"with these {found.sizes[0][0]} {noun} of each of {found.configurations} configurations"
        sides = " and ".join(map(str, dict.fromkeys(counts)))
        return f"with these {sides} trials of {found.configurations} configurations"
    if counts[0] == counts[1]:
        return f"with these {counts[0]} {noun}"
    return f"with these {counts[0]} and {counts[1]} {noun}"


def _noise(found: "Comparison") -> str:
    return "seed noise" if found.seeded and found.design in (Design.SEEDS, Design.WITHIN) else "chance"


def _permuted(found: "Comparison") -> str:
    """What a permutation test says where the interval says the opposite; empty where they agree.

    They ask two questions: the interval, what of the difference would be left with a new sample; the test,
    whether the sides of just these values may be swapped. One that could not have said otherwise is silent.
    """
    test = next((each for each in found.tests if each.arrangements is not None), None)
    error = 1 - found.interval.level
    if test is None or (test.p < error) is (found.verdict != "unclear"):
        return ""
    if test.exact and test.arrangements is not None and 2 / test.arrangements >= error:
        return ""
    others = "configurations" if found.design == Design.CONFIGURATIONS else _trials(found)
    tells = "tells" if test.p < error else "does not tell"
    return (
        f"; a permutation of just these values {tells} the sides apart (p = {test.p:.2g}), which is another"
        f" question than what other {others} would do"
    )


def _trials(found: "Comparison") -> str:
    return "seeds" if found.seeded and found.design != Design.UNPAIRED else "trials"


def _needed(found: "Comparison") -> str | None:
    if found.needed is None:
        return None
    if found.needed > _MANY:
        return f"more than {_MANY:,} would be needed"
    noun = _trials(found)
    if found.design == Design.CONFIGURATIONS:
        noun = "configurations"
    elif found.configurations > 1:
        noun += " of each configuration"
    return f"about {found.needed} {noun} would be needed"
