"""A long series by fewer points, so that its line looks the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def thinned(values: Sequence[float] | NDArray[np.float64], most: int) -> list[int]:
    """Which points of a series to draw, in order.

    Points are put into equal stretches; of each, the first, the smallest, the largest and the last stay, so
    that no spike is lost (M4: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl, "M4: A Visualization-Oriented
    Time Series Data Aggregation", VLDB 2014). One that is not finite stays where its stretch has no other.

    Parameters
    ----------
    values
        n.
    most
        How many may stay, 4 at the least.
    """
    total = len(values)
    if total <= most:
        return list(range(total))
    held = np.asarray(values, np.float64)
    stretches = max(most // 4, 1)
    edges = np.arange(stretches + 1) * total // stretches
    starts = edges[:-1]
    finite = np.isfinite(held)
    stretch = np.repeat(np.arange(stretches), np.diff(edges))
    kept = [starts[np.add.reduceat(finite, starts, dtype=np.int64) == 0]]
    for extreme, other in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        shown = np.where(finite, held, other)
        hits = np.flatnonzero(finite & (shown == extreme.reduceat(shown, starts)[stretch]))
        kept.append(hits[np.unique(stretch[hits], return_index=True)[1]])
    places = np.flatnonzero(finite)
    if len(places):
        changes = np.flatnonzero(np.diff(stretch[places]))
        kept += [places[np.append(0, changes + 1)], places[np.append(changes, len(places) - 1)]]
    found: list[int] = np.unique(np.concatenate(kept)).tolist()
    return found
