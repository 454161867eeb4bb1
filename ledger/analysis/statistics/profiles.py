"""Performance profiles: which share of the runs does better than a threshold, for every threshold."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.statistics.arrays import Values, values_of
from ledger.model.frozen import frozen

_BLOCK = 4_000_000
"""Numbers that are held at once: 32 MB."""


@frozen
class Profile:
    """The share of runs beyond each threshold."""

    thresholds: tuple[float, ...]
    """t of them, ascending."""
    shares: tuple[float, ...]
    """t; 0 to 1."""
    low: tuple[float, ...]
    """t: where the band begins, at each threshold by itself."""
    high: tuple[float, ...]
    level: float
    """How often the band holds the truth at one threshold, as intended."""
    count: int
    """Of runs."""


def thresholds(values: Iterable[Any] | Values, *, most: int = 50) -> tuple[float, ...]:
    """Where to look: at the values themselves, or at as many as `most` even steps between the outer ones."""
    known = np.unique(values_of(values))
    if len(known) > most:
        known = np.linspace(known[0], known[-1], most)
    return tuple(known.tolist())


def profile(
    strata: Sequence[Iterable[Any] | Values],
    at: Sequence[float],
    *,
    below: bool = False,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> Profile:
    """A run-score distribution with a pointwise band.

    R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", 2021: of runs
    x[m, n], run n of stratum m, it is the mean over strata of the share with x[m, n] > t; the band is that of
    a stratified percentile bootstrap.

    Parameters
    ----------
    strata
        Finite values of the runs of each, such as of one task; one for runs of one kind.
    at
        Thresholds, in any order.
    below
        Whether runs below a threshold are counted, of a metric that should be small.
    level
        How often the band shall hold the truth at one threshold.
    resamples
        How many are drawn.
    seed
        Of the draws: the same values have the same band.

    Raises
    ------
    ValueError
        If there is no stratum, or one has no values, or one that is not finite.

    Examples
    --------
    >>> profile([[1.0, 2.0, 4.0]], [0.0, 2.0, 4.0]).shares
    (1.0, 0.3333333333333333, 0.0)
    """
    known = [values_of(each) for each in strata]
    if not known:
        raise ValueError("expected at least one stratum")
    where = np.unique(np.asarray(at, np.float64))
    shares = np.mean([_shares(each[None, :], where, below)[0] for each in known], axis=0)
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // (sum(map(len, known)) + len(where)))
    drawn = []
    for done in range(0, resamples, step):
        count = min(step, resamples - done)
        picked = [each[generator.integers(0, len(each), (count, len(each)))] for each in known]
        drawn.append(np.mean([_shares(each, where, below) for each in picked], axis=0))
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Profile(
        thresholds=tuple(where.tolist()),
        shares=tuple(shares.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        level=level,
        count=sum(map(len, known)),
    )


def _shares(runs: NDArray[np.float64], at: Values, below: bool) -> NDArray[np.float64]:
    """Of each row of (resamples, n), the share beyond each of t thresholds."""
    ordered = np.sort(runs, axis=-1)
    size = runs.shape[-1]
    counts = np.stack([np.searchsorted(row, at, "left" if below else "right") for row in ordered])
    found: NDArray[np.float64] = (counts if below else size - counts) / size
    return found
