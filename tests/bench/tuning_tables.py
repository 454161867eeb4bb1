"""Writes `tuning_tables.json`: what scikit-learn's learners reach for many configurations, on data it ships.

    python tests/bench/tuning_tables.py

Three minutes on one core. The grids are spelled out beside the values, so that the file says what it holds:
`problems` interpolates between their nodes, and grows a forest over the perceptrons, drawn at random.
"""

import itertools
import json
import random
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

TABLES = Path(__file__).with_name("tuning_tables.json")
FOLDS = KFold(3, shuffle=True, random_state=0)
PERCEPTRONS = 700


def powers(low, high, count):
    """So many numbers from 10**low to 10**high, in equal ratios."""
    return [float(f"{each:.6g}") for each in np.logspace(low, high, count)]


def table(axes, measure):
    """What is measured at each node of a grid, in C order."""
    return {
        "axes": axes,
        "values": [round(float(measure(*node)), 5) for node in itertools.product(*axes.values())],
    }


def support_vectors():
    features, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(labels))[:600]
    features, labels = features[order] / 16, labels[order]

    def error(C, gamma="scale", coef0=0.0, degree=3, *, kernel):
        machine = SVC(C=C, kernel=kernel, gamma=gamma, coef0=coef0, degree=int(degree), max_iter=20_000)
        return 1 - cross_val_score(machine, features, labels, cv=FOLDS).mean()

    few = {"C": powers(-2, 3, 6), "gamma": powers(-4, 1, 6), "coef0": [0.0, 0.5, 1.0]}
    return {
        "linear": table({"C": powers(-2, 3, 11)}, lambda C: error(C, kernel="linear")),
        "rbf": table(
            {"C": powers(-2, 3, 11), "gamma": powers(-4, 1, 11)}, lambda *node: error(*node, kernel="rbf")
        ),
        "sigmoid": table(few, lambda *node: error(*node, kernel="sigmoid")),
        "poly": table(few | {"degree": [2, 3, 4]}, lambda *node: error(*node, kernel="poly")),
    }


def regressors():
    features, target = load_diabetes(return_X_y=True)

    def missed(model):
        scaled = make_pipeline(StandardScaler(), model)
        return min(1 - cross_val_score(scaled, features, target, cv=FOLDS, scoring="r2").mean(), 2)

    stages = [10, 20, 40, 80, 160]

    def boosted(rate, depth, share):
        found = np.zeros(len(stages))
        for learn, check in FOLDS.split(features):
            model = GradientBoostingRegressor(
                learning_rate=rate, max_depth=depth, subsample=share, n_estimators=stages[-1], random_state=0
            ).fit(features[learn], target[learn])
            spread = ((target[check] - target[check].mean()) ** 2).mean()
            steps = list(model.staged_predict(features[check]))
            found += [((steps[each - 1] - target[check]) ** 2).mean() / spread / 3 for each in stages]
        return np.minimum(found, 2)

    rates, depths, shares = powers(-2, -0.3, 7), [1, 2, 3, 4, 5], [0.4, 0.6, 0.8, 1.0]
    curves = [boosted(*node) for node in itertools.product(rates, depths, shares)]
    return {
        "ridge": table({"alpha": powers(-4, 4, 17)}, lambda alpha: missed(Ridge(alpha))),
        "svr": table(
            {"C": powers(-1, 4, 9), "gamma": powers(-4, 1, 9), "epsilon": powers(-2, 2, 5)},
            lambda C, gamma, epsilon: missed(SVR(C=C, gamma=gamma, epsilon=epsilon, max_iter=20_000)),
        ),
        "knn": table(
            {"k": [1, 2, 4, 8, 12, 16, 24, 32, 48], "p": [1, 2], "weighted": [0, 1]},
            lambda k, p, weighted: missed(
                KNeighborsRegressor(k, p=p, weights="distance" if weighted else "uniform")
            ),
        ),
        "forest": table(
            {"share": [0.1, 0.3, 0.5, 0.7, 1.0], "leaf": [1, 2, 4, 8, 16, 32], "deep": [2, 4, 6, 8, 12]},
            lambda share, leaf, deep: missed(
                RandomForestRegressor(
                    30, max_features=share, min_samples_leaf=leaf, max_depth=deep, random_state=0
                )
            ),
        ),
        "boosting": {
            "axes": {"rate": rates, "depth": depths, "subsample": shares, "trees": stages},
            "values": [round(float(each), 5) for curve in curves for each in curve],
        },
    }


def perceptrons():
    features, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(1).permutation(len(labels))[:1400]
    features, labels = features[order] / 16, labels[order]
    draw, rows = random.Random(0), []
    for number in range(PERCEPTRONS):
        layers = draw.randint(1, 3)
        units = [round(8 * 16 ** draw.random()) for _ in range(layers)]
        how = {
            "activation": draw.choice(["relu", "tanh", "logistic"]),
            "solver": draw.choice(["sgd", "adam"]),
            "learning_rate_init": 10 ** draw.uniform(-4, -0.5),
            "momentum": draw.uniform(0, 0.99),
            "alpha": 10 ** draw.uniform(-6, 0),
            "batch_size": round(16 * 16 ** draw.random()),
        }
        model = MLPClassifier(units, max_iter=12, random_state=number, **how)
        model.fit(features[:700], labels[:700])
        error = 1 - model.score(features[700:], labels[700:])
        shown = [float(f"{each:.3g}") if isinstance(each, float) else each for each in how.values()]
        rows.append([units, *shown, round(error, 4)])
    return rows


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    made = {"svc": support_vectors(), "cash": regressors(), "mlp": perceptrons()}
    TABLES.write_text(json.dumps(made, separators=(",", ":")) + "\n")
