#!/bin/sh
# The degree of a polynomial cannot be learnt from the points that it is fitted to. Why not?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/polynomial_degree/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=polynomial_degree
. "$here/../story.sh"
project
splits=$(budget 4 2) degrees=$(budget 12 6)

echo "1. All degrees, each on several sets of points."
show ledger tune -q -x degrees --minimize val_loss -n $((splits * degrees)) -j 2 --sampler grid:points="$degrees" \
    -p "degree=int(1,$degrees)" -p "draw=int(1,$splits,role=seed)" -- python train.py --degree '{degree}' --seed '{draw}'

echo
echo "2. The degree that fits the points best is not the one that fits others best."
show ledger best degrees --minimize train_loss
show ledger best degrees --minimize val_loss

echo
echo "3. What the ledger says of it: a hyperparameter that lowers the one and raises the other."
show ledger importance degrees --against train_loss
