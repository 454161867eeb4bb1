#!/bin/sh
# Least squares has nothing to set before it fits; the lasso has. Is it worth the trouble?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/least_squares_and_lasso/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=least_squares_and_lasso
. "$here/../story.sh"
project
seeds=$(budget 20 4)

echo "1. Least squares has nothing to set. How good it is depends on which patients are held out: so on many splits."
show ledger run -q -x least-squares --name plain python train.py --seed 0
show ledger seeds plain -n "$seeds" -j 2 -q -x least-squares --minimize val_error

echo
echo "2. The lasso has to be told the price of a coefficient before it fits. Each price is judged on several splits."
show ledger tune -q -x lasso --minimize val_error -n "$(budget 60 8)" -j 2 --seeds 8 -p 'alpha=log(0.01,30)' \
    -- python train.py --alpha '{alpha}' --seed '{seed}'
show ledger best lasso

echo
echo "3. The best price, on the same splits as least squares. Is it better, and beyond the noise of the splits?"
best=$(ledger best lasso --json | python -c 'import json, sys; print(json.load(sys.stdin)["best"][0]["trial"]["id"])')
alpha=$(ledger show "$best" --json | python -c 'import json, sys; print(json.load(sys.stdin)["hyperparameters"]["alpha"])')
show ledger run -q -x tuned-lasso --name tuned python train.py --alpha "$alpha" --seed 0
show ledger seeds tuned -n "$seeds" -j 2 -q -x tuned-lasso --minimize val_error
show ledger diff least-squares tuned-lasso --minimize val_error
