#!/bin/sh
# Batches of 2 to 2048 examples, on one budget of examples. Which is best, and does it depend on the learning rate?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/batch_size/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=batch_size
. "$here/../story.sh"
project
sizes=$(budget 2,4,8,16,32,64,128,256,512,1024,2048 2,16,64,256,2048)

echo "1. Every batch size with three learning rates and two seeds, 20,000 examples each."
show ledger tune -q -x batches --minimize val_error -n "$(budget 66 20)" -j 2 --sampler grid \
    -p "batch_size=ordinal($sizes)" -p "lr=ordinal($(budget 0.01,0.1,1 0.1,1))" -p 'first=int(1,2,role=seed)' \
    -- python train.py --batch-size '{batch_size}' --lr '{lr}' --seed '{first}'

echo
echo "2. The best of them by their means. A batch of 2048 makes 9 steps on this budget."
show ledger best batches -n 5

echo
echo "3. How much is the batch size, how much the learning rate, and how much both together?"
show ledger importance batches --method fanova --pairs

echo
echo "4. Small batches against large ones, at the best learning rate of each? Not beyond the noise of two seeds:"
show ledger diff batches --where 'batch_size = 2 and lr = 0.1' --where 'batch_size = 64 and lr = 1' --ignore lr --minimize val_error
