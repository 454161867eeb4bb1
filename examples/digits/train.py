"""Train a small neural network on the handwritten digits of a table: 64 pixels, then the digit.

It knows nothing of the ledger: its hyperparameters are arguments, its results are files.
"""

import argparse
import json

import joblib
import numpy
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="../digits.csv")
parser.add_argument("--lr", type=float, default=0.001, help="initial learning rate")
parser.add_argument("--hidden", type=int, default=64, help="units of the hidden layer")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

table = numpy.loadtxt(args.data, delimiter=",")
pixels, digits = table[:, :64] / 16, table[:, 64].astype(int)
x_train, x_val, y_train, y_val = train_test_split(
    pixels, digits, test_size=0.25, stratify=digits, random_state=args.seed
)
model = MLPClassifier(
    hidden_layer_sizes=(args.hidden,), learning_rate_init=args.lr, random_state=args.seed, batch_size=64
)
epochs = []
for epoch in range(1, args.epochs + 1):
    model.partial_fit(x_train, y_train, classes=range(10))
    epochs.append(
        {
            "epoch": epoch,
            "loss": model.loss_,
            "train_accuracy": model.score(x_train, y_train),
            "val_accuracy": model.score(x_val, y_val),
        }
    )
    if epoch % 5 == 0:
        accuracy = epochs[-1]["val_accuracy"]
        print(f"epoch {epoch:3}  loss {model.loss_:.4f}  validation accuracy {accuracy:.4f}", flush=True)

joblib.dump(model, "model.joblib")
with open("metrics.json", "w") as file:
    json.dump(epochs, file, indent=1)
