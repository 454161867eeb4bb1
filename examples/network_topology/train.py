"""Read handwritten digits with a network of as many layers as it is told: train.py --units 64 32."""

import argparse
import json
import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--units", type=int, nargs="+", default=[64], help="of each hidden layer")
parser.add_argument("--activation", choices=["relu", "tanh", "logistic"], default="relu")
parser.add_argument("--lr", type=float, default=0.001)
parser.add_argument("--decay", type=float, default=0.0001, help="of the weights")
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

pixels, digits = load_digits(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    pixels / 16, digits, test_size=0.25, stratify=digits, random_state=args.seed
)
model = MLPClassifier(
    args.units,
    activation=args.activation,
    learning_rate_init=args.lr,
    alpha=args.decay,
    max_iter=args.epochs,
    random_state=args.seed,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs are what it gets
    model.fit(x_train, y_train)
results = {
    "train_error": 1 - model.score(x_train, y_train),
    "val_error": 1 - model.score(x_val, y_val),
    "weights": sum(each.size for each in (*model.coefs_, *model.intercepts_)),
}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{results['val_error']:.2%} of the digits held out are misread")
