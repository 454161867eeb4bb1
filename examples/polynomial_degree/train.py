"""Fit a polynomial to 24 noisy points of a curve. Its degree cannot be learnt from those points."""

import argparse
import json

import numpy

parser = argparse.ArgumentParser()
parser.add_argument("--degree", type=int, default=3)
parser.add_argument("--noise", type=float, default=0.3, help="standard deviation of what is measured")
parser.add_argument("--seed", type=int, default=0, help="of the points")
args = parser.parse_args()

generator = numpy.random.default_rng(args.seed)


def measured(count):
    x = generator.uniform(-1, 1, count)
    return x, numpy.sin(4 * x) + generator.normal(0, args.noise, count)


(x, y), (others, truth) = measured(24), measured(200)
polynomial = numpy.polynomial.Chebyshev.fit(x, y, args.degree, domain=[-1, 1])
results = {
    "train_loss": float(numpy.mean((polynomial(x) - y) ** 2)),
    "val_loss": float(numpy.mean((polynomial(others) - truth) ** 2)),
}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"degree {args.degree}: {results['train_loss']:.4f} on the points, {results['val_loss']:.4f} on others")
