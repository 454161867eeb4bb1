"""What a model learns from: each point once, as an array, with how good it was."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.model.frozen import frozen
from ledger.tune.base import Observation, State
from ledger.tune.draws import Draws
from ledger.tune.space.unit import Point, UnitSpace

Floats = npt.NDArray[np.float64]

_LEAST_WEIGHT: Final = 0.05
_WEIGHTS = 40


@frozen
class History:
    """The points of a search that are over, in the order of their first trials, and the others."""

    points: tuple[Point, ...]
    """Each once."""
    order: npt.NDArray[np.intp]
    """Places in `points`, the best first: trials that are done by their loss, then those that were stopped,
    then those that miss a constraint by how much, then those that failed."""
    losses: Floats
    """Of each point; the mean where it was tried more than once. NaN where there is none to compare: it was
    stopped, or failed, or misses a constraint."""
    pending: tuple[Point, ...]
    """Proposed, not over, and not known from another trial."""
    tried: frozenset[Point]
    """All points, pending ones too."""

    @property
    def done(self) -> int:
        """How many have a loss: they come first in `order`."""
        return int(np.isfinite(self.losses).sum())


def gathered(
    observations: Sequence[Observation], objectives: int, weights: Sequence[float] | None = None
) -> History:
    """What observations say.

    Parameters
    ----------
    observations
        In the order of their numbers.
    objectives
        How many losses each has.
    weights
        Of several objectives, which become one: see `scalarised`.
    """
    found: dict[Point, list[Observation]] = {}
    for each in observations:
        if each.state is not State.PENDING:
            found.setdefault(each.point, []).append(each)
    pending = tuple(dict.fromkeys(each.point for each in observations if each.state is State.PENDING))
    points = tuple(found)
    kinds, marks = _judged(list(found.values()), objectives, weights)
    order = np.lexsort((np.arange(len(points)), marks, kinds))
    return History(
        points=points,
        order=order,
        losses=np.where(kinds == 0, marks, np.nan),
        pending=tuple(each for each in pending if each not in found),
        tried=frozenset((*points, *pending)),
    )


def _judged(
    groups: list[list[Observation]], objectives: int, weights: Sequence[float] | None
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Each point's kind (0 done, 1 stopped, 2 misses a constraint, 3 failed), and its mark among its kind."""
    kinds = np.full(len(groups), 3, dtype=np.int64)
    marks = np.zeros(len(groups))
    vectors: dict[int, tuple[float, ...]] = {}
    for place, group in enumerate(groups):
        only = group[0]
        if len(group) == 1 and only.state is State.DONE and only.violation <= 0 and only.losses:
            kinds[place], vectors[place] = 0, only.losses[:objectives]  # as nearly all are
            continue
        judged = [each for each in group if each.state is State.DONE and each.losses]
        stopped = [each for each in group if each.state is State.PRUNED and each.losses]
        count = len(judged)
        if judged and sum(each.violation > 0 for each in judged) * 2 > count:
            kinds[place], marks[place] = 2, _mean([each.violation for each in judged])
        elif judged:
            kinds[place] = 0
            vectors[place] = tuple(_mean([each.losses[k] for each in judged]) for k in range(objectives))
        elif stopped:
            kinds[place], marks[place] = 1, -max(each.resource or 0.0 for each in stopped)
    if vectors:
        marks[list(vectors)] = scalarised(np.array(list(vectors.values())), weights)
    return kinds, marks


def _mean(values: list[float]) -> float:
    if len(values) == 1:
        return values[0]
    return math.fsum(each / len(values) for each in values)


def scalarised(losses: Floats, weights: Sequence[float] | None) -> Floats:
    """One loss of several: augmented Chebyshev distance from the ideal point (ParEGO, Knowles 2006).

    Each objective is scaled to [0, 1] by its range first. One objective is left as it is.
    """
    if losses.shape[1] == 1 or weights is None:
        return losses[:, 0]
    low, high = losses.min(axis=0) / 4, losses.max(axis=0) / 4  # a difference of the largest floats is one
    scaled = (losses / 4 - low) / np.where(high > low, high - low, 1.0)
    weighted = scaled * np.asarray(weights)
    return np.asarray(np.round(weighted.max(axis=1) + 0.05 * weighted.sum(axis=1), 12))


def trade_off(objectives: int, draws: Draws) -> list[float] | None:
    """Random weights of several objectives; None for one."""
    if objectives == 1:
        return None
    shares = [_LEAST_WEIGHT + draws.below(_WEIGHTS) / _WEIGHTS for _ in range(objectives)]
    return [each / sum(shares) for each in shares]


def array(space: UnitSpace, points: Sequence[Point]) -> Floats:
    """Coordinates of points, NaN where inactive; a row each."""
    return np.array(points, dtype=np.float64).reshape(len(points), len(space.axes))


def rounded(scores: Floats, digits: int = 10) -> Floats:
    """So many significant digits of the largest score: what differs after them depends on the processor."""
    finite = np.isfinite(scores)
    top = float(np.max(np.abs(scores), where=finite, initial=0.0))
    if top == 0.0:
        return scores
    places = digits - 1 - math.floor(math.log10(top))
    return np.asarray(np.round(scores, min(max(places, -300), 300)))
