"""How much a method depends on being tuned to each of its environments.

Adkins, Bowling & White 2024, A Method for Evaluating Hyperparameter Sensitivity in Reinforcement Learning.
Γ is a configuration's score in an environment, scaled so that 0 and 1 are the 5th and the 95th percentile
of all configurations there. The sensitivity Φ is what is lost with one configuration for all environments;
the effective dimension is how few hyperparameters have to be chosen for each environment, the rest being
those of that one configuration, to reach a share of what choosing all of them reaches.
"""

from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.across import Across
from ledger.errors import IncomparableError
from ledger.model.frozen import frozen

SHARES: Final = (0.95, 0.99)
LOW, HIGH = 5.0, 95.0
"""Percentiles that become 0 and 1."""
_MOST: Final = 1 << 28
"""Comparisons of a set of hyperparameters with a configuration that are made at the most."""
_CALL: Final = 1000
"""Comparisons that take about as long as a call, however few configurations there are."""


@frozen
class Step:
    """How well it does where some hyperparameters are chosen for each environment."""

    names: tuple[str, ...]
    """The set of so many that does best."""
    score: float
    """Mean Γ over the environments."""
    exact: bool
    """Whether all sets of so many were looked at; else only those that the one before is part of."""


@frozen
class Sensitivity:
    """How much a method depends on being tuned to each environment."""

    common: int
    """The row of the configuration whose mean Γ is largest."""
    phi: float
    """Mean of the largest Γ in each environment, less the mean Γ of the common configuration."""
    tuned: float
    """Mean of the largest Γ."""
    steps: tuple[Step, ...]
    """With 0, 1, … hyperparameters chosen, until all `SHARES` are reached."""
    scores: NDArray[np.float64]
    """Γ: (environments, configurations)."""

    def dimension(self, share: float) -> int | None:
        """The fewest hyperparameters that reach a share of `tuned`; None if that is further than `steps`."""
        wanted = _share(self.tuned, share)
        return next((len(each.names) for each in self.steps if each.score >= wanted), None)


def sensitivity(table: Across) -> Sensitivity:
    """How much is lost with one configuration for all environments.

    Raises
    ------
    IncomparableError
        If all configurations do equally well in one of them, so that there is nothing to scale.
    """
    scores = _scaled(table)
    common = int(scores.mean(axis=0).argmax())
    tuned = float(scores.max(axis=1).mean())
    return Sensitivity(
        common=common,
        phi=tuned - float(scores[:, common].mean()),
        tuned=tuned,
        steps=_steps(table, scores, common, tuned),
        scores=scores,
    )


def _scaled(table: Across) -> NDArray[np.float64]:
    low, high = np.percentile(-table.losses, [LOW, HIGH], axis=1, keepdims=True)
    for name, least, most in zip(table.names, low.ravel(), high.ravel(), strict=True):
        if not most > least:
            raise IncomparableError(
                f"the configurations do equally well on {name}",
                cause=f"the {LOW:g}th and the {HIGH:g}th percentile of their scores are {least:g}, both",
                hint="leave it out",
            )
    found: NDArray[np.float64] = (-table.losses - low) / (high - low)
    return found


def _steps(table: Across, scores: NDArray[np.float64], common: int, tuned: float) -> tuple[Step, ...]:
    changed = table.changed(common)
    count = len(table.variables)
    found: list[Step] = []
    chosen: tuple[int, ...] = ()
    looked, exact = 0, True
    for size in range(count + 1):
        looked += comb(count, size) * max(len(table), _CALL)
        exact = exact and looked <= _MOST  # asked before: all sets may be more than memory holds
        sets = (
            list(combinations(range(count), size))
            if exact
            else [(*chosen, each) for each in range(count) if each not in chosen]
        )
        reached = [_score(changed, scores, each) for each in sets]
        best = int(np.argmax(reached))
        chosen = sets[best]
        names = tuple(table.variables[place].name for place in sorted(chosen))
        found.append(Step(names=names, score=reached[best], exact=exact))
        if all(found[-1].score >= _share(tuned, share) for share in SHARES):
            break
    return tuple(found)


def _score(changed: NDArray[np.int64], scores: NDArray[np.float64], places: tuple[int, ...]) -> float:
    free = sum(1 << place for place in places)
    return float(scores[:, (changed & ~free) == 0].max(axis=1).mean())


def _share(tuned: float, share: float) -> float:
    return share * tuned if tuned > 0 else tuned / share
