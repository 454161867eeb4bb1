"""A regression forest over axes, as boxes: what its leaves say, exactly.

Axes are coded as numbers such that every leaf is a box of neighbouring cells: choices stand in the order of
their mean, which is the order that the best split into two needs (Breiman et al. 1984, 4.2.2). Where a
hyperparameter's being active is another one's doing, inactive trials get a value of their own accord, drawn
evenly, since it makes no difference there; so the function that the forest learns is constant in it where it
does not count, and both can vary independently, as an analysis of variance wants it. Elsewhere, having none
is one more cell, in front of all others.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.axes import Axis, Weights
from ledger.errors import LedgerError
from ledger.model.frozen import frozen, replace

TREES: Final = 64
DOUBTFUL: Final = 0.3
"""Share of the variance, below which what a forest says is doubtful."""
_LEAF: Final = 3
"""Trials that a leaf has at least."""
_LEAVES: Final = 512
"""The most leaves of a tree."""
_ROUNDS: Final = 3
"""The most forests, each of what those before it leave."""


@frozen
class Coding:
    """One axis as a forest sees it."""

    order: NDArray[np.int64]
    """The place of each of the axis's cells."""
    measure: Weights
    """By place; the first one is that of having no value, where that is a choice of its own."""

    def place(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of cells; -1 of having no value, where nobody made that choice."""
        none = 0 if len(self.measure) > len(self.order) else -1
        return np.where(cells >= 0, self.order[cells], none)

    @property
    def edges(self) -> Weights:
        """C + 1 sums of the measures in front of each place."""
        return np.concatenate([[0.0], np.cumsum(self.measure)])


@frozen
class Boxes:
    """The leaves of some trees: box l covers the places low ≤ place < high of each axis."""

    tree: NDArray[np.int64]
    """L numbers of trees, from 0."""
    low: NDArray[np.int64]
    """(L, d)."""
    high: NDArray[np.int64]
    value: Weights
    """L; what the tree predicts in the box."""
    trees: int


@frozen
class Forest:
    """Trees that were grown on bootstrap samples of n trials."""

    codings: tuple[Coding, ...]
    boxes: Boxes
    """In several layers where a tree is a sum: each layer covers everything once."""
    explained: float
    """Share of the variance of trials that a tree has not seen which the others predict: R² out of bag."""

    def predicted(self, places: Sequence[int]) -> Weights:
        """What each tree says of a point, one place of each axis; -1: on average over the axis."""
        known = [axis for axis, place in enumerate(places) if place >= 0]
        boxes, wanted = self.over([axis for axis, place in enumerate(places) if place < 0]), np.array(places)
        inside = np.all(
            (boxes.low[:, known] <= wanted[known]) & (wanted[known] < boxes.high[:, known]), axis=1
        )
        return summed(boxes.tree[inside], boxes.value[inside], boxes.trees)

    def over(self, axes: Sequence[int]) -> Boxes:
        """The boxes with values that, summed over an axis, are the mean over it."""
        value = self.boxes.value
        for axis in axes:
            edges = self.codings[axis].edges
            value = value * (edges[self.boxes.high[:, axis]] - edges[self.boxes.low[:, axis]])
        return replace(self.boxes, value=value)


def grow(axes: Sequence[Axis], losses: NDArray[np.float64], *, trees: int = TREES, seed: int = 0) -> Forest:
    """Grow a forest, and more of what it leaves.

    A forest draws what it predicts towards the mean, most where there is little to see, so that shares of the
    variance come out biased. Another one is grown on what it misses out of bag, and their trees are added one
    to one, as long as that helps (Ghosal & Hooker 2021, "Boosting Random Forests to Reduce Bias").

    Parameters
    ----------
    axes
        Of n trials; d of them.
    losses
        Array of n.
    trees
        How many.
    seed
        Of bootstrap samples and of values that make no difference.

    Raises
    ------
    LedgerError
        If scikit-learn is not installed.
    """
    codings = tuple(_coding(each, losses) for each in axes)
    random = np.random.Generator(np.random.Philox(seed))
    places = np.stack([_places(*each, random) for each in zip(axes, codings, strict=True)], axis=1)
    layers: list[Boxes] = []
    by = unit(losses)
    left, explained = losses / by, -np.inf
    # As scikit-learn's r2_score has it, what is constant is told in full.
    variance = float(np.var(left)) if np.ptp(left) else np.inf
    for turn in range(_ROUNDS):
        grown = _grown(places, left, trees, seed * _ROUNDS + turn)
        after = left - grown.oob_prediction_
        now = 1 - float(np.mean(after**2)) / variance
        if layers and now <= explained:
            break
        layers.append(
            boxes([each.tree_ for each in grown.estimators_], [len(each.measure) for each in codings])
        )
        left, explained = after, now
    return Forest(codings=codings, boxes=_added(layers, by), explained=explained)


def unit(losses: Weights) -> float:
    """The power of two below the largest: in it squares are numbers, and no tree holds a spread for none."""
    largest = float(np.abs(losses).max(initial=0.0))
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0


def _added(layers: Sequence[Boxes], by: float) -> Boxes:
    """Trees that are the sums of others, in the unit of the metric."""
    tree = np.concatenate([each.tree for each in layers])
    order = np.argsort(tree, kind="stable")
    return Boxes(
        tree=tree[order],
        low=np.concatenate([each.low for each in layers])[order],
        high=np.concatenate([each.high for each in layers])[order],
        value=np.concatenate([each.value for each in layers])[order] * by,
        trees=layers[0].trees,
    )


def _grown(places: NDArray[np.int64], losses: Weights, trees: int, seed: int) -> Any:
    try:
        from sklearn.ensemble import RandomForestRegressor
    except ImportError as error:
        raise LedgerError(
            "no scikit-learn here, whose forest this needs",
            cause=str(error),
            hint="python -m pip install 'replay-ledger[forest]'",
        ) from error
    import warnings

    made = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=_LEAF,
        max_leaf_nodes=_LEAVES,
        oob_score=True,
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
        return made.fit(places.astype(np.float32), losses)


def summed(places: NDArray[np.int64], weights: Weights, count: int) -> Weights:
    """`count` sums of the weights that have the same place."""
    return np.bincount(places, weights=weights, minlength=count).astype(np.float64)


def _coding(axis: Axis, losses: Weights) -> Coding:
    free = not axis.conditional and not axis.active.all()
    order = np.arange(axis.count)
    if not axis.ordered:
        active = axis.active
        counts = np.bincount(axis.cells[active], minlength=axis.count)
        sums = np.bincount(axis.cells[active], weights=losses[active], minlength=axis.count)
        order = np.empty(axis.count, np.int64)
        usual = losses[active].mean() if active.any() else 0.0  # stands for choices that nobody made here
        means = np.where(counts, sums / np.maximum(counts, 1), usual)
        order[np.argsort(means, kind="stable")] = np.arange(axis.count)
    measure = np.empty(axis.count)
    measure[order] = axis.measure
    if free:
        some = float(axis.active.mean())
        return Coding(order=order + 1, measure=np.concatenate([[1 - some], some * measure]))
    return Coding(order=order, measure=measure)


def _places(axis: Axis, coding: Coding, random: np.random.Generator) -> NDArray[np.int64]:
    places = np.where(axis.active, coding.order[axis.cells], 0)
    missing = np.flatnonzero(~axis.active)
    if axis.conditional and len(missing):
        even = (random.permutation(len(missing)) + 0.5) / len(missing)
        places[missing] = np.searchsorted(coding.edges[1:-1], even, side="right")
    return places


def boxes(trees: Sequence[Any], counts: Sequence[int]) -> Boxes:
    """The leaves of trees as scikit-learn holds them.

    Parameters
    ----------
    trees
        Each with ``children_left``, ``children_right``, ``feature``, ``threshold`` and ``value``.
    counts
        Places of each axis.
    """
    found = [_leaves(each, counts) for each in trees]
    return Boxes(
        tree=np.repeat(np.arange(len(found)), [len(each[2]) for each in found]),
        low=np.concatenate([each[0] for each in found]),
        high=np.concatenate([each[1] for each in found]),
        value=np.concatenate([each[2] for each in found]),
        trees=len(found),
    )


def _leaves(tree: Any, counts: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], Weights]:
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    low = np.zeros((len(left), len(counts)), np.int64)
    high = np.tile(np.asarray(counts, np.int64), (len(left), 1))
    level = np.array([0])
    while len(level):
        inner = level[left[level] >= 0]
        feature = np.asarray(tree.feature)[inner]
        border = np.floor(np.asarray(tree.threshold)[inner]).astype(np.int64) + 1
        for children in (left[inner], right[inner]):
            low[children], high[children] = low[inner], high[inner]
        high[left[inner], feature] = np.minimum(high[inner, feature], border)
        low[right[inner], feature] = np.maximum(low[inner, feature], border)
        level = np.concatenate([left[inner], right[inner]])
    leaf = left < 0
    return low[leaf], high[leaf], np.asarray(tree.value).reshape(len(left))[leaf].astype(np.float64)
