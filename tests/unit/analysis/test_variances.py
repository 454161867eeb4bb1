"""Variances of few values, drawn to one another."""

import numpy as np
import pytest

from ledger.analysis.variances import moderated


def drawn(spreads, count, seed=1):
    values = np.random.default_rng(seed).normal(size=(len(spreads), count)) * np.array(spreads)[:, None]
    return values.var(axis=1, ddof=1), np.full(len(spreads), count - 1.0)


def test_of_configurations_that_are_alike_there_is_one():
    own, degrees = drawn([1.0] * 40, 4)
    found = moderated(own, degrees)
    assert found.likely == pytest.approx(np.full(40, own.mean()), rel=0.25)
    assert found.weights[np.isinf(found.degrees)].sum() > 0.5


def test_of_many_values_each_has_its_own():
    own, degrees = drawn([1.0, 3.0, 9.0, 27.0], 200)
    assert moderated(own, degrees).likely == pytest.approx(own, rel=0.05)


def test_one_that_blows_up_is_none_of_the_others():
    own, degrees = drawn([1.0] * 12 + [1000.0], 3)
    found = moderated(own, degrees)
    apart = found.weights @ found.apart
    assert apart[-1] > 0.95
    assert (apart[:-1] < 0.3).all()
    assert np.median(found.likely[:-1]) == pytest.approx(own[:-1].mean(), rel=0.5)


def test_of_one_value_the_others_tell():
    own, degrees = drawn([2.0] * 20, 5)
    own[0] = degrees[0] = 0
    found = moderated(own, degrees)
    assert found.likely[0] == pytest.approx(own[1:].mean(), rel=0.2)


@pytest.mark.parametrize("by", [1e-200, 1e200])
def test_in_any_unit(by):
    own, degrees = drawn([1.0, 1.0, 5.0, 2.0], 3)
    assert moderated(own * by, degrees).likely / by == pytest.approx(moderated(own, degrees).likely)
