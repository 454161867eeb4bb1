"""How far a value of a metric is off by chance, which may be what a step of a path gains."""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from ledger.analysis.observations import Observations
from ledger.analysis.robustness import without_repeats
from ledger.analysis.statistics.arrays import unit
from ledger.analysis.statistics.contrast import of_groups
from ledger.analysis.statistics.intervals import pooled_deviation
from ledger.model.frozen import frozen

Z: Final = 1.959964
"""Of a normal distribution, at 95 %."""


@frozen
class Noise:
    """From trial to trial of one configuration."""

    deviation: float
    """Standard deviation, in the metric's unit."""
    repeats: bool
    """Whether configurations that were tried more than once tell it; else it is what a forest leaves
    unexplained, which is its own errors, too: rather too much."""


def noise(known: Observations, metric: str, explained: float | None) -> Noise | None:
    """How large it is; None where nothing tells it.

    Parameters
    ----------
    known
        Trials with a finite value of the metric.
    metric
        Which one.
    explained
        R² out of bag of a forest of them; None where there is none.
    """
    known = without_repeats(known, metric)
    values = np.array(known.metrics[metric], np.float64)
    by = unit([values])
    values = values / by
    found = pooled_deviation(of_groups([(1.0, values[rows]) for rows in known.by_configuration().values()]))
    if found is not None:
        return Noise(deviation=found * by, repeats=True)
    if explained is None:
        return None
    return Noise(deviation=float(values.std()) * math.sqrt(1 - min(max(explained, 0), 1)) * by, repeats=False)


def half(errors: Iterable[float | None]) -> float | None:
    """Half of the 95 % interval of a difference of independent values with these standard errors."""
    known = list(errors)
    return None if None in known else Z * math.hypot(*(each for each in known if each is not None))
