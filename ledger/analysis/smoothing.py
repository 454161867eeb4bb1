"""A noisy curve as a smooth one."""

import math
from collections.abc import Iterable


def smoothed(values: Iterable[float], weight: float) -> list[float]:
    """Exponential moving average of a series, without the pull towards 0 at its beginning.

    With w the weight and n the number of finite values so far, ``m = w m + (1 - w) x`` from m = 0, and the
    average is ``m / (1 - w^n)``. The correction is that of Kingma and Ba, "Adam: A Method for Stochastic
    Optimization" (ICLR 2015), section 3; TensorBoard's curves are smoothed so.

    Parameters
    ----------
    values
        n, in order. One that is not finite stays as it is, and the average goes on behind it.
    weight
        From 0, which changes nothing, up to but without 1.

    Raises
    ------
    ValueError
        If the weight is beyond that.
    """
    if not 0 <= weight < 1:
        raise ValueError(f"a weight of at least 0 and below 1 is needed, got {weight}")
    found: list[float] = []
    average, left = 0.0, 1.0
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            left *= weight
            found.append(average / (1 - left))
        else:
            found.append(value)
    return found
