"""Configurations on several data sets, where few were tried on all of them: forests say what is missing.

As Probst, Boulesteix & Bischl 2019 do with surrogates: of each data set a forest is grown. Looked at are all
configurations that were tried on any, and, around the one that the forests hold for the best on average,
those that differ from it in one or two hyperparameters, or as the best one of a data set does.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.across import Across
from ledger.analysis.importance.axes import DECIDING, INACTIVE, Axis, axes
from ledger.analysis.importance.forest import Forest, grow, summed
from ledger.analysis.observations import Observations, Variable
from ledger.errors import IncomparableError
from ledger.model import Value
from ledger.model.frozen import replace

LEAST: Final = 20
"""Trials of each data set, without which a forest says nothing."""
_LEVELS, _IN_PAIRS = 12, 6
"""Values of a hyperparameter that are looked at around a configuration, alone and with another one."""
_TURNS: Final = 10
_SUBSETS: Final = 10
"""Hyperparameters of which all subsets are looked at."""
_AT_ONCE: Final = 1 << 22

Cells = NDArray[np.int64]


def predicted(found: Mapping[str, Observations], losses: Mapping[str, Sequence[float]]) -> Across:
    """As `across.across`, but what was not tried is predicted, and what was is, too.

    Raises
    ------
    IncomparableError
        If a data set has fewer than `LEAST` trials, or nothing varies.
    LedgerError
        If scikit-learn is not installed.
    """
    for name, each in found.items():
        if len(each) < LEAST:
            raise IncomparableError(
                f"too few trials of {name}", cause=f"expected {LEAST} or more, got {len(each)}"
            )
    together = _together(found)
    made = axes(together)
    if not made:
        raise IncomparableError("no hyperparameter varies")
    forests, start = [], 0
    for name, each in found.items():
        own = [replace(axis, cells=axis.cells[start : start + len(each)]) for axis in made]
        forests.append(grow(own, np.asarray(losses[name], np.float64)))
        start += len(each)
    rows = _looked_at(made, forests)
    named = {each.name: each for each in together.variables}
    values = [_values(axis, named[axis.name], rows[:, place]) for place, axis in enumerate(made)]
    return Across(
        names=tuple(found),
        variables=tuple(
            replace(named[axis.name], values=each) for axis, each in zip(made, values, strict=True)
        ),
        codes=rows,
        losses=_predict(forests, rows),
        trials=tuple(len(each) for each in found.values()),
        others=(0,) * len(found),
        explained=tuple(each.explained for each in forests),
    )


def _together(found: Mapping[str, Observations]) -> Observations:
    """All trials, one data set behind the other."""
    every = list(found.values())
    known = {each.name: each for own in every for each in own.variables}
    columns = [{each.name: each.values for each in own.variables} for own in every]
    variables: list[Variable] = []
    for name, variable in known.items():
        parts: list[Sequence[Value]] = [
            column.get(name, (None,) * len(own)) for column, own in zip(columns, every, strict=True)
        ]
        variables.append(replace(variable, values=tuple(value for part in parts for value in part)))
    return Observations(
        label="",
        trials=tuple(each for own in every for each in own.trials),
        variables=tuple(variables),
        seeds=tuple(each for own in every for each in own.seeds),
        metrics={},
    )


def _looked_at(made: Sequence[Axis], forests: Sequence[Forest]) -> Cells:
    """Rows of cells: what was tried, and what lies around the best of all that."""
    rows = np.unique(np.stack([each.cells for each in made], axis=1), axis=0)
    losses = _predict(forests, rows)
    for _ in range(_TURNS):
        best = rows[losses.mean(axis=0).argmin()]
        near = {bytes(each): each for each in _around(best, made, rows, losses) if each is not None}
        known = set(map(bytes, rows))
        more = np.array([each for name, each in sorted(near.items()) if name not in known], np.int64)
        if not len(more):
            break
        rows, losses = np.concatenate([rows, more]), np.hstack([losses, _predict(forests, more)])
        if np.array_equal(rows[losses.mean(axis=0).argmin()], best):
            break
    return rows


def _around(
    best: Cells, made: Sequence[Axis], rows: Cells, losses: NDArray[np.float64]
) -> Iterator[Cells | None]:
    follow = _Follow(made)
    mean = losses.mean(axis=0)
    donors = {
        (place, cell): rows[_least(mean, rows[:, place] == cell)]
        for place in range(len(made))
        for cell in np.unique(rows[:, place]).tolist()
        if cell != INACTIVE
    }

    def levels(place: int, most: int) -> list[int]:
        cells = [cell for own, cell in donors if own == place] if best[place] != INACTIVE else []
        if len(cells) > most:
            cells = [cells[at] for at in np.linspace(0, len(cells) - 1, most).round().astype(int)]
        return cells

    for place in range(len(made)):
        for cell in levels(place, _LEVELS):
            yield follow.changed(best, {place: donors[place, cell]})
    for one, other in combinations(range(len(made)), 2):
        for cell, second in product(levels(one, _IN_PAIRS), levels(other, _IN_PAIRS)):
            yield follow.changed(best, {one: donors[one, cell], other: donors[other, second]})
    for own in losses:
        donor = rows[own.argmin()]
        differing = [place for place in range(len(made)) if best[place] != donor[place]]
        if len(differing) <= _SUBSETS:
            for size in range(1, len(differing) + 1):
                for chosen in combinations(differing, size):
                    yield follow.changed(best, dict.fromkeys(chosen, donor))


class _Follow:
    """What follows from a change: which hyperparameters have a value then, as the trials tell it."""

    def __init__(self, made: Sequence[Axis]) -> None:
        self._deciding = [
            (place, decider, active)
            for place, axis in enumerate(made)
            if axis.conditional
            for decider, other in enumerate(made)
            if other is not axis and (active := _decided(axis, other)) is not None
        ]

    def changed(self, best: Cells, donors: Mapping[int, Cells]) -> Cells | None:
        """The best one with some values of others; None where those do not go together."""
        found = best.copy()
        for place, donor in donors.items():
            if donor[place] != INACTIVE and best[place] != INACTIVE:
                found[place] = donor[place]
        for _ in range(2):  # what decides may itself be decided
            for place, decider, active in self._deciding:
                if found[decider] == INACTIVE or not active[found[decider]]:
                    found[place] = INACTIVE
                elif found[place] == INACTIVE:
                    given = [donor[place] for donor in donors.values() if donor[place] != INACTIVE]
                    if not given:
                        return None
                    found[place] = given[0]
        return found


def _decided(axis: Axis, other: Axis) -> NDArray[np.bool_] | None:
    """By the cell of another one, whether this one has a value; None where that does not decide it."""
    if other.count > DECIDING:
        return None
    cells = np.where(other.cells == INACTIVE, other.count, other.cells)
    every = np.bincount(cells, minlength=other.count + 1)
    have = np.bincount(cells, weights=axis.active, minlength=other.count + 1)
    whole = (have == 0) | (have == every)
    return have[:-1] > 0 if bool(whole.all()) and have[-1] == 0 else None


def _least(mean: NDArray[np.float64], among: NDArray[np.bool_]) -> int:
    return int(np.where(among, mean, np.inf).argmin())


def _predict(forests: Sequence[Forest], rows: Cells) -> NDArray[np.float64]:
    """(forests, rows): the mean over each forest's trees."""
    found = np.empty((len(forests), len(rows)))
    for number, forest in enumerate(forests):
        places = np.stack(
            [coding.place(cells) for cells, coding in zip(rows.T, forest.codings, strict=True)], axis=1
        )
        # Those that lack the same ones go together: what they lack is averaged over.
        patterns, which = np.unique(places < 0, axis=0, return_inverse=True)
        for turn, lacking in enumerate(patterns):
            boxes, own = forest.over(np.flatnonzero(lacking).tolist()), np.flatnonzero(which.ravel() == turn)
            low, high = boxes.low[:, ~lacking], boxes.high[:, ~lacking]
            step = max(_AT_ONCE // boxes.low.size, 1)
            for some in (own[start : start + step] for start in range(0, len(own), step)):
                part = places[some][:, None, ~lacking]
                inside = np.all((low <= part) & (part < high), axis=2)
                row, box = np.nonzero(inside)
                found[number, some] = summed(row, boxes.value[box], len(some)) / boxes.trees
    return found


def _values(axis: Axis, variable: Variable, cells: Cells) -> tuple[Value, ...]:
    """A value of each cell: the middle one of those that were tried."""
    tried: dict[int, list[Value]] = {}
    for cell, value in zip(axis.cells.tolist(), variable.values, strict=True):
        tried.setdefault(cell, []).append(value)
    middle = {cell: sorted(values, key=_order)[len(values) // 2] for cell, values in tried.items()}
    return tuple(None if cell == INACTIVE else middle[cell] for cell in cells.tolist())


def _order(value: Value) -> tuple[str, float, str]:
    if isinstance(value, int | float):
        return "", value, ""  # as it is: an integer may be beyond all floats
    return value.__class__.__name__, 0.0, str(value)
