"""Compares samplers on `problems`, and prints the table.

    python tests/bench/tuning.py                                        # ours and Optuna's, 10 seeds: hours
    python tests/bench/tuning.py --samplers auto,optuna:tpe,random --seeds 5 --trials 50 --keep FILE

Regret is normalised for each problem: 0 at the best loss known, 1 at the median loss of random points. With
``--keep`` what was run is kept in a file, a line for each search, and not run again: remove the lines of what
changed. Optuna's GP needs torch. Its AutoSampler is not part of it, but of its hub: a directory with its
module is named by ``AUTOSAMPLER``; without it, it is left out.
"""

import argparse
import importlib.util
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
import problems

from ledger.model import HyperparameterType
from ledger.tune.base import Observation, State
from ledger.tune.samplers import registry
from ledger.tune.space.unit import UnitSpace

OPTUNAS = ("optuna:tpe", "optuna:tpe-group", "optuna:gp", "optuna:cmaes", "optuna:auto")
OURS = ("auto", "gp", "tpe", "cma", "random")


def searched(name, problem, seed, trials):
    """Losses of a search's trials, and the seconds that each proposal took."""
    if name.startswith("optuna:"):
        return _optuna(name.removeprefix("optuna:"), problem, seed, trials)
    space = UnitSpace(problem.space)
    sampler = registry.make(name, space, 1, seed)
    known, losses, taken = [], [], []
    for number in range(trials):
        began = time.perf_counter()
        sampler.update(known)
        point = sampler.suggest(number)
        taken.append(time.perf_counter() - began)
        losses.append(problem.loss(space.values(point)))
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(losses[-1],)))
    return losses, taken


def _optuna(name, problem, seed, trials):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    make = {
        "random": lambda: optuna.samplers.RandomSampler(seed=seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
        "tpe-group": lambda: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True),
        "gp": lambda: optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False),
        "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        "auto": lambda: _hub().AutoSampler(seed=seed),
    }[name]
    losses, taken = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=make())
        for _ in range(trials):
            began = time.perf_counter()
            trial = study.ask()
            given = asked(problem.space, trial)
            taken.append(time.perf_counter() - began)
            losses.append(problem.loss(given))
            study.tell(trial, losses[-1])
    return losses, taken


def _hub():
    place = Path(os.environ["AUTOSAMPLER"]) / "__init__.py"
    if "autosampler" not in sys.modules:
        found = importlib.util.spec_from_file_location("autosampler", place)
        sys.modules["autosampler"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules["autosampler"])
    return sys.modules["autosampler"]


def asked(space, trial):
    """A trial's values, asked of Optuna as its users would: ordered choices as integers."""
    given = {}
    unit = UnitSpace(space)
    for place, each in enumerate(space.parameters):
        if not unit.active(place, given):
            continue
        domain, name = each.domain, each.name
        if domain.type is HyperparameterType.ORDINAL:
            given[name] = domain.choices[trial.suggest_int(name, 0, len(domain.choices) - 1)]
        elif domain.choices:
            given[name] = trial.suggest_categorical(name, domain.choices)
        elif domain.type is HyperparameterType.INTEGER:
            given[name] = trial.suggest_int(name, domain.low, domain.high, log=domain.log)
        else:
            given[name] = trial.suggest_float(name, domain.low, domain.high, log=domain.log)
    return given


class Runs:
    """Searches that were run, by sampler, problem and seed; kept in a file if there is one."""

    def __init__(self, keep=None):
        self.keep, self.known = keep, {}
        if keep and Path(keep).exists():
            for line in Path(keep).read_text().splitlines():
                found = json.loads(line)
                self.known[found["sampler"], found["problem"], found["seed"]] = found

    def get(self, sampler, name, seed, trials):
        found = self.known.get((sampler, name, seed))
        if found is None or len(found["losses"]) < trials:
            losses, taken = searched(sampler, problems.problem(name), seed, trials)
            found = {
                "sampler": sampler,
                "problem": name,
                "seed": seed,
                "losses": losses,
                "ms": [round(1000 * float(np.quantile(taken, share)), 2) for share in (0.5, 0.95)],
            }
            self.known[sampler, name, seed] = found
            if self.keep:
                with open(self.keep, "a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
        return found


def regrets(runs, samplers, names, seeds, trials):
    """Regret of the best of so many trials: sampler × problem × seed."""
    found = np.empty((len(samplers), len(names), len(seeds)))
    for (i, j, k), _ in np.ndenumerate(found):
        losses = runs.get(samplers[i], names[j], seeds[k], trials)["losses"]
        found[i, j, k] = problems.problem(names[j]).regret(min(losses[:trials]))
    return found


def interval(found, rounds=2000):
    """95% interval of the mean over problems and seeds, seeds drawn again within each problem."""
    draw = np.random.default_rng(0)
    places = draw.integers(found.shape[-1], size=(rounds, *found.shape))
    means = np.take_along_axis(found[None], places, axis=-1).mean(axis=(-2, -1))
    return np.quantile(means, (0.025, 0.975))


def ranks(found):
    """Mean rank of each sampler over problems and seeds, ties shared."""
    order = [(found < each[None]).sum(0) + ((found == each[None]).sum(0) + 1) / 2 for each in found]
    return np.asarray(order).mean(axis=(1, 2))


def table(runs, samplers, names, seeds, budgets):
    """Lines of the comparison."""
    lines = []
    for trials in budgets:
        found = regrets(runs, samplers, names, seeds, trials)
        place = ranks(found)
        head = f"{trials} trials, {len(names)} problems, {len(seeds)} seeds"
        lines += ["", f"| {head} | regret | 95% | rank | ms |"]
        lines += ["|---|---|---|---|---|"]
        for i in np.argsort(found.mean(axis=(1, 2))):
            low, high = interval(found[i])
            taken = [runs.get(samplers[i], name, each, trials)["ms"] for name in names for each in seeds]
            ms = np.mean(taken, axis=0)
            lines.append(
                f"| {samplers[i]} | {found[i].mean():.4f} | {low:.4f}–{high:.4f} | {place[i]:.2f} "
                f"| {ms[0]:.1f} / {ms[1]:.1f} |"
            )
        lines += ["", f"{'regret at ' + str(trials):24}" + "".join(f"{each:>18}" for each in samplers)]
        lines += [
            f"{name:24}" + "".join(f"{each:18.4f}" for each in found[:, j].mean(axis=-1))
            for j, name in enumerate(names)
        ]
    return lines


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samplers", default=",".join((*OURS, *OPTUNAS)))
    parser.add_argument("--problems", default=",".join(problems.PROBLEMS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--trials", default="50,100")
    parser.add_argument("--keep")
    given = parser.parse_args()
    samplers = given.samplers.split(",")
    if "optuna:auto" in samplers and "AUTOSAMPLER" not in os.environ:
        samplers.remove("optuna:auto")
    budgets = [int(each) for each in given.trials.split(",")]
    runs, names = Runs(given.keep), given.problems.split(",")
    for seed in range(given.first, given.first + given.seeds):
        for name in names:
            for each in samplers:
                runs.get(each, name, seed, max(budgets))
    seeds = range(given.first, given.first + given.seeds)
    print("\n".join(table(runs, samplers, names, seeds, budgets)))


if __name__ == "__main__":
    main()
