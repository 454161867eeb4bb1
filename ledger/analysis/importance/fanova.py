"""Functional analysis of variance of a forest, exactly over the boxes of its leaves.

Hutter, Hoos & Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter Importance". With V_u
the variance of the effect of the hyperparameters u in a function whose arguments are independent, S_u = V_u/V
is their share, and the total of one is the sum of the shares of all sets that it is in.

What is analysed is the mean that infinitely many such trees would have: each square of a mean over trees is
estimated without the products of a tree with itself, which hold that tree's own noise (a U-statistic).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.forest import Boxes, Coding, Forest, summed
from ledger.model.frozen import frozen

_PRODUCTS: Final = 300_000_000
"""Products of boxes along axes: as many pairs of trees as they are enough for tell total effects."""
_FEWEST: Final = 4
"""Pairs of trees, however large these are."""

_BLOCK: Final = 32
"""Boxes whose products are computed at a time."""

Floats = NDArray[np.float64]


@frozen
class Shares:
    """Shares of the variance; a share may come out a little below 0."""

    variance: float
    """V, in the metric's unit squared."""
    first: Floats
    """d; of each hyperparameter alone."""
    total: Floats
    """d; with all that it has a part in."""
    pairs: dict[tuple[int, int], float]
    """Of two together beyond what they do alone, by places; empty unless asked for."""


def fanova(forest: Forest, *, pairs: bool = False) -> Shares:
    """Divide the variance of a forest."""
    found, codings = forest.boxes, forest.codings
    count = len(codings)
    # 1. Each axis alone.
    volumes = _volumes(found, codings)
    weight = found.value * volumes.prod(axis=1)
    means = summed(found.tree, weight, found.trees)
    alone = [_curves(found, codings, volumes, place) - means[:, None] for place in range(count)]
    first = np.array([square(each, coding.measure) for each, coding in zip(alone, codings, strict=True)])
    # 2. Everything, and everything but what one axis has a part in.
    variance, without = _totals(found, codings, volumes, means)
    # 3. Two at once.
    both: dict[tuple[int, int], float] = {}
    for one, other in combinations(range(count), 2) if pairs else ():
        table = _tables(found, codings, volumes, one, other)
        table -= alone[one][:, :, None] + alone[other][:, None, :] + means[:, None, None]
        measure = np.outer(codings[one].measure, codings[other].measure)
        both[one, other] = square(table.reshape(found.trees, -1), measure.ravel())
    if variance <= 0:
        return Shares(variance=0.0, first=first * 0, total=first * 0, pairs=dict.fromkeys(both, 0.0))
    return Shares(
        variance=variance,
        first=first / variance,
        total=1 - without / variance,
        pairs={each: found / variance for each, found in both.items()},
    )


def _volumes(boxes: Boxes, codings: Sequence[Coding]) -> Floats:
    """(L, d) shares of each axis that boxes cover."""
    return np.stack(
        [
            coding.edges[boxes.high[:, place]] - coding.edges[boxes.low[:, place]]
            for place, coding in enumerate(codings)
        ],
        axis=1,
    )


def _rest(volumes: Floats, *places: int) -> Floats:
    """L volumes of boxes along all other axes."""
    found: Floats = np.delete(volumes, places, axis=1).prod(axis=1)
    return found


def _curves(boxes: Boxes, codings: Sequence[Coding], volumes: Floats, place: int) -> Floats:
    """(T, c) means of each tree at each place of an axis."""
    width = len(codings[place].measure) + 1
    weight = boxes.value * _rest(volumes, place)
    begin, end = (boxes.tree * width + edge[:, place] for edge in (boxes.low, boxes.high))
    steps = summed(begin, weight, boxes.trees * width) - summed(end, weight, boxes.trees * width)
    return np.cumsum(steps.reshape(boxes.trees, width), axis=1)[:, :-1]


def _tables(boxes: Boxes, codings: Sequence[Coding], volumes: Floats, one: int, other: int) -> Floats:
    """(T, c, c′) means of each tree at each pair of places of two axes."""
    rows, columns = (len(codings[place].measure) + 1 for place in (one, other))
    weight = boxes.value * _rest(volumes, one, other)
    steps = np.zeros(boxes.trees * rows * columns)
    for row, sign in ((boxes.low, 1), (boxes.high, -1)):
        for column, turn in ((boxes.low, sign), (boxes.high, -sign)):
            corner = (boxes.tree * rows + row[:, one]) * columns + column[:, other]
            steps += turn * summed(corner, weight, len(steps))
    made = steps.reshape(boxes.trees, rows, columns).cumsum(axis=1).cumsum(axis=2)
    return made[:, :-1, :-1]


def square(effects: Floats, measure: Floats) -> float:
    """The square of the mean effect over trees, integrated; `effects` has a row for each tree."""
    trees = len(effects)
    if trees == 1:
        return float(effects[0] ** 2 @ measure)
    summed = effects.sum(axis=0) ** 2 - (effects**2).sum(axis=0)
    return float(summed @ measure) / (trees * (trees - 1))


def _totals(boxes: Boxes, codings: Sequence[Coding], volumes: Floats, means: Floats) -> tuple[float, Floats]:
    """The variance, and for each axis that of what it has no part in."""
    count = len(codings)
    ends = np.searchsorted(boxes.tree, np.arange(boxes.trees + 1))
    low = np.stack([each.edges[boxes.low[:, place]] for place, each in enumerate(codings)], axis=1)
    high = np.stack([each.edges[boxes.high[:, place]] for place, each in enumerate(codings)], axis=1)
    value = boxes.value - means.mean() * boxes.trees / volumes.prod(axis=1).sum()
    sums = np.zeros(count + 1)
    largest = int(np.diff(ends).max())
    pairs = min(max(_PRODUCTS // (largest**2 * count), _FEWEST), boxes.trees)
    for tree in range(pairs):
        rows, others = (slice(ends[each], ends[each + 1]) for each in (tree, (tree + 1) % boxes.trees))
        sums += _products(
            (low[rows], high[rows], volumes[rows], value[rows]),
            (low[others], high[others], volumes[others], value[others]),
        )
        sums -= (means[tree] - means.mean()) * (means[(tree + 1) % boxes.trees] - means.mean())
    sums /= pairs
    return float(sums[-1]), sums[:-1]


Side = tuple[Floats, Floats, Floats, Floats]


def _products(one: Side, other: Side) -> Floats:
    """∫ f f′ where one axis is averaged out of both, for each axis, and where none is.

    A few boxes of the one side at a time: what they need stays close to the processor.
    """
    count, width = one[0].shape[1], len(other[3])
    overlap = np.empty((count, _BLOCK, width))
    behind = np.ones((count + 1, _BLOCK, width))
    scratch, before = np.empty((_BLOCK, width)), np.empty((_BLOCK, width))
    across = [np.ascontiguousarray(each.T) for each in other[:2]]
    found = np.zeros(count + 1)
    for start in range(0, len(one[3]), _BLOCK):
        low, high, volumes, value = (each[start : start + _BLOCK] for each in one)
        size = len(value)
        over, rest, some, front = overlap[:, :size], behind[:, :size], scratch[:size], before[:size]
        for place in reversed(range(count)):
            np.minimum(high[:, place, None], across[1][place], out=over[place])
            np.maximum(low[:, place, None], across[0][place], out=some)
            np.subtract(over[place], some, out=over[place])
            np.maximum(over[place], 0, out=over[place])
            np.multiply(rest[place + 1], over[place], out=rest[place])
        front[:] = 1
        for place in range(count):
            np.multiply(front, rest[place + 1], out=some)
            found[place] += value * volumes[:, place] @ some @ (other[3] * other[2][:, place])
            np.multiply(front, over[place], out=front)
        found[count] += value @ front @ other[3]
    return found
