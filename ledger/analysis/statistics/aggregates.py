"""One number for many."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def iqm(values: NDArray[np.float64]) -> Any:
    """Interquartile mean: of what is left without the lower and the upper quarter.

    As R. Agarwal et al. (2021) recommend it: outliers weigh less than in a mean, and less is thrown away
    than by a median. Of n values floor(n/4) are left out at each end.

    Parameters
    ----------
    values
        Along the last axis.

    Returns
    -------
    float, or an array of one dimension less

    Raises
    ------
    ValueError
        If there are none.
    """
    size = values.shape[-1]
    if not size:
        raise ValueError("expected at least one value")
    cut = size // 4
    inner = np.partition(values, [cut, size - 1 - cut], axis=-1)[..., cut : size - cut]
    means = inner.mean(axis=-1)
    return float(means) if values.ndim == 1 else means
