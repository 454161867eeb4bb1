"""Hyperparameters as axes of cells: what an analysis of importance works on.

An axis divides what a hyperparameter may be into at most `CELLS` cells. A domain that is known is divided
evenly, by ratios where it is logarithmic; else the trials themselves say what is usual, so that each cell has
about as many of them. A choice, an ordinal's value and one of few numbers is a cell of its own.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledger.analysis.observations import Observations, Variable, key
from ledger.model import HyperparameterType, Value
from ledger.model.frozen import frozen, replace
from ledger.model.space import Domain

CELLS: Final = 64
"""The most cells of an axis."""
DECIDING: Final = 16
"""The most cells of a hyperparameter that is taken to decide whether another one has a value."""
INACTIVE: Final = -1
"""The cell of a trial that has no value."""

Cells = NDArray[np.int64]
Weights = NDArray[np.float64]


@frozen
class Axis:
    """One hyperparameter that varies, over n trials."""

    name: str
    cells: Cells
    """Of each trial, from 0; `INACTIVE` where it has no value."""
    measure: Weights
    """What share of its range each of the c cells is; the sum is 1."""
    ordered: bool
    """Whether neighbouring cells are alike."""
    conditional: bool = False
    """Whether another hyperparameter decides that it has a value. Where none does and some trials have no
    value, having none is a choice of its own."""

    @property
    def count(self) -> int:
        """Its cells."""
        return len(self.measure)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which trials have a value."""
        return self.cells >= 0


def axes(observations: Observations) -> tuple[Axis, ...]:
    """The axes of all hyperparameters in which trials differ, and not just by having NaN or no value."""
    made = [each for each in map(axis, observations.varying) if each.count]
    return tuple(replace(each, conditional=each.conditional or _is_decided(each, made)) for each in made)


def axis(variable: Variable) -> Axis:
    """One hyperparameter as an axis."""
    numbers = _numbers(variable)
    if numbers is None:
        cells, measure, ordered = _of_choices(variable)
    elif variable.domain is not None and variable.domain.low is not None:
        cells, measure, ordered = *_of_domain(numbers, variable.domain), True
    else:
        cells, measure, ordered = *_as_observed(numbers), True
    return Axis(
        name=variable.name,
        cells=cells,
        measure=measure,
        ordered=ordered,
        conditional=variable.condition is not None,
    )


def _numbers(variable: Variable) -> Weights | None:
    """The values as numbers, NaN where there is none; None where they are choices."""
    if variable.type in (HyperparameterType.BOOLEAN, HyperparameterType.CATEGORICAL):
        return None
    if variable.type is HyperparameterType.ORDINAL and variable.domain is not None:
        return None
    kinds = set(map(type, variable.values))
    if not kinds <= {int, float, type(None)}:
        return None
    try:
        found = np.array(variable.values, np.float64)
    except OverflowError:  # integers beyond all floats
        return None
    found[~np.isfinite(found)] = np.nan
    return found


def _of_choices(variable: Variable) -> tuple[Cells, Weights, bool]:
    known = () if variable.domain is None else variable.domain.choices
    ordered = variable.type is HyperparameterType.ORDINAL and variable.domain is not None
    places = {key(each): place for place, each in enumerate(known)}
    seen = [None if each is None else key(each) for each in variable.values]
    for each in seen:
        if each is not None:
            places.setdefault(each, len(places))
    cells = np.array([INACTIVE if each is None else places[each] for each in seen], np.int64)
    return *_without_unseen(cells, np.ones(len(places))), ordered


def _of_domain(values: Weights, domain: Domain) -> tuple[Cells, Weights]:
    low, high = float(domain.low or 0), float(domain.high or 0)
    step = domain.step or (1 if domain.type is HyperparameterType.INTEGER else None)
    values = np.clip(values, low, high)
    if step is not None and (high - low) / step < CELLS:
        count = math.floor((high - low) / step + 1e-9) + 1
        cells = _placed((values - low) / step + 0.5, count)
        edges = low + (np.arange(count + 1) - 0.5) * float(step)
        if not domain.log:
            return cells, np.full(count, 1 / count)
        edges[0] = max(edges[0], low / 2)
        return cells, _shares(np.diff(np.log(edges)))
    if domain.log:
        low, high, values = math.log(low), math.log(high), np.log(values)
    if high <= low:
        return _placed(values * 0, 1), np.ones(1)
    return _placed((values - low) / (high - low) * CELLS, CELLS), np.full(CELLS, 1 / CELLS)


def _as_observed(values: Weights) -> tuple[Cells, Weights]:
    seen = np.sort(values[~np.isnan(values)])
    distinct = seen[np.concatenate([[True], seen[1:] != seen[:-1]])] if len(seen) else seen
    if len(distinct) > CELLS:
        inner = seen[np.arange(1, CELLS) * len(seen) // CELLS]
        distinct = np.concatenate([distinct[:1], np.unique(inner[inner > distinct[0]])])
    cells = np.searchsorted(distinct, values, side="right") - 1
    cells[np.isnan(values)] = INACTIVE
    counts = np.bincount(cells[cells >= 0], minlength=len(distinct))
    return cells, _shares(counts.astype(np.float64))


def _placed(places: Weights, count: int) -> Cells:
    """Cells of places on an axis from 0 to `count`."""
    none = np.isnan(places)
    cells = np.clip(np.where(none, 0, places), 0, count - 1).astype(np.int64)
    cells[none] = INACTIVE
    return cells


def _without_unseen(cells: Cells, measure: Weights) -> tuple[Cells, Weights]:
    """The same without choices that nobody made, of which nothing is known."""
    seen = np.bincount(cells[cells >= 0], minlength=len(measure)) > 0
    renamed = np.cumsum(seen) - 1
    return np.where(cells < 0, INACTIVE, renamed[cells]), _shares(measure[seen])


def _shares(weights: Weights) -> Weights:
    total = float(weights.sum())
    return weights / total if total else weights


def _is_decided(child: Axis, others: Sequence[Axis]) -> bool:
    """Whether, in all trials, one other hyperparameter's value tells that this one has a value."""
    active = child.active
    if active.all():
        return False
    for other in others:
        if other is child or other.count > DECIDING or np.array_equal(other.active, active):
            continue
        cells = other.cells + 1
        have = np.bincount(cells, weights=active, minlength=other.count + 1)
        every = np.bincount(cells, minlength=other.count + 1)
        if bool(np.all((have == 0) | (have == every))):
            return True
    return False


def cell_of(made: Axis, variable: Variable, value: Value) -> int:
    """The cell that a value of some trial has."""
    wanted = key(value)
    return next(
        int(cell)
        for cell, each in zip(made.cells.tolist(), variable.values, strict=True)
        if key(each) == wanted
    )


def losses(values: Sequence[float], *, maximize: bool) -> NDArray[Any]:
    """Values of a metric such that smaller ones are better."""
    found = np.asarray(values, np.float64)
    return -found if maximize else found
