"""What tuning gains over one configuration for all data sets.

Probst, Boulesteix & Bischl 2019, Tunability: Importance of Hyperparameters of Machine Learning Algorithms.
The defaults θ* are the configuration whose mean loss over all data sets is least. The tunability of a data
set is the loss of θ* less that of its own best configuration; that of one hyperparameter, or of a pair, the
same where only it may differ from θ*. Losses are taken as they are: the least of noisy ones is an optimist.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.across import Across
from ledger.model.frozen import frozen


@frozen
class Gain:
    """What is gained where some hyperparameters are chosen for each data set."""

    names: tuple[str, ...]
    """Those hyperparameters."""
    gains: tuple[float, ...]
    """Of each of J data sets, in units of the loss; 0 or more."""
    candidates: int
    """Configurations that differ from the defaults in nothing else, the defaults among them."""

    @property
    def mean(self) -> float:
        """Over the data sets."""
        return float(np.mean(self.gains))


@frozen
class Pair:
    """What is gained with two hyperparameters."""

    both: Gain
    """Both are free."""
    joint: float
    """Mean of what both gain together beyond the better one of them alone."""
    interaction: float
    """Mean of what both gain together beyond the sum of what each gains alone."""


@frozen
class Tunability:
    """What tuning gains."""

    defaults: int
    """The row of θ*."""
    all: Gain
    """All hyperparameters are free."""
    single: tuple[Gain, ...]
    """Each one, the largest gain first."""
    pairs: tuple[Pair, ...]
    """Each two, the largest gain first."""
    over: Gain | None = None
    """All are free, against the defaults that the program has of its own; None where those were not tried."""


def tunability(table: Across, own: int | None = None) -> Tunability:
    """What tuning gains over the best common configuration.

    Parameters
    ----------
    table
        Configurations and their losses.
    own
        The row of the program's own defaults, if they were tried.
    """
    defaults = int(table.losses.mean(axis=0).argmin())
    changed = table.changed(defaults)
    names = [each.name for each in table.variables]

    def gain(places: tuple[int, ...]) -> tuple[NDArray[np.float64], int]:
        free = sum(1 << place for place in places)
        rows = np.flatnonzero((changed & ~free) == 0)
        least = table.losses[:, rows].min(axis=1)
        return table.losses[:, defaults] - least, len(rows)

    single = {place: gain((place,)) for place in range(len(names))}
    pairs = []
    for one, other in combinations(single, 2):
        both, count = gain((one, other))
        apart = single[one][0], single[other][0]
        pairs.append(
            Pair(
                both=Gain(names=(names[one], names[other]), gains=_floats(both), candidates=count),
                joint=float((both - np.maximum(*apart)).mean()),
                interaction=float((both - apart[0] - apart[1]).mean()),
            )
        )
    singles = [
        Gain(names=(names[place],), gains=_floats(found), candidates=count)
        for place, (found, count) in single.items()
    ]
    return Tunability(
        defaults=defaults,
        all=_all(table, defaults),
        single=tuple(sorted(singles, key=lambda each: -each.mean)),
        pairs=tuple(sorted(pairs, key=lambda each: -each.both.mean)),
        over=None if own is None else _all(table, own),
    )


def _all(table: Across, row: int) -> Gain:
    gains = table.losses[:, row] - table.losses.min(axis=1)
    names = tuple(each.name for each in table.variables)
    return Gain(names=names, gains=_floats(gains), candidates=len(table))


def _floats(found: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(found.tolist())
