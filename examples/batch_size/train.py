"""Train a small network on handwritten digits by stochastic gradient descent, on a budget of examples.

Every batch size sees as many examples: a small one takes many noisy steps, a large one few.
"""

import argparse
import json

import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--examples", type=int, default=20_000, help="the budget")
parser.add_argument("--units", type=int, default=32)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

pixels, digits = load_digits(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    pixels / 16, digits, test_size=0.25, stratify=digits, random_state=0
)
generator = numpy.random.default_rng(args.seed)
first = generator.normal(0, 1 / 8, (64, args.units))
second = generator.normal(0, 1 / numpy.sqrt(args.units), (args.units, 10))


def forward(x):
    hidden = numpy.maximum(x @ first, 0)
    scores = hidden @ second
    scores = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, scores / scores.sum(axis=1, keepdims=True)


steps = max(args.examples // args.batch_size, 1)
for _ in range(steps):
    rows = generator.integers(0, len(x_train), args.batch_size)
    x = x_train[rows]
    hidden, probabilities = forward(x)
    probabilities[numpy.arange(len(rows)), y_train[rows]] -= 1
    probabilities /= len(rows)
    back = (probabilities @ second.T) * (hidden > 0)
    second -= args.lr * hidden.T @ probabilities
    first -= args.lr * x.T @ back


def error(x, y):
    return float((forward(x)[1].argmax(axis=1) != y).mean())


results = {"train_error": error(x_train, y_train), "val_error": error(x_val, y_val), "steps": steps}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{steps} steps: {results['val_error']:.2%} of the digits held out are misread")
