"""What the best trials have."""

import math

import pytest

from ledger.model import HyperparameterType
from ledger.ops.favoured import favoured
from tests.unit.analysis.importance.variables import CATEGORICAL, INTEGER, variable

BEST = [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "type", "low", "high", "choice", "trials"),
    [
        ((5, 1, 4, 2, 3, 99), INTEGER, 2.0, 4.0, None, 5),
        ((1e-4, 1e-2, 1e-3, None, math.nan, 1.0), HyperparameterType.REAL, 1e-4, 1e-2, None, 3),
        ((None, None, None, 0.5, 0.1, 0.5), HyperparameterType.REAL, None, None, None, 3),
        (("a", "a", "b", "b", "b", "b", "b", "b"), CATEGORICAL, None, None, "a", 2),
        ((True, False, True, True, True, False), HyperparameterType.BOOLEAN, None, None, True, 4),
        ((None, None, None, "x", "x", "x"), CATEGORICAL, None, None, None, 3),
        ((10**400, 10**400, 1, 2, 3, 1), INTEGER, None, None, 10**400, 2),
    ],
)
def test_what_they_have(values, type, low, high, choice, trials):
    found = favoured(variable("a", values, type), BEST)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.choice, found.trials, found.best) == (choice, trials, 5)
