"""Arrays as the statistics take them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""Numbers of one group of trials, in one dimension; finite."""

_LARGEST = 1e150
"""What is larger has no square."""


def unit(groups: Sequence[Values]) -> float:
    """A power of two in whose units squares are numbers: 1 unless all are tiny, or a value is enormous."""
    largest = max((float(np.abs(each).max()) for each in groups if len(each)), default=0.0)
    if not largest or 1 / _LARGEST <= largest <= _LARGEST:
        return 1.0
    return math.ldexp(1.0, math.frexp(largest)[1] - 1)


def mean(values: Values) -> float:
    """The mean; of equal values it is that value, which their sum over their number often misses."""
    return float(values.mean() if np.ptp(values) else values[0])


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
