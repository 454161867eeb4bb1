"""Arrays as the statistics take them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""Numbers of one group of trials, in one dimension; finite."""


def values_of(found: Iterable[Any] | Values, *, least: int = 1) -> Values:
    """Numbers as an array.

    Raises
    ------
    ValueError
        If there are fewer than `least`, one of them is not finite, or they have more than one dimension.
    """
    values = np.asarray(found if isinstance(found, np.ndarray) else list(found), np.float64)
    if values.ndim != 1:
        raise ValueError(f"expected one dimension, got {values.ndim}")
    if len(values) < least:
        raise ValueError(f"expected at least {least} values, got {len(values)}")
    if not np.isfinite(values).all():
        raise ValueError("a value is not finite")
    return values
