"""How much a result moves, in sentences."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.analysis.neighbours import MOST
from ledger.analysis.observations import Observations
from ledger.model import Value
from ledger.ops.reruns import Had
from ledger.ops.small_changes import Changes
from ledger.tune.template import rendered

if TYPE_CHECKING:
    from ledger.ops.robustness import Robustness


def sentences(found: "Robustness") -> tuple[str, ...]:
    """What seeds do, what small changes do, and how groups differ."""
    return (_seeds(found), *_changes(found), *_groups(found))


def group(name: str, value: Value) -> str:
    """What a group is called."""
    if value is None:
        return f"no {name}"
    text = rendered(value)
    return text.removeprefix("b3:")[:12] if text.startswith("b3:") else text


def left_alone(changes: Changes) -> list[str]:
    """What is not changed around a trial."""
    if not changes.left:
        return []
    names = ", ".join(changes.left)
    return [f"left alone, for no change of them is small, or they are not on the command line: {names}"]


def warnings(observed: Observations, runs: Sequence[Had], *, cut: bool) -> list[str]:
    """What makes the answer a weak one."""
    found = []
    bad = [each for each in runs if each.reason is not None]
    if bad:
        found.append(f"{len(bad)} of {len(runs)} runs failed, and do not count: {bad[0].reason}")
    if cut:
        found.append(
            f"more than {MOST} configurations: changes of several at once are told with --around REF only"
        )
    if any(each.name == "code" for each in observed.varying):
        found.append("the trials have different code: those of other code are other configurations")
    return found


def _seeds(found: "Robustness") -> str:
    noise, metric = found.noise, found.objective.metric
    if not noise.configurations:
        return (
            f"how much {metric} moves from seed to seed is not known: no configuration has two trials with"
            " seeds of their own (ledger seeds)"
        )
    told = f"{metric} moves by {noise.deviation:.3g} (standard deviation) from seed to seed"
    if math.isfinite(noise.share):
        told += f", which is {noise.share:.0%} of the variance of single runs"
    return told


def _changes(found: "Robustness") -> list[str]:
    told = []
    for each in found.moves:
        times = ""
        if each.noise > 0:
            ratio = each.change / each.noise
            times = (
                f": {ratio:.2g} times what seeds alone would"
                if ratio >= 1.5
                else ", no more than seeds would"
            )
        told.append(f"a small change of {each.name} moves it by {each.change:.3g} on average{times}")
    if not told and found.configurations == 1:
        told.append("there is one configuration, without neighbours: --run tries some")
    elif not told:
        told.append(
            f"no two configurations are within {found.fraction:.0%} of one another: --run tries neighbours"
        )
    return told


def _groups(found: "Robustness") -> list[str]:
    if len(found.groups) < 2:
        return []
    sign = -1 if found.objective.maximize else 1
    ordered = sorted(found.groups, key=lambda each: sign * each.spread.iqm)
    best, worst = ordered[0], ordered[-1]
    apart = abs(best.spread.iqm - worst.spread.iqm)
    within = [each.within for each in found.groups if math.isfinite(each.within)]
    seeds = math.sqrt(sum(each * each for each in within) / len(within)) if within else math.nan
    times = f", {apart / seeds:.2g} times the deviation from seed to seed" if seeds > 0 else ""
    names = f"{found.group} {best.label} and {worst.label}"
    return [f"between {names} the interquartile means differ by {apart:.3g}{times}"]
