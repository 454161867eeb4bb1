"""PED-ANOVA: a hyperparameter matters as far as the best trials prefer some of its values.

Watanabe, Bansal & Hutter 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces". With p the density of the best γ trials along one axis and p′ that of the best γ′ of them, its
importance is the Pearson divergence E_p[(p′/p − 1)²]. It is no share of a variance, and interactions do not
show; what it takes is counting.

Three things are ours. Both densities have one bandwidth, Scott's of the fewer trials, so that p′ is nowhere
above p · γ/γ′. Few best trials have densities that differ from those of all by chance alone: what a random
choice of as many trials would have is subtracted. And a hyperparameter that another one gives a value or not
is judged where it has one: by the chain rule, the divergence of a whole is that of having a value, which is
the other one's doing, plus q²/p times the divergence among those that have one, p and q being their shares
in both.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.axes import Axis, Weights
from ledger.model.frozen import frozen

LEAST: Final = 10
"""Trials without which there is no answer."""
_BEST: Final = 0.1
RESAMPLES: Final = 400
_GROUPS: Final = 100
"""Trials are resampled by so many random groups at most, which takes less time than one by one."""
_LEVEL: Final = 0.95

Sampled = NDArray[np.float64]


@frozen
class Preference:
    """How much the best trials prefer some values of one hyperparameter."""

    name: str
    divergence: float
    """Pearson divergence, from 0: as in the paper."""
    chance: float
    """What a random choice of as many trials would have on average."""
    share: float
    """Of the sum of all divergences, each without what chance alone gives; 0 where chance explains it."""
    low: float
    """Of the share: where 95 % of bootstrap resamples of the trials are."""
    high: float
    trials: int
    """That have a value."""


@frozen
class Preferences:
    """Of all hyperparameters, the one that matters most first."""

    found: tuple[Preference, ...]
    best: int
    """Trials that are the best: ties with the last of them are among them."""
    among: int
    """Trials among which they are."""


def number_of_best(count: int, quantile: float | None) -> int:
    """How many of some trials count as the best.

    A tenth by default; at least ten or, of fewer than twenty trials, a half.
    """
    if quantile is not None:
        return max(math.ceil(quantile * count), 1)
    return max(math.ceil(_BEST * count), min(LEAST, count // 2))


def ped_anova(
    axes: Sequence[Axis],
    losses: NDArray[np.float64],
    *,
    quantile: float | None = None,
    among: float = 1.0,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Preferences:
    """How much each hyperparameter matters.

    The interval of a share tells what chance does to it, not how far what is smoothed is from what very many
    trials would say; how often it held either was measured: `coverage.OF_PREFERENCES`.

    Parameters
    ----------
    axes
        Of n trials.
    losses
        Array of n; smaller is better.
    quantile
        γ′, the share of the trials that are the best; `number_of_best` by default.
    among
        γ, the share of the trials among which they are looked for: 1 for all.
    seed, resamples
        Of the bootstrap.

    Raises
    ------
    ValueError
        If the best trials are not fewer than those among which they are.
    """
    # 1. The best trials, and those among which they are.
    wanted = number_of_best(len(losses), quantile)
    best, within = _best(losses, wanted), _best(losses, math.ceil(among * len(losses)))
    if best.sum() >= within.sum():
        raise ValueError(f"{int(best.sum())} of {int(within.sum())} trials are the best")
    # 2. Counts in random groups of trials, of which a bootstrap draws.
    random = np.random.Generator(np.random.Philox(seed))
    rows = np.flatnonzero(within)
    groups = random.permutation(len(rows)) % min(len(rows), _GROUPS)
    many = int(groups.max()) + 1
    drawn = random.multinomial(many, np.full(many, 1 / many), resamples).astype(np.float64)
    weights = np.concatenate([np.ones((1, many)), drawn])
    told = [_told(axis, rows, groups, many, best, weights) for axis in axes]
    # 3. Shares; each resample has the chance of the trials once more.
    plain = np.array([each[0] for each in told]).reshape(len(axes), resamples + 1)
    chance = np.array([each[1] for each in told]).reshape(len(axes), resamples + 1)
    net = plain - chance
    net[:, 1:] -= chance[:, :1]
    shares = _shares(np.maximum(net, 0))
    low, high = np.quantile(shares[:, 1:], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=1)
    found = [
        Preference(
            name=axis.name,
            divergence=float(plain[place, 0]),
            chance=float(chance[place, 0]),
            share=float(shares[place, 0]),
            low=float(min(low[place], shares[place, 0])),
            high=float(max(high[place], shares[place, 0])),
            trials=int(axis.active[rows].sum()),
        )
        for place, axis in enumerate(axes)
    ]
    return Preferences(
        found=tuple(sorted(found, key=lambda each: (-each.share, each.chance - each.divergence))),
        best=int(best.sum()),
        among=len(rows),
    )


def _best(losses: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    last = np.partition(losses, count - 1)[count - 1]
    found: NDArray[np.bool_] = losses <= last
    return found


def _told(
    axis: Axis,
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    many: int,
    best: NDArray[np.bool_],
    weights: Weights,
) -> tuple[Sampled, Sampled]:
    """Divergence, and what chance gives, by each row of weights of the groups."""
    cells = axis.cells[rows] + 1
    width = axis.count + 1
    chosen = best[rows]
    places = groups * width + cells
    every, some = (
        np.bincount(each, minlength=many * width).reshape(many, width).astype(np.float64)
        for each in (places, places[chosen])
    )
    all_counts, best_counts = weights @ every, weights @ some
    kernel = _kernel(axis, some[:, 1:].sum(axis=0))
    divergence, chance = _divergence(best_counts[:, 1:], all_counts[:, 1:], kernel)
    # Among those that have a value it counts as often as the best have one; see above.
    p = _over(all_counts[:, 1:].sum(axis=1), all_counts.sum(axis=1))
    q = _over(best_counts[:, 1:].sum(axis=1), best_counts.sum(axis=1))
    scale = _over(q * q, p)
    if axis.conditional or axis.active[rows].all():
        return scale * divergence, scale * chance
    having = [
        np.stack([counts[:, 0], counts[:, 1:].sum(axis=1)], axis=1) for counts in (best_counts, all_counts)
    ]
    gate, by_chance = _divergence(having[0], having[1], np.eye(2))
    return gate + scale * divergence, by_chance + scale * chance


def _divergence(best: Weights, every: Weights, kernel: Weights) -> tuple[Sampled, Sampled]:
    """Of counts in cells, a row for each resample: the divergence, and its mean for as many at random."""
    count, total = best.sum(axis=1), every.sum(axis=1)
    p = _over(every @ kernel, total[:, None])
    q = _over(best @ kernel, count[:, None])
    divergence = _over((q - p) ** 2, p).sum(axis=1)
    # The mean of some values drawn without return has the variance s²/n · (N − n)/(N − 1).
    spread = _over(every[:1] @ kernel**2, total[:1, None]) - p[:1] * p[:1]
    missed = np.maximum(total - count, 0) * _over(np.ones_like(total), np.maximum(total - 1, 0))
    chance = _over(np.maximum(spread, 0), p[:1]).sum() * _over(missed, count)
    return np.where(count > 0, divergence, 0.0), chance


def _kernel(axis: Axis, best: Weights) -> Weights:
    """How the count of each cell, a row, is spread over all: a normal density, cut off at the ends."""
    if not axis.ordered or axis.count < 2:
        return np.eye(axis.count)
    centres = np.cumsum(axis.measure) - axis.measure / 2
    width = _scott(centres, best)
    if not width:
        return np.eye(axis.count)
    spread = np.exp(-0.5 * ((centres[:, None] - centres) / width) ** 2) * axis.measure
    made: Weights = spread / spread.sum(axis=1, keepdims=True)
    return made


def _scott(centres: Weights, counts: Weights) -> float:
    """Scott's bandwidth, by the smaller of standard deviation and quartiles' distance."""
    total = counts.sum()
    if total < 2:
        return 0.0
    mean = float(counts @ centres / total)
    deviation = math.sqrt(float(counts @ (centres - mean) ** 2) / float(total - 1))
    reached = np.cumsum(counts) / total
    first, last = (centres[int(np.searchsorted(reached, part))] for part in (0.25, 0.75))
    quartiles = float(last - first) / 1.34
    return 1.06 * (min(deviation, quartiles) if quartiles else deviation) / math.pow(float(total), 0.2)


def _over(top: Weights, bottom: Weights) -> Weights:
    """A quotient that is 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom > 0)


def _shares(net: Weights) -> Weights:
    return _over(net, net.sum(axis=0))
