"""How good the best was, the further a search had come."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def best_so_far(values: Sequence[float] | NDArray[np.float64], *, maximize: bool) -> NDArray[np.float64]:
    """Of each place, the best value up to it.

    Parameters
    ----------
    values
        n, none of them NaN, in their order in time.
    maximize
        Whether the largest is the best.
    """
    held = np.asarray(values, np.float64)
    best: NDArray[np.float64] = np.maximum.accumulate(held) if maximize else np.minimum.accumulate(held)
    return best
