"""Find 10 clusters of handwritten digits: k-means with k-means++, by one of three implementations.

They are given the same data and the same number of iterations.
"""

import argparse
import json

import numpy
from scipy.cluster.vq import kmeans2
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--library", choices=["scikit-learn", "scipy", "numpy"], default="scikit-learn")
parser.add_argument("--clusters", type=int, default=10)
parser.add_argument("--iterations", type=int, default=50)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

pixels = load_digits().data


def distances(centres):
    return ((pixels[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def by_hand(generator):
    centres = pixels[generator.integers(len(pixels))][None]
    while len(centres) < args.clusters:
        nearest = distances(centres).min(axis=1)
        row = generator.choice(len(pixels), p=nearest / nearest.sum())
        centres = numpy.vstack([centres, pixels[row]])
    for _ in range(args.iterations):
        owner = distances(centres).argmin(axis=1)
        centres = numpy.array(
            [
                pixels[owner == number].mean(axis=0) if (owner == number).any() else centre
                for number, centre in enumerate(centres)
            ]
        )
    return centres


if args.library == "scikit-learn":
    model = KMeans(args.clusters, n_init=1, max_iter=args.iterations, tol=0, random_state=args.seed)
    centres = model.fit(pixels).cluster_centers_
elif args.library == "scipy":
    centres, _ = kmeans2(pixels, args.clusters, iter=args.iterations, minit="++", seed=args.seed)
else:
    centres = by_hand(numpy.random.default_rng(args.seed))

results = {"inertia": float(distances(centres).min(axis=1).mean())}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"mean squared distance to the centre: {results['inertia']:.2f}")
