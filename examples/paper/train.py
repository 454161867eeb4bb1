"""Tell malignant tumours from benign ones: logistic regression, by stochastic gradient descent.

It knows nothing of the ledger, and needs nothing but Python.
"""

import argparse
import csv
import json
import math
import random

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="tumours.csv")
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

random.seed(args.seed)
with open(args.data, newline="") as file:
    rows = [[float(value) for value in row] for row in list(csv.reader(file))[1:]]
columns = list(zip(*rows, strict=True))[:-1]
means = [sum(column) / len(column) for column in columns]
spreads = [
    math.sqrt(sum((x - mean) ** 2 for x in column) / len(column))
    for column, mean in zip(columns, means, strict=True)
]
examples = [
    ([(x - mean) / spread for x, mean, spread in zip(row[:-1], means, spreads, strict=True)] + [1.0], row[-1])
    for row in rows
]
random.shuffle(examples)
held_out, training = examples[:150], examples[150:]


def probability(weights, features):
    return 1 / (1 + math.exp(-max(-30, min(30, sum(w * x for w, x in zip(weights, features, strict=True))))))


weights = [0.0] * len(examples[0][0])
points = []
for epoch in range(args.epochs):
    random.shuffle(training)
    for features, label in training:
        error = label - probability(weights, features)
        weights = [w + args.lr * error * x for w, x in zip(weights, features, strict=True)]
    right = sum((probability(weights, features) > 0.5) == label for features, label in held_out)
    points.append({"step": epoch, "accuracy": right / len(held_out)})

with open("metrics.json", "w") as file:
    json.dump(points, file)
with open("weights.json", "w") as file:
    json.dump(weights, file)
print(f"accuracy on patients held out: {points[-1]['accuracy']:.3f}")
