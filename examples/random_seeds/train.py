"""One line of a leaderboard: a classifier's error on tumours held out.

The seed says which tumours those are, and seeds the classifier.
"""

import argparse
import json

from sklearn.datasets import load_breast_cancer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODELS = {
    "forest": lambda seed: RandomForestClassifier(50, random_state=seed),
    "extra-trees": lambda seed: ExtraTreesClassifier(50, random_state=seed),
    "boosting": lambda seed: GradientBoostingClassifier(n_estimators=40, random_state=seed),
    "logistic": lambda _: LogisticRegression(max_iter=500),
    "discriminant": lambda _: LinearDiscriminantAnalysis(),
    "neighbours": lambda _: KNeighborsClassifier(),
}
parser = argparse.ArgumentParser()
parser.add_argument("--model", choices=MODELS, default="forest")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

tumours, malignant = load_breast_cancer(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(
    tumours, malignant, test_size=0.25, stratify=malignant, random_state=args.seed
)
model = make_pipeline(StandardScaler(), MODELS[args.model](args.seed)).fit(x_train, y_train)
results = {"error": 1 - model.score(x_val, y_val)}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{args.model}: {results['error']:.2%} of the tumours held out are taken for the other kind")
