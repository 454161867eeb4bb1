"""How much a result moves. Worked out by hand, or against SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from ledger.analysis import robustness
from ledger.analysis.neighbours import JOINT, pairs
from tests.unit.analysis.test_neighbours import observed


def test_the_noise_of_seeds_is_what_is_within_configurations():
    found = robustness.noise(observed(losses=[1.0, 3.0, 10.0, 14.0, 7.0], lr=[1, 1, 2, 2, 3]), "loss")
    assert (found.configurations, found.trials) == (2, 4)
    assert found.deviation == pytest.approx(math.sqrt((2 + 8) / 2))
    low, high = stats.chi2.ppf([0.975, 0.025], 2)
    assert found.interval.low == pytest.approx(math.sqrt(10 / low))
    assert found.interval.high == pytest.approx(math.sqrt(10 / high))


def test_variance_components_come_back():
    generator = np.random.default_rng(3)
    lr = [number for number in range(200) for _ in range(5)]
    means = generator.normal(0, 2, 200)
    losses = [means[number] + generator.normal(0, 1) for number in lr]
    found = robustness.noise(observed(losses=losses, lr=lr), "loss")
    assert found.deviation == pytest.approx(1, abs=0.05)
    assert found.between == pytest.approx(2, abs=0.25)
    assert found.share == pytest.approx(0.2, abs=0.04)


def test_nothing_is_known_of_noise_where_each_was_run_once():
    found = robustness.noise(observed(losses=[1.0, 2.0], lr=[1, 2]), "loss")
    assert (found.configurations, found.trials) == (0, 0)
    assert math.isnan(found.deviation)
    assert math.isnan(found.share)
    alone = robustness.noise(observed(losses=[1.0, 2.0], lr=[1, 1]), "loss")
    assert alone.deviation == pytest.approx(math.sqrt(0.5))
    assert math.isnan(alone.between)


def test_by_how_much_small_changes_move_it():
    trials = observed(losses=[1.0, 3.0, 2.5, 6.0], lr=[1.0, 1.0, 1.05, 1.0], depth=[4, 4, 4, 5])
    lr, depth, joint = robustness.moves(trials, "loss", pairs(trials)[0], deviation=0.5)
    assert (lr.name, lr.pairs, lr.change, lr.worst) == ("lr", 1, 0.5, 0.5)
    assert (depth.name, depth.change, joint.name, joint.change) == ("depth", 4.0, JOINT, 3.5)
    assert lr.noise == pytest.approx(math.sqrt(2 / math.pi) * 0.5 * math.sqrt(1 / 2 + 1))
    assert lr.between == (0, 1)
    assert lr.interval.high == math.inf


def test_what_was_only_run_again_says_nothing_new():
    trials = observed(losses=[1.0, 1.0, 1.0, 2.0], seeds=[1, 1, 2, 1], lr=[1, 1, 1, 1])
    kept = robustness.without_repeats(trials, "loss")
    assert (kept.metrics["loss"], kept.seeds) == ((1.0, 1.0, 2.0), (1, 2, 1))
    unseeded = observed(losses=[1.0, 1.0], lr=[1, 1])
    assert len(robustness.without_repeats(unseeded, "loss")) == 2


def test_groups_have_profiles_at_the_same_thresholds():
    trials = observed(losses=[1.0, 2.0, 3.0, 4.0], library=["a", "a", "b", "b"])
    a, b = robustness.by_group(trials, "loss", {"a": [0, 1], "b": [2, 3]}, below=True)
    assert a.profile.thresholds == b.profile.thresholds == (1.0, 2.0, 3.0, 4.0)
    assert a.profile.shares == (0.0, 0.5, 1.0, 1.0)
    assert (a.spread.mean, a.spread.iqm, b.within) == (1.5, 1.5, pytest.approx(math.sqrt(0.5)))
    assert a.iqm_interval.low <= 1.5 <= a.iqm_interval.high
