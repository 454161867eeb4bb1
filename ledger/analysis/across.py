"""Configurations that were tried on several data sets: what one costs that is not tuned to each of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.importance.forest import DOUBTFUL
from ledger.analysis.observations import Observations, Variable, key
from ledger.errors import IncomparableError
from ledger.model import Value
from ledger.model.frozen import frozen

NOTHING = -1
"""The code of having no value."""
MOST = 62
"""Hyperparameters: as many as a set of bits holds."""


@frozen
class Across:
    """The configurations that every one of J data sets has."""

    names: tuple[str, ...]
    """Of the data sets."""
    variables: tuple[Variable, ...]
    """p hyperparameters that vary, each with a value for every one of n configurations."""
    codes: NDArray[np.int64]
    """(n, p): equal where values are; `NOTHING` where there is none."""
    losses: NDArray[np.float64]
    """(J, n): the mean over a configuration's trials; the smaller, the better."""
    trials: tuple[int, ...]
    """How many trials of each data set these means are of."""
    others: tuple[int, ...]
    """Configurations of each data set that another one lacks."""
    explained: tuple[float, ...] | None = None
    """Where a forest of each data set says the losses: what share of the variance of trials that it has not
    seen it predicts. None where they were measured."""

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Data sets of whose trials their forest explains little, so that what it says is mostly noise."""
        told = zip(self.names, self.explained or (), strict=self.explained is not None)
        return tuple(name for name, explained in told if explained < DOUBTFUL)

    def values(self, row: int) -> dict[str, Value]:
        """A configuration, without what it has no value of."""
        return {each.name: each.values[row] for each in self.variables if each.values[row] is not None}

    def changed(self, row: int) -> NDArray[np.int64]:
        """For each configuration, the hyperparameters in which it differs from one of them, as a set of bits.

        One that only one of both has is no difference: another one decided that.
        """
        own = self.codes[row]
        differs = (self.codes != own) & (self.codes != NOTHING) & (own != NOTHING)
        bits = np.int64(1) << np.arange(len(self.variables), dtype=np.int64)
        found: NDArray[np.int64] = differs @ bits
        return found


def across(found: Mapping[str, Observations], losses: Mapping[str, Sequence[float]]) -> Across:
    """Put the trials of several data sets together.

    Parameters
    ----------
    found
        The trials of each data set.
    losses
        What each of them came to; finite, the smaller the better.

    Raises
    ------
    IncomparableError
        If no two configurations were tried on all data sets, or there are too many hyperparameters.
    """
    names = list(dict.fromkeys(each.name for every in found.values() for each in every.variables))
    tried = {name: _means(each, names, losses[name]) for name, each in found.items()}
    first, *rest = tried.values()
    shared = [own for own in first if all(own in other for other in rest)]
    if len(shared) < 2:
        raise IncomparableError(
            f"{'one' if shared else 'no'} configuration was tried on all of {', '.join(found)}",
            cause="expected two or more, with the same hyperparameters but for the seed",
            hint="let each search take the same points: --sampler grid, or --sampler sobol with one --seed",
        )
    values = [[first[own][0][place] for own in shared] for place in range(len(names))]
    known = {each.name: each for every in found.values() for each in every.variables}
    if len(names) > MOST:
        raise IncomparableError(f"{len(names)} hyperparameters", cause=f"expected {MOST} at the most")
    codes = np.array([_codes(each) for each in values], np.int64).reshape(len(names), len(shared)).T
    varying = [place for place in range(len(names)) if len(set(codes[:, place].tolist())) > 1]
    variables = [
        Variable(
            name=names[place],
            type=known[names[place]].type,
            values=tuple(values[place]),
            role=known[names[place]].role,
            domain=known[names[place]].domain,
            default=known[names[place]].default,
        )
        for place in varying
    ]
    return Across(
        names=tuple(found),
        variables=tuple(variables),
        codes=codes[:, varying],
        losses=np.array([[each[own][1] for own in shared] for each in tried.values()]),
        trials=tuple(sum(each[own][2] for own in shared) for each in tried.values()),
        others=tuple(len(each) - len(shared) for each in tried.values()),
    )


def _means(
    observations: Observations, names: Sequence[str], losses: Sequence[float]
) -> dict[tuple[object, ...], tuple[tuple[Value, ...], float, int]]:
    """Values, mean loss and number of trials of each configuration, by what makes configurations equal."""
    columns = {each.name: each.values for each in observations.variables}
    missing: tuple[Value, ...] = (None,) * len(observations)
    rows = list(zip(*(columns.get(name, missing) for name in names), strict=True)) or [()] * len(observations)
    groups: dict[tuple[object, ...], list[int]] = {}
    for row, values in enumerate(rows):
        groups.setdefault(tuple(map(key, values)), []).append(row)
    return {
        own: (rows[group[0]], float(np.mean([losses[row] for row in group])), len(group))
        for own, group in groups.items()
    }


def _codes(values: Sequence[Value]) -> list[int]:
    seen: dict[object, int] = {}
    return [NOTHING if each is None else seen.setdefault(key(each), len(seen)) for each in values]
