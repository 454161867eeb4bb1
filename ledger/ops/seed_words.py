"""What reruns with other seeds come to, in sentences."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.model import HyperparameterRole, Trial, Value
from ledger.ops.differences import same_value
from ledger.ops.seed_sources import ALL, Source, Way
from ledger.ops.text import exact, line

if TYPE_CHECKING:
    from ledger.ops.seeds import Group, OverSeeds

_SHOWN = 4
_PICKED = 20
"""The best of at least so many is that by chance in one of so many cases."""


def how(sources: Sequence[Source]) -> str:
    """How a rerun's seed reaches the program."""
    told = []
    for way, what in (
        (Way.ARGUMENT, "on the command line ({names})"),
        (Way.ENFORCED, "as --seed of its trial"),
        (Way.NAMED, "through ledger.seed ({names})"),
    ):
        names = ", ".join(each.name for each in sources if each.way is way)
        if names:
            told.append(what.format(names=names))
    return ", ".join(told)


def sentence(found: "OverSeeds") -> str:
    """Mean, interval and spread of a metric, and where the original stands."""
    name, vary = (ALL, found.spreads.get(ALL)) if ALL in found.spreads else next(iter(found.spreads.items()))
    if vary is None:
        return f"{found.name}: no rerun has a value"
    by = "" if name == ALL else f" of {name}"
    if vary.constant and len(vary) > 1:
        same = "the same as" if found.original == vary.mean else "not"
        return f"{found.name} is {vary.mean:.6g} with each of {len(vary)} seeds{by}, {same} the original's"
    mean = f"{found.name} over {len(vary)} seed{'s' if len(vary) > 1 else ''}{by}: {vary.mean:.6g}"
    if len(vary) > 1:
        low, high = vary.interval.low, vary.interval.high
        mean += f" (95% {low:.6g} to {high:.6g}), standard deviation {vary.deviation:.3g}"
    return f"{mean}; {standing(found)}"


def standing(found: "OverSeeds") -> str:
    """Where the original stands among the reruns."""
    its = found.place
    if its is None:
        return "the original has no value"
    total = its.count + 1
    if found.maximize is None:
        ends = {its.rank(largest=True): "largest", its.rank(largest=False): "smallest"}
        told = f"the original ({its.value:.6g}) is "
        return told + (f"the {ends[1]} of {total}" if 1 in ends else f"at the {its.quantile:.0%} quantile")
    rank = its.rank(largest=found.maximize)
    if rank > 1 or its.equal:
        told = f"the original ({its.value:.6g}) is {_ordinal(rank)} best of {total}"
        return (
            told if rank < total or its.equal else f"the original ({its.value:.6g}) is the worst of {total}"
        )
    picked = f": likely picked (by chance 1 in {total} is)" if total >= _PICKED else ""
    return f"the original ({its.value:.6g}) is the best of {total}{picked}"


def warnings(
    trial: Trial, sources: Sequence[Source], groups: Sequence["Group"], metrics: Sequence["OverSeeds"]
) -> tuple[str, ...]:
    """What makes the answer a weak one."""
    found: list[str] = []
    for group in groups:
        bad = [each for each in group.runs if each.reason is not None]
        if bad:
            of = "" if group.vary == ALL else f" of {group.vary}"
            found.append(
                f"{len(bad)} of {len(group.runs)} reruns{of} failed, and do not count: {bad[0].reason}"
            )
    several = [each for each in metrics if any(len(one) > 1 for one in each.spreads.values())]
    if several and all(one.constant for each in several for one in each.spreads.values()):
        seeded = [
            f"{each.generator} = {each.value}{f' at {each.where}' if each.where else ''}"
            for each in (trial.observed.seeded if trial.observed else ())
            if not each.enforced and not each.generator.startswith("ledger.seed(")
        ]
        by = f": the program seeds {', '.join(seeded[:2])} itself" if seeded else ""
        found.append(
            f"no metric moves with the seed, which came {how(sources)}: nothing is random, or it is not that"
            f" seed which decides{by}; to place it: ledger seeds {trial.id.short} -- COMMAND {{seed}}"
        )
    draws = [
        each
        for each in (trial.observed.entropy if trial.observed else ())
        if "(used by" not in each.generator
    ]
    if draws and trial.intent.seed is None and not any(each.way is Way.ENFORCED for each in sources):
        where = f" at {draws[0].where}" if draws[0].where else ""
        found.append(f"{draws[0].generator} draws without a seed{where}: it moves from run to run anyway")
    return tuple(found)


def other_than_asked(trial: Trial, groups: Sequence["Group"]) -> tuple[str, ...]:
    """That a command with ``{seed}`` gives other hyperparameters than the trial had, if it does."""
    first = next((each.good for group in groups for each in group.runs if each.good is not None), None)
    if first is None:
        return ()
    own, new = (
        {each.name: each.value for each in one.hyperparameters if each.role is not HyperparameterRole.SEED}
        for one in (trial, first)
    )
    apart = [
        f"{line(name)} {_value(own, name)} → {_value(new, name)}"
        for name in dict.fromkeys([*own, *new])
        if not same_value(own.get(name), new.get(name))
    ]
    if not apart:
        return ()
    more = f" and {len(apart) - _SHOWN} more" if len(apart) > _SHOWN else ""
    told = f"COMMAND is not that of {trial.id.short} ({', '.join(apart[:_SHOWN])}{more})"
    return (f"{told}: where the original stands says nothing of its seed",)


def _value(values: Mapping[str, Value], name: str) -> str:
    return exact(values[name]) if name in values else "none"


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    if number == 1:
        return "the"
    return f"the {number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
