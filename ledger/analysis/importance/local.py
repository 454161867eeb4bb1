"""What matters close to one configuration: variances of one-dimensional cuts through it.

Biedenkapp, Marben, Lindauer & Hutter 2018, "CAVE: Configuration Assessment, Visualization and Evaluation":
each hyperparameter is varied alone, all others as in the configuration, in the function that a forest has
learned; the share of the cuts' variances is its local importance.
"""

from collections.abc import Collection, Sequence

import numpy as np

from ledger.analysis.importance.fanova import Floats, square
from ledger.analysis.importance.forest import Forest, summed


def local(forest: Forest, places: Sequence[int], without: Collection[int] = ()) -> Floats:
    """Shares of the variances of the cuts.

    Parameters
    ----------
    forest
        Of d axes.
    places
        d places of the configuration.
    without
        Axes that have no value there, and are not varied.

    Returns
    -------
    array
        d shares, whose sum is 1 unless nothing varies.
    """
    boxes = forest.boxes
    inside = (boxes.low <= places) & (places < boxes.high)
    missing = (~inside).sum(axis=1)
    found = np.zeros(len(forest.codings))
    for place, coding in enumerate(forest.codings):
        if place in without:
            continue
        here = missing == ~inside[:, place]
        width = len(coding.measure) + 1
        tree, value = boxes.tree[here] * width, boxes.value[here]
        steps = summed(tree + boxes.low[here, place], value, boxes.trees * width)
        steps -= summed(tree + boxes.high[here, place], value, boxes.trees * width)
        curves = np.cumsum(steps.reshape(boxes.trees, width), axis=1)[:, :-1]
        curves -= (curves @ coding.measure)[:, None]
        found[place] = max(square(curves, coding.measure), 0.0)
    total = found.sum()
    return found / total if total else found
