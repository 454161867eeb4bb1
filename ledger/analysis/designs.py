"""What of two sides is held against what, as far as the numbers of their trials allow."""

import math
from collections.abc import Sequence

import numpy as np

from ledger.analysis.pairing import Design, Pairing
from ledger.analysis.statistics import intervals
from ledger.analysis.statistics.arrays import Values
from ledger.analysis.statistics.comparing import Stratum
from ledger.analysis.statistics.contrast import Contrast, difference, of_groups
from ledger.analysis.statistics.intervals import Interval

LARGEST = 1e150
"""What is larger has no square; like infinity, it is left out. What is as small is 0."""


def values(found: Sequence[float]) -> Values:
    """A metric of some trials, without numbers whose squares are none."""
    array = np.array(found, np.float64)
    array[np.abs(array) < 1 / LARGEST] = 0.0
    return array


def strata(pairing: Pairing, metric: str) -> tuple[list[Stratum], bool, int] | None:
    """Finite values of a metric, configuration by configuration.

    Parameters
    ----------
    pairing
        How the sides go together.
    metric
        Its name.

    Returns
    -------
    tuple or None
        Values of both sides for each configuration; whether the n-th of both sides have one seed; how many
        values there are in all, those without a partner among them. None where nothing can be compared.
    """
    if metric not in pairing.a.metrics or metric not in pairing.b.metrics:
        return None
    left, right = (values(side.metrics[metric]) for side in (pairing.a, pairing.b))
    usable = np.abs(left) <= LARGEST, np.abs(right) <= LARGEST
    total = int(usable[0].sum() + usable[1].sum())
    if not pairing.pairs:
        everything = left[usable[0]], right[usable[1]]
        return ([everything], False, total) if all(map(len, everything)) else None
    found = []
    for each in pairing.pairs:
        rows = np.array(each.a), np.array(each.b)
        known = usable[0][rows[0]], usable[1][rows[1]]
        if each.seeded:
            known = (known[0] & known[1],) * 2
        a, b = left[rows[0][known[0]]], right[rows[1][known[1]]]
        if len(a) and len(b):
            found.append((a, b))
    return (found, all(each.seeded for each in pairing.pairs), total) if found else None


def has_seeds(pairing: Pairing) -> bool:
    """Whether seeds are known, and no two trials of a configuration have the same one."""
    for side in (pairing.a, pairing.b):
        for rows in side.by_configuration().values():
            seeds = [side.seeds[row] for row in rows]
            if None in seeds or len(set(map(repr, seeds))) < len(seeds):
                return False
    return True


def design(strata: Sequence[Stratum], seeded: bool, *, paired: bool) -> tuple[Design, Contrast]:
    """What is held against what, and the contrast that is their difference.

    Parameters
    ----------
    strata
        Values of both sides for each configuration.
    seeded
        Whether the n-th of both sides have one seed.
    paired
        Whether strata are configurations, and not all trials of both sides.
    """
    share = 1 / len(strata)
    if not paired:
        return Design.UNPAIRED, difference(strata)
    if min(min(len(a), len(b)) for a, b in strata) > 1:
        if seeded:
            return Design.SEEDS, of_groups([(share, b - a) for a, b in strata])
        return Design.WITHIN, difference(strata)
    # Where a side has one trial of a configuration, either the others' spread stands for its own, or the
    # configurations are the sample: whichever knows the noise better.
    spare = sum(len(a) + len(b) - 2 for a, b in strata)
    if len(strata) - 1 >= max(spare, 1):
        return Design.CONFIGURATIONS, of_groups([(1.0, np.array([b.mean() - a.mean() for a, b in strata]))])
    return Design.WITHIN, difference(strata)


def interval(contrast: Contrast, design: Design, level: float) -> Interval:
    """Interval of a difference; where a side has one value, the spread of others stands for its own."""
    if contrast.least == 1 and design is not Design.CONFIGURATIONS:
        return intervals.pooled(contrast, level=level)
    return intervals.of_contrast(contrast, level=level)


def deviation(contrast: Contrast, configurations: int, design: Design) -> float | None:
    """Such that the difference has a variance of 2 deviation² / n with n trials a side and configuration."""
    if design is Design.CONFIGURATIONS:
        return float(contrast.groups[0].std(ddof=1)) / math.sqrt(2) if contrast.least > 1 else None
    if contrast.least > 1:
        total = sum(
            weight**2 * each.var(ddof=1)
            for weight, each in zip(contrast.weights, contrast.groups, strict=True)
        )
        return math.sqrt(float(total) / 2)
    found = intervals.pooled_deviation(contrast)
    return None if found is None else found / math.sqrt(configurations)
