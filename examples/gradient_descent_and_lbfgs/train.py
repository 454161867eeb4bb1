"""Fit logistic regression to tumours: one loss, one model, and the optimizer as a hyperparameter."""

import argparse
import json

import numpy
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--optimizer", choices=["gd", "momentum", "lbfgs"], default="gd")
parser.add_argument("--lr", type=float, default=0.1, help="of gd and momentum")
parser.add_argument("--beta", type=float, default=0.9, help="of momentum")
parser.add_argument("--memory", type=int, default=10, help="of lbfgs: steps that it remembers")
parser.add_argument("--gradients", type=int, default=100, help="the budget")
parser.add_argument("--decay", type=float, default=0.001, help="of the weights")
parser.add_argument("--seed", type=int, default=0, help="of the split and of the first weights")
args = parser.parse_args()

tumours, malignant = load_breast_cancer(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    tumours, malignant, test_size=0.25, stratify=malignant, random_state=args.seed
)
scaler = StandardScaler().fit(x_train)
x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)


def loss(weights, x=x_train, y=y_train):
    margins = numpy.where(y == 1, 1, -1) * (x @ weights[:-1] + weights[-1])
    slope = -numpy.where(y == 1, 1, -1) * expit(-margins) / len(y)
    gradient = numpy.append(x.T @ slope + args.decay * weights[:-1], slope.sum())
    return numpy.logaddexp(0, -margins).mean() + args.decay / 2 * weights[:-1] @ weights[:-1], gradient


weights = numpy.random.default_rng(args.seed).normal(0, 1, x_train.shape[1] + 1)
if args.optimizer == "lbfgs":
    options = {"maxfun": args.gradients, "maxcor": args.memory}
    weights = minimize(loss, weights, jac=True, method="L-BFGS-B", options=options).x
else:
    speed = numpy.zeros_like(weights)
    for _ in range(args.gradients):
        speed = (args.beta if args.optimizer == "momentum" else 0) * speed - args.lr * loss(weights)[1]
        weights = weights + speed

results = {"train_loss": float(loss(weights)[0]), "val_loss": float(loss(weights, x_val, y_val)[0])}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{args.optimizer}: loss {results['train_loss']:.5f}, held out {results['val_loss']:.5f}")
