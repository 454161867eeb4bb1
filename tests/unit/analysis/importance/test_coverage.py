"""How often intervals of importance hold the truth: simulated."""

import math

import numpy as np
import pytest

from ledger.analysis.importance import coverage

REPEATS = 100


@pytest.mark.parametrize("name", coverage.FUNCTIONS)
def test_functions_have_the_deviation_that_their_shares_are_of(name):
    function = coverage.FUNCTIONS[name]
    points = np.random.default_rng(0).random((100_000, len(function.first)))
    assert function.value(points).std() == pytest.approx(function.deviation, rel=0.02)


@pytest.mark.parametrize(("trials", "known"), [(10, 20), (20, 20), (99, 50), (100, 100), (10**6, 1000)])
def test_what_is_said_is_of_no_more_trials_than_there_are(trials, known):
    found = coverage.measured(coverage.OF_PREFERENCES, trials)
    assert found == (known, *coverage.OF_PREFERENCES[known])


@pytest.mark.slow
@pytest.mark.parametrize("trials", [50])
def test_what_is_said_of_ped_anova_was_measured(trials):
    found = [
        np.concatenate(sides)
        for sides in zip(
            *(coverage.of_preferences(each, trials, repeats=REPEATS, seed=1) for each in coverage.FUNCTIONS),
            strict=True,
        )
    ]
    for shares, (least, most) in zip(found, coverage.OF_PREFERENCES[trials], strict=True):
        far = 4 * math.sqrt(0.25 / REPEATS)
        assert shares.min() == pytest.approx(least, abs=far)
        assert shares.max() == pytest.approx(most, abs=far)
