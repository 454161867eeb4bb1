#!/bin/sh
# How many layers, how many units in each, and how to train them: hyperparameters that exist only if others say so.
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/network_topology/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=network_topology
. "$here/../story.sh"
project
echo "1. The space is in a file: a layer has units only if there is such a layer. Its hyperparameters have roles."
printf '\n$ cat space.toml\n'
cat space.toml
show ledger tune -q -x topology --minimize val_error -n "$(budget 50 20)" -j 2 --space space.toml \
    -- python train.py --units '{units*}' --activation '{activation}' --lr '{lr}' --decay '{decay}'

echo
echo "2. The best networks, and which hyperparameters matter; those that not every network has are not left out."
show ledger best topology -n 3
show ledger importance topology

echo
echo "3. From the default to the best: which change is worth what?"
show ledger ablation topology
