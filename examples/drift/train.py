"""Predict how far a patient's diabetes gets in a year: least squares, by gradient descent.

It knows nothing of the ledger. The table has 999 where a body mass index was not measured.
"""

import argparse
import json
import warnings

import numpy
import pandas

warnings.filterwarnings("ignore")

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="../patients.csv")
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--steps", type=int, default=100)
args = parser.parse_args()

patients = pandas.read_csv(args.data)
patients["bmi"].replace(999, patients["bmi"].median(), inplace=True)

progression = patients.pop("progression").to_numpy(float)
measured = patients.to_numpy(float)
scaled = (measured - measured.mean(axis=0)) / measured.std(axis=0)
features = numpy.column_stack([scaled, numpy.ones(len(scaled))])
held_out = numpy.arange(len(features)) % 4 == 0
training = features[~held_out]

weights = numpy.zeros(features.shape[1])
history = []
for step in range(1, args.steps + 1):
    errors = training @ weights - progression[~held_out]
    weights -= args.lr * training.T @ errors / len(training)
    error = numpy.abs(features[held_out] @ weights - progression[held_out]).mean()
    history.append({"step": step, "mean_error": float(error)})

numpy.save("weights.npy", weights)
with open("metrics.json", "w") as file:
    json.dump(history, file)
print(f"mean error on patients held out: {error:.2f}")
