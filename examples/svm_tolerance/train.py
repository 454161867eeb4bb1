"""Read handwritten digits with a support vector machine."""

import argparse
import json

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

parser = argparse.ArgumentParser()
parser.add_argument("--C", type=float, default=1.0, help="price of a digit on the wrong side")
parser.add_argument("--gamma", type=float, default=0.001, help="how fast likeness falls with distance")
parser.add_argument("--tol", type=float, default=0.001, help="where the solver stops")
parser.add_argument("--seed", type=int, default=0, help="of the split")
args = parser.parse_args()

pixels, digits = load_digits(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    pixels, digits, test_size=0.5, stratify=digits, random_state=args.seed
)
model = SVC(C=args.C, gamma=args.gamma, tol=args.tol).fit(x_train, y_train)
results = {
    "train_error": 1 - model.score(x_train, y_train),
    "val_error": 1 - model.score(x_val, y_val),
    "iterations": int(model.n_iter_.sum()),
}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{results['val_error']:.2%} of the digits held out are misread")
