"""Train a small LSTM on one of three tasks, by stochastic gradient descent with momentum.

rows: handwritten digits, read row by row. adding: the sum of the two numbers of a sequence that are marked.
order: which of two signs came first in a noisy sequence. Every trial sees as many examples.
"""

import argparse
import json

import torch
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--task", choices=["rows", "adding", "order"], default="rows")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--units", type=int, default=24)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--examples", type=int, default=12_000, help="the budget")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

torch.manual_seed(args.seed)
torch.set_num_threads(1)


def rows():
    pixels, digits = load_digits(return_X_y=True)
    return torch.tensor(pixels / 16, dtype=torch.float32).reshape(-1, 8, 8), torch.tensor(digits)


def adding(count=2000, length=10):
    numbers, marks = torch.rand(count, length), torch.zeros(count, length)
    places = torch.stack([torch.randperm(length)[:2] for _ in range(count)])
    marks.scatter_(1, places, 1.0)
    return torch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1, keepdim=True)


def order(count=2000, length=12):
    x = 0.3 * torch.randn(count, length, 2)
    places = torch.stack([torch.randperm(length)[:2].sort().values for _ in range(count)])
    first = torch.randint(2, (count,))
    every = torch.arange(count)
    x[every, places[:, 0], first] += 1.0
    x[every, places[:, 1], 1 - first] += 1.0
    return x, first


x, y = {"rows": rows, "adding": adding, "order": order}[args.task]()
mixed = torch.randperm(len(x))
held_out, training = mixed[: len(x) // 4], mixed[len(x) // 4 :]
numbers = args.task == "adding"
classes = 1 if numbers else int(y.max()) + 1
lstm = nn.LSTM(x.shape[2], args.units, batch_first=True)
head = nn.Linear(args.units, classes)
weights = [*lstm.parameters(), *head.parameters()]
optimizer = torch.optim.SGD(weights, args.lr, momentum=args.momentum)
loss_of = nn.MSELoss() if numbers else nn.CrossEntropyLoss()
for _ in range(max(args.examples // args.batch_size, 1)):
    batch = training[torch.randint(len(training), (args.batch_size,))]
    optimizer.zero_grad()
    loss = loss_of(head(lstm(x[batch])[0][:, -1]), y[batch])
    loss.backward()
    nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()


def error(rows):
    """Share of sequences that are misread; of sums, the variance that is not explained."""
    with torch.no_grad():
        found = head(lstm(x[rows])[0][:, -1])
    if numbers:
        return min(float((found - y[rows]).square().mean() / y[rows].var()), 1.0)
    return float((found.argmax(dim=1) != y[rows]).float().mean())


results = {"train_error": error(training), "val_error": error(held_out)}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{args.task}: {results['val_error']:.3f} on sequences held out")
