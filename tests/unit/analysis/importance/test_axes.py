"""Hyperparameters as cells."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.importance.axes import CELLS, axes, axis
from ledger.model import HyperparameterType
from ledger.model.space import Domain
from tests.unit.analysis.importance.variables import (
    CATEGORICAL,
    INTEGER,
    ORDINAL,
    REAL,
    UNIT,
    observed,
    variable,
)


@pytest.mark.parametrize(
    ("domain", "values", "cells", "count"),
    [
        (UNIT, (0.0, 0.5, 1.0), [0, 32, 63], 64),
        (Domain(type=REAL, low=1e-4, high=1.0, log=True), (1e-4, 1e-2, 0.99), [0, 32, 63], 64),
        (Domain(type=INTEGER, low=1, high=4), (1, 4, 2), [0, 3, 1], 4),
        (Domain(type=REAL, low=0.0, high=1.0, step=0.25), (0.25, 1.0, 0.0), [1, 4, 0], 5),
        (Domain(type=INTEGER, low=0, high=10**6), (0, 10**6, 500_001), [0, 63, 32], 64),
        (Domain(type=REAL, low=2.0, high=2.0), (2.0, 2.0, 2.0), [0, 0, 0], 1),
    ],
)
def test_a_domain_is_divided_evenly(domain, values, cells, count):
    made = axis(variable("a", values, domain.type, domain=domain))
    assert (made.cells.tolist(), made.count, made.ordered) == (cells, count, True)
    assert made.measure == pytest.approx(np.full(count, 1 / count))


def test_a_logarithmic_integer_has_the_ratios_of_its_cells():
    made = axis(variable("a", (1, 2, 4), INTEGER, domain=Domain(type=INTEGER, low=1, high=4, log=True)))
    edges = np.log([0.5, 1.5, 2.5, 3.5, 4.5])
    assert made.measure == pytest.approx(np.diff(edges) / (edges[-1] - edges[0]))


def test_choices_that_were_made_are_cells_in_the_order_of_the_domain():
    sizes = Domain(type=ORDINAL, choices=("small", "medium", "large"))
    made = axis(variable("a", ("large", "small", None, "large"), ORDINAL, domain=sizes))
    assert (made.cells.tolist(), made.measure.tolist(), made.ordered) == ([1, 0, -1, 1], [0.5, 0.5], True)
    made = axis(variable("a", (True, "b", 1, 1.0), CATEGORICAL))
    assert (made.cells.tolist(), made.ordered) == ([0, 1, 2, 2], False)


def test_without_a_domain_the_trials_say_what_is_usual():
    made = axis(variable("a", (3, 1, 3, None, math.nan), INTEGER))
    assert (made.cells.tolist(), made.measure.tolist()) == ([1, 0, 1, -1, -1], [1 / 3, 2 / 3])
    made = axis(variable("a", [1.01**place for place in range(10 * CELLS)]))
    assert np.bincount(made.cells).tolist() == [10] * CELLS


def test_numbers_that_are_no_floats_are_choices():
    made = axis(variable("a", (10**400, 1, 10**400), INTEGER))
    assert (made.cells.tolist(), made.ordered) == ([0, 1, 0], False)


def test_who_decides_that_another_one_has_a_value():
    opt = variable("opt", ("sgd", "adam", "sgd", "adam"), CATEGORICAL)
    found = axes(
        observed(
            opt,
            variable("momentum", (0.9, None, 0.5, None)),
            variable("nesterov", (True, None, False, None), HyperparameterType.BOOLEAN),
            variable("dropout", (0.1, 0.2, None, None)),
            variable("same", (1, 1, 1, 1), INTEGER),
        )
    )
    assert [(each.name, each.conditional) for each in found] == [
        ("opt", False),
        ("momentum", True),
        ("nesterov", True),
        ("dropout", False),
    ]
    told = axis(variable("dropout", (0.1, None), condition="layers > 1"))
    assert told.conditional


@given(st.lists(st.none() | st.floats() | st.integers(-(2**70), 2**70), min_size=1, max_size=200))
def test_every_value_has_a_cell_and_no_value_has_none(values):
    made = axis(variable("a", values))
    assert made.count <= CELLS
    assert float(made.measure.sum()) == pytest.approx(1 if made.active.any() else 0)
    for cell, value in zip(made.cells.tolist(), values, strict=True):
        assert (cell < 0) == (value is None or not math.isfinite(value))
    known = [(value, cell) for value, cell in zip(values, made.cells.tolist(), strict=True) if cell >= 0]
    ordered = [cell for _, cell in sorted(known)]
    assert ordered == sorted(ordered)
