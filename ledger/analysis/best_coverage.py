"""How often the interval of the best configuration holds the truth: measured, as it was chosen for being it.

``python -m ledger.analysis.best_coverage`` measures it again, and prints the table that is kept here, in some
minutes; slow tests hold it against new samples.
"""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from ledger.analysis.shrinking import estimates
from ledger.analysis.statistics.arrays import Values

NOISES: Final = ("alike", "unlike", "some blow up")
"""Standard deviations of the configurations: all 1, as are the true means; log-normal (0.7 of the logarithm);
a tenth 1,000, and worse by as much."""
SHARED: Final = (0.0, 0.5)
"""Of a variance of 1, what seeds that all configurations share do to all; 0 where none are shared."""
CONFIGURATIONS: Final = (10, 30)
REPEATS: Final = 400
"""Of each of these; the standard error of a share of 0.95 is 0.011."""
OF_BEST: Mapping[int, tuple[float, ...]] = {
    2: (0.938, 0.925, 0.935, 0.935, 0.850, 0.748, 0.917, 0.820, 0.927, 0.930, 0.915, 0.900),
    3: (0.927, 0.938, 0.958, 0.917, 0.905, 0.828, 0.917, 0.880, 0.897, 0.938, 0.927, 0.932),
    4: (0.943, 0.932, 0.968, 0.950, 0.932, 0.865, 0.950, 0.870, 0.920, 0.938, 0.907, 0.935),
    5: (0.932, 0.945, 0.943, 0.925, 0.925, 0.900, 0.930, 0.920, 0.948, 0.925, 0.930, 0.940),
    6: (0.932, 0.932, 0.943, 0.920, 0.938, 0.912, 0.948, 0.902, 0.943, 0.948, 0.930, 0.938),
    7: (0.930, 0.960, 0.963, 0.935, 0.927, 0.915, 0.930, 0.912, 0.912, 0.930, 0.927, 0.945),
    8: (0.948, 0.963, 0.950, 0.945, 0.938, 0.950, 0.940, 0.938, 0.945, 0.940, 0.958, 0.953),
    9: (0.948, 0.960, 0.968, 0.945, 0.932, 0.930, 0.910, 0.935, 0.920, 0.920, 0.935, 0.940),
}
"""Share of the 95 % intervals of the best that held the truth, by the seeds that each configuration has; four
for each of `NOISES`: two numbers of configurations without, and two with shared seeds."""


def measured(seeds: int) -> tuple[float, float] | None:
    """The least and the largest share of such intervals that held the truth; None where it was not measured.

    Parameters
    ----------
    seeds
        With how many the best was tried.
    """
    found = OF_BEST.get(seeds)
    return (min(found), max(found)) if found else None


def simulated(
    noise: str, shared: float, configurations: int, seeds: int, *, repeats: int, seed: int = 0
) -> float:
    """Share of the 95 % intervals of the best that hold the truth.

    Parameters
    ----------
    noise
        One of `NOISES`.
    shared
        Part of the variance that seeds have, from 0 to 1.
    configurations
        How many there are.
    seeds
        How many values each has.
    repeats
        How many samples.
    seed
        Of the samples.
    """
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(repeats):
        means, values = _drawn(generator, noise, shared, configurations, seeds)
        found = estimates(list(values), [range(seeds)] * configurations if shared else None, count=1)
        best = min(range(configurations), key=lambda place: found[place].mean)
        held += bool(abs(found[best].mean - means[best]) <= found[best].half)
    return held / repeats


def _drawn(
    generator: np.random.Generator, noise: str, shared: float, configurations: int, seeds: int
) -> tuple[Values, Values]:
    means = generator.normal(size=configurations)
    spreads = np.ones(configurations)
    if noise == "unlike":
        spreads = np.exp(0.7 * generator.normal(size=configurations))
    elif noise == "some blow up":
        some = configurations // 10
        spreads[:some] = 1000
        means[:some] += 1000 * np.abs(generator.normal(size=some))
    own = spreads[:, None] * generator.normal(size=(configurations, seeds))
    common = generator.normal(size=seeds)
    values: Values = means[:, None] + math.sqrt(1 - shared) * own + math.sqrt(shared) * common
    return means, values


if __name__ == "__main__":
    for count in range(2, 10):
        shares = [
            simulated(noise, shared, size, count, repeats=REPEATS)
            for noise in NOISES
            for shared in SHARED
            for size in CONFIGURATIONS
        ]
        print(f"    {count}: ({', '.join(f'{share:.3f}' for share in shares)}),", flush=True)
