"""Predict the progression of diabetes from 10 measurements, their squares and their products.

Least squares has nothing to set before it fits. The lasso has alpha, the price of a coefficient.
"""

import argparse
import json
import warnings

import numpy
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, help="price of a coefficient; without it: least squares")
parser.add_argument("--seed", type=int, default=0, help="of the split")
args = parser.parse_args()

patients, progression = load_diabetes(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    patients, progression, test_size=0.25, random_state=args.seed
)
line = LinearRegression() if args.alpha is None else Lasso(alpha=args.alpha, max_iter=5000)
model = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), line)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(x_train, y_train)


def error(features, truth):
    return float(numpy.abs(model.predict(features) - truth).mean())


results = {
    "train_error": error(x_train, y_train),
    "val_error": error(x_val, y_val),
    "coefficients": int(numpy.count_nonzero(line.coef_)),
}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"mean error on patients held out: {results['val_error']:.2f}")
