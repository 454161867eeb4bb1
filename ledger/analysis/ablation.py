"""The greedy path from one configuration to another: which of their differences make the difference.

Fawcett & Hoos 2016, "Analysing Differences Between Algorithm Configurations Through Ablation"; with
predictions where nothing was measured, Biedenkapp et al. 2017, "Efficient Parameter Importance Analysis via
Ablation with Surrogates". From the first configuration, each step takes over from the second one the
hyperparameter that gains most then.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from ledger.model.frozen import frozen

Group = tuple[str, ...]
"""Hyperparameters that change together."""
Taken = frozenset[Group]
"""Groups that are as in the second configuration; all others are as in the first."""


@frozen
class Estimate:
    """How good a configuration is."""

    loss: float
    """Smaller is better."""
    spread: float | None
    """Standard deviation of what trees say, of a prediction; None of what was measured."""

    @property
    def measured(self) -> bool:
        """Whether trials tell it."""
        return self.spread is None


@frozen
class Step:
    """One step of the path."""

    group: Group
    estimate: Estimate
    """Of the configuration behind it."""
    others: Mapping[Group, Estimate]
    """What the groups that were not taken would have led to."""


def path(
    groups: Sequence[Group],
    estimate: Callable[[Taken], Estimate],
    settle: Callable[[Taken], Estimate | None] = lambda _: None,
) -> tuple[Step, ...]:
    """The path from no group taken to all of them.

    Parameters
    ----------
    groups
        In what the two configurations differ.
    estimate
        How good a configuration is.
    settle
        Measures a configuration that was predicted; None where that cannot be done. A step is taken for what
        it measures: as long as the most promising one is a prediction, it is measured, and they are compared
        once more. So no more is run than could be the best.

    Returns
    -------
    tuple of Step
        As many as there are groups.
    """
    taken: Taken = frozenset()
    steps: list[Step] = []
    left = list(groups)
    while left:
        found = {group: estimate(taken | {group}) for group in left}
        best = _best(left, found)
        tried: set[Group] = set()
        while not found[best].measured and best not in tried:
            tried.add(best)
            found[best] = settle(taken | {best}) or found[best]
            best = _best(left, found)
        steps.append(
            Step(
                group=best,
                estimate=found[best],
                others={group: found[group] for group in left if group != best},
            )
        )
        left.remove(best)
        taken |= {best}
    return tuple(steps)


def _best(left: Sequence[Group], found: Mapping[Group, Estimate]) -> Group:
    return min(left, key=lambda group: found[group].loss)


def together(differing: Sequence[str], decided: Mapping[str, Collection[str]]) -> tuple[Group, ...]:
    """Groups of hyperparameters that have to change together.

    Parameters
    ----------
    differing
        Hyperparameters in which two configurations differ.
    decided
        Of those that only one of the two has a value of, those that may decide that.
    """
    leader = {name: name for name in differing}

    def first(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for name, deciders in decided.items():
        for other in deciders:
            if name in leader and other in leader:
                leader[first(name)] = first(other)
    groups: dict[str, list[str]] = {}
    for name in differing:
        groups.setdefault(first(name), []).append(name)
    return tuple(tuple(each) for each in groups.values())
