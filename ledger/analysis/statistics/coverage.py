"""How often intervals hold the truth: measured, for what is printed beside small samples.

``python -m ledger.analysis.statistics.coverage`` measures it again, and prints the tables that are kept here,
in some minutes; slow tests hold them against new samples.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from ledger.analysis.statistics.aggregates import iqm
from ledger.analysis.statistics.arrays import Values
from ledger.analysis.statistics.contrast import difference, of_groups
from ledger.analysis.statistics.intervals import bootstrap, of_contrast

Draw = Callable[[np.random.Generator, int], Values]

SHAPES: Mapping[str, tuple[Draw, float]] = {
    "normal": (lambda generator, size: generator.standard_normal(size), 0.0),
    "gamma, skewness 1": (lambda generator, size: generator.standard_gamma(4.0, size), 4.0),
    "log-normal, skewness 1.75": (
        lambda generator, size: np.exp(0.5 * generator.standard_normal(size)),
        float(np.exp(0.125)),
    ),
}
"""Distributions, each with its mean: of no skewness and of two moderate ones."""
REPEATS = 4_000
"""Samples of each size and shape; the standard error of a share of 0.95 is 0.0034."""
SMALL = 10
"""From so many values on, an interval needs no such remark."""
OF_MEAN: Mapping[int, tuple[float, ...]] = {
    2: (0.9527, 0.9423, 0.9390),
    3: (0.9527, 0.9377, 0.9270),
    4: (0.9483, 0.9430, 0.9350),
    5: (0.9535, 0.9447, 0.9395),
    6: (0.9510, 0.9387, 0.9375),
    7: (0.9520, 0.9437, 0.9377),
    8: (0.9483, 0.9517, 0.9420),
    9: (0.9497, 0.9510, 0.9443),
}
"""Share of the 95 % intervals of a mean that held the truth, by the number of values; one for each of
`SHAPES`."""
OF_DIFFERENCE: Mapping[int, tuple[float, ...]] = {
    2: (0.9732, 0.9637, 0.9758),
    3: (0.9805, 0.9745, 0.9760),
    4: (0.9595, 0.9513, 0.9470),
    5: (0.9473, 0.9433, 0.9343),
    6: (0.9450, 0.9420, 0.9333),
    7: (0.9470, 0.9390, 0.9315),
    8: (0.9517, 0.9420, 0.9350),
    9: (0.9515, 0.9447, 0.9393),
}
"""The same of a difference of two means, of so many values each; one side has twice the other's spread."""

STRATA: Final = (3, 10, 30)
"""Numbers of groups that were simulated where there are more than two."""
OF_STRATA: Mapping[int, tuple[float, ...]] = {
    2: (0.974, 0.961, 0.963, 0.979, 0.981, 0.978, 0.962, 0.982, 0.958),
    3: (0.971, 0.965, 0.957, 0.953, 0.961, 0.952, 0.955, 0.961, 0.960),
    4: (0.956, 0.965, 0.951, 0.948, 0.954, 0.952, 0.936, 0.963, 0.950),
    5: (0.951, 0.953, 0.954, 0.948, 0.954, 0.948, 0.947, 0.965, 0.947),
    6: (0.946, 0.950, 0.946, 0.944, 0.964, 0.940, 0.945, 0.953, 0.943),
    7: (0.954, 0.943, 0.945, 0.947, 0.953, 0.939, 0.948, 0.952, 0.947),
    8: (0.955, 0.947, 0.946, 0.944, 0.945, 0.949, 0.934, 0.960, 0.939),
    9: (0.945, 0.945, 0.951, 0.939, 0.957, 0.951, 0.965, 0.944, 0.959),
}
"""The same of the mean of the means of so many groups, by the number of values of each; three for each of
`STRATA`. Every second group has twice the spread of the others."""
STRATA_REPEATS = 1_000


OF_IQM: Mapping[int, float] = {
    2: 0.510,
    3: 0.757,
    4: 0.871,
    5: 0.895,
    6: 0.909,
    7: 0.911,
    8: 0.924,
    9: 0.930,
}
"""The same of an interquartile mean of so many normal values, whose interval is a percentile bootstrap."""
IQM_REPEATS = 1_000


def measured(sizes: Sequence[int]) -> tuple[float, float] | None:
    """The least and the largest share of 95 % intervals of so few values that held the truth.

    Parameters
    ----------
    sizes
        Number of values: one of a mean, two of a difference, more of strata; the smallest one counts.

    Returns
    -------
    tuple of two shares, or None
        None where there is no need to say it, or nothing was measured.
    """
    tables = {1: OF_MEAN, 2: OF_DIFFERENCE}
    found = tables.get(len(sizes), OF_STRATA).get(min(sizes))
    return (min(found), max(found)) if found else None


def simulated(sides: int, size: int, shape: str, *, repeats: int, seed: int = 0) -> float:
    """Share of 95 % intervals that hold the truth.

    Parameters
    ----------
    sides
        1 of means, 2 of differences, the second side with twice the spread of the first.
    size
        Values of each sample.
    shape
        One of `SHAPES`.
    repeats
        How many samples.
    seed
        Of the samples.
    """
    draw, mean = SHAPES[shape]
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(repeats):
        values = draw(generator, size)
        if sides == 1:
            contrast = of_groups([(1.0, values)])
        else:
            contrast = difference([(values, 2 * draw(generator, size))])
        held += mean in of_contrast(contrast)
    return held / repeats


def simulated_strata(groups: int, size: int, shape: str, *, repeats: int, seed: int = 0) -> float:
    """The same of the mean of so many groups' means, each of `size` values."""
    draw, mean = SHAPES[shape]
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(repeats):
        values = [(1 / groups, (1 + place % 2) * (draw(generator, size) - mean)) for place in range(groups)]
        held += 0.0 in of_contrast(of_groups(values))
    return held / repeats


def simulated_iqm(size: int, *, repeats: int, seed: int = 0) -> float:
    """Share of 95 % intervals of an interquartile mean of normal values that hold the truth."""
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(repeats):
        values = generator.standard_normal(size)
        held += 0.0 in bootstrap(lambda groups: iqm(groups[0]), [values], resamples=2_000)
    return held / repeats


if __name__ == "__main__":
    for side in (1, 2):
        print(f"of {side}")
        for count in range(2, SMALL):
            shares = ", ".join(f"{simulated(side, count, each, repeats=REPEATS):.4f}" for each in SHAPES)
            print(f"    {count}: ({shares}),", flush=True)
    print("of more groups")
    for count in range(2, SMALL):
        found = [
            simulated_strata(each, count, shape, repeats=STRATA_REPEATS)
            for each in STRATA
            for shape in SHAPES
        ]
        print(f"    {count}: ({', '.join(f'{share:.3f}' for share in found)}),", flush=True)
    print("of an interquartile mean")
    for count in range(2, SMALL):
        print(f"    {count}: {simulated_iqm(count, repeats=IQM_REPEATS):.3f},", flush=True)
