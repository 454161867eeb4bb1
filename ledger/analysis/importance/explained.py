"""What a forest says of importance, each share with its interval."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.axes import Axis
from ledger.analysis.importance.fanova import Shares, fanova
from ledger.analysis.importance.forest import Forest, grow, unit
from ledger.analysis.importance.local import local
from ledger.model.frozen import frozen, replace

LEAST: Final = 20
"""Trials without which there is no answer."""
_HALVES: Final = 20
"""Halves of the trials by which intervals are made."""
_TREES: Final = 16
"""Of the forest of a half."""
_T: Final = 2.093
"""Student's t for 19 degrees of freedom at 95 %."""


@frozen
class Share:
    """A share of the variance."""

    names: tuple[str, ...]
    """One hyperparameter, or two."""
    value: float
    low: float
    """Of 95 %."""
    high: float
    trials: int
    """In which each of them has a value."""


@frozen
class Explained:
    """What a forest says; largest shares first."""

    first: tuple[Share, ...]
    """Of each hyperparameter alone."""
    total: tuple[Share, ...]
    """With all that it has a part in; in the order of `first`."""
    pairs: tuple[Share, ...]
    """Of two together beyond what they do alone; empty unless asked for."""
    local: tuple[Share, ...]
    """Of cuts through one configuration; empty unless asked for."""
    explained: float
    """R² out of bag: how far the forest, and so all of this, can be trusted."""
    trials: int


def explain(
    axes: Sequence[Axis],
    losses: NDArray[np.float64],
    *,
    pairs: bool = False,
    at: int | None = None,
    seed: int = 0,
) -> Explained:
    """Divide the variance of a metric among hyperparameters.

    An interval is that of Student's t by how far off halves of the trials are, two of which make a whole.
    Their standard deviation is about that of the whole (Shao & Wu 1989, "A General Theory for Jackknife
    Variance Estimation"); and by as much as their mean is off, what was found may be, too. How often such
    intervals held the truth was measured: `coverage.OF_FOREST`. Of small shares they do so too seldom.

    Parameters
    ----------
    axes
        Of n trials.
    losses
        Array of n.
    pairs
        Whether to look at pairs, too.
    at
        The trial close to which to look, too.
    seed
        Of all random numbers.
    """
    names = [each.name for each in axes]
    active = {each.name: each.active for each in axes}
    forest = grow(axes, _standard(losses), seed=seed)
    found = _vector(forest, fanova(forest, pairs=pairs), axes, at)
    random = np.random.Generator(np.random.Philox(seed))
    drawn = []
    for turn in range(_HALVES // 2):
        mixed = random.permutation(len(losses))
        for rows in (mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]):
            some = [replace(each, cells=each.cells[rows]) for each in axes]
            grown = grow(some, _standard(losses[rows]), trees=_TREES, seed=seed + 1 + turn)
            drawn.append(_vector(grown, fanova(grown, pairs=pairs), axes, at))
    error = _T * np.sqrt(np.mean((np.array(drawn) - found) ** 2, axis=0))
    low, high = (np.clip(found + sign * error, 0, 1) for sign in (-1, 1))
    value = np.clip(found, 0, 1)
    # The parts of the vector, in its order.
    count = len(axes)
    sets = [(name,) for name in names]
    both = [(names[one], names[other]) for one in range(count) for other in range(one + 1, count)]
    told = [*sets, *sets, *(both if pairs else []), *(sets if at is not None else [])]
    shares = [
        Share(
            names=each,
            value=float(value[row]),
            low=float(low[row]),
            high=float(high[row]),
            trials=int(np.logical_and.reduce([active[name] for name in each]).sum()),
        )
        for row, each in enumerate(told)
    ]
    order = sorted(range(count), key=lambda place: -found[place])
    behind = 2 * count + (len(both) if pairs else 0)
    return Explained(
        first=tuple(shares[place] for place in order),
        total=tuple(shares[count + place] for place in order),
        pairs=_sorted(shares[2 * count : behind]),
        local=_sorted(shares[behind:]),
        explained=forest.explained,
        trials=len(losses),
    )


def _standard(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Around 0 and of about 1: shares have no offset and no unit, and squares of both lose digits."""
    scaled = losses / unit(losses)
    centred = scaled - scaled.mean()
    found: NDArray[np.float64] = centred / unit(centred)
    return found


def _sorted(shares: Sequence[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda each: -each.value))


def _vector(forest: Forest, shares: Shares, axes: Sequence[Axis], at: int | None) -> NDArray[np.float64]:
    """First shares, totals, pairs, local shares."""
    parts = [shares.first, shares.total, np.array(list(shares.pairs.values()))]
    if at is not None:
        # Where it has none and that is no choice of its own, any place will do.
        places = [max(each, 0) for each in point(forest, [int(each.cells[at]) for each in axes])]
        without = [place for place, each in enumerate(axes) if each.conditional and each.cells[at] < 0]
        parts.append(local(forest, places, without))
    return np.concatenate(parts)


def point(forest: Forest, cells: Sequence[int]) -> list[int]:
    """The places of a configuration, by the cells that it has on each axis; see `Coding.place`."""
    return [int(coding.place(np.array(cell))) for coding, cell in zip(forest.codings, cells, strict=True)]
