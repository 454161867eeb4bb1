"""How often intervals of importance hold the truth: measured, for what is printed beside them.

They are of functions over the unit cube whose shares are known, a tenth of the variance being noise.
``python -m ledger.analysis.importance.coverage`` measures it again, and prints the tables that are kept here,
in half an hour of one core; a slow test holds some of them against new samples.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.axes import Axis, axis
from ledger.analysis.importance.ped_anova import number_of_best, ped_anova
from ledger.analysis.observations import Variable
from ledger.model import HyperparameterType
from ledger.model.frozen import frozen
from ledger.model.space import Domain

Floats = NDArray[np.float64]


@frozen
class Function:
    """What is sampled: a function over the unit cube, with noise."""

    value: Callable[[Floats], Floats]
    """From (n, d) points to n values."""
    first: tuple[float, ...]
    """d shares of its variance, of each argument alone; without the noise."""
    total: tuple[float, ...]
    """With all that each has a part in."""
    deviation: float
    """Of its values."""


def _ishigami(points: Floats) -> Floats:
    x = (2 * points - 1) * np.pi
    found: Floats = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return found


def _g(points: Floats) -> Floats:
    a = np.array([0, 1, 4.5, 9])
    found: Floats = np.prod((np.abs(4 * points - 2) + a) / (1 + a), axis=1)
    return found


FUNCTIONS: Mapping[str, Function] = {
    "linear": Function(
        value=lambda points: points @ np.array([1.0, 2.0, 0.0]),
        first=(0.2, 0.8, 0.0),
        total=(0.2, 0.8, 0.0),
        deviation=float(np.sqrt(5 / 12)),
    ),
    "Ishigami": Function(
        value=_ishigami,
        first=(0.3139, 0.4424, 0.0),
        total=(0.5576, 0.4424, 0.2437),
        deviation=float(np.sqrt(13.8446)),
    ),
    "Sobol' g": Function(
        value=_g,
        first=(0.7165, 0.1791, 0.0237, 0.0072),
        total=(0.7874, 0.2423, 0.0343, 0.0105),
        deviation=float(np.sqrt(0.4652)),
    ),
}
"""One without interactions, two with such as are used to try out analyses of variance."""
NOISE = 1 / 3
"""Standard deviation of the noise, in that of the function: a tenth of all variance."""
MANY = 200_000
"""Trials whose shares by PED-ANOVA are what those of ever more come to."""
PREFERENCE_REPEATS, FOREST_REPEATS = 1_000, 100
"""Searches of each function and number of trials."""
SMALL = 0.05
"""A share that is small: a forest's intervals hold those less often."""

Range = tuple[float, float]
"""The least and the largest share of 95 % intervals that held it, over functions and their arguments."""

OF_PREFERENCES: Mapping[int, tuple[Range, Range]] = {
    20: ((0.973, 0.999), (0.848, 0.999)),
    50: ((0.913, 1.000), (0.777, 1.000)),
    100: ((0.934, 1.000), (0.841, 0.998)),
    200: ((0.915, 0.998), (0.333, 0.997)),
    500: ((0.860, 1.000), (0.061, 0.998)),
    1000: ((0.726, 1.000), (0.020, 1.000)),
}
"""Of PED-ANOVA by the number of trials: of what as many trials say on average, and of what `MANY` say. Best
trials are smoothed by Scott's bandwidth, which makes one peak of two: no resampling shows that."""
OF_FOREST: Mapping[int, tuple[Range, Range]] = {
    50: ((0.83, 1.00), (0.99, 1.00)),
    200: ((0.91, 1.00), (0.61, 1.00)),
    1000: ((0.71, 1.00), (0.00, 1.00)),
}
"""Of a forest, alone and in all: of shares of `SMALL` or more, and of smaller ones, which come out a little
too large or too small by more than the interval tells, that is short where there are many trials."""


def measured(table: Mapping[int, tuple[Range, Range]], trials: int) -> tuple[int, Range, Range]:
    """What a table says of the largest number of trials that is not above so many, else of the least."""
    known = max((each for each in table if each <= trials), default=min(table))
    return known, *table[known]


def sample(name: str, trials: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Points of a random search, and what they came to."""
    function = FUNCTIONS[name]
    points = generator.random((trials, len(function.first)))
    noise = NOISE * function.deviation * generator.standard_normal(trials)
    return points, function.value(points) + noise


def _axes(points: Floats) -> list[Axis]:
    unit = Domain(type=HyperparameterType.REAL, low=0.0, high=1.0)
    return [
        axis(
            Variable(
                name=f"x{place}",
                type=HyperparameterType.REAL,
                values=tuple(points[:, place].tolist()),
                domain=unit,
            )
        )
        for place in range(points.shape[1])
    ]


def of_forest(name: str, trials: int, *, repeats: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Share of the intervals that hold the truth, of first shares and of totals, for each argument."""
    from ledger.analysis.importance.explained import explain

    generator = np.random.default_rng(seed)
    function = FUNCTIONS[name]
    held = np.zeros((2, len(function.first)))
    for _ in range(repeats):
        points, losses = sample(name, trials, generator)
        found = explain(_axes(points), losses)
        for row, (shares, truth) in enumerate(((found.first, function.first), (found.total, function.total))):
            for each in shares:
                place = int(each.names[0][1:])
                held[row, place] += each.low <= truth[place] <= each.high
    return held[0] / repeats, held[1] / repeats


def of_preferences(name: str, trials: int, *, repeats: int, seed: int = 0) -> tuple[Floats, Floats]:
    """The same of PED-ANOVA: of the mean of all searches' shares, and of what `MANY` trials say.

    As many of the latter are the best, as a share.
    """
    generator = np.random.default_rng(seed)
    quantile = number_of_best(trials, None) / trials
    points, losses = sample(name, MANY, generator)
    known = ped_anova(_axes(points), losses, quantile=quantile, resamples=1)
    limit = {each.name: each.share for each in known.found}
    found = np.zeros((repeats, points.shape[1], 3))
    for row in range(repeats):
        points, losses = sample(name, trials, generator)
        for each in ped_anova(_axes(points), losses).found:
            found[row, int(each.name[1:])] = each.share, each.low, each.high
    shares, low, high = np.moveaxis(found, 2, 0)
    truths = shares.mean(axis=0), np.array([limit[f"x{place}"] for place in range(points.shape[1])])
    held = [((low <= truth) & (truth <= high)).mean(axis=0) for truth in truths]
    return held[0], held[1]


if __name__ == "__main__":
    print("of PED-ANOVA: of the mean, of the limit")
    for count in OF_PREFERENCES:
        for each in FUNCTIONS:
            told = of_preferences(each, count, repeats=PREFERENCE_REPEATS)
            print(f"    {count}, {each}:", *(shares.round(3).tolist() for shares in told), flush=True)
    print("of a forest: alone, in all")
    for count in OF_FOREST:
        for each in FUNCTIONS:
            told = of_forest(each, count, repeats=FOREST_REPEATS)
            print(f"    {count}, {each}:", *(shares.round(2).tolist() for shares in told), flush=True)
