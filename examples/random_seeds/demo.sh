#!/bin/sh
# A leaderboard of six classifiers. Does the first place go to the best one, or to a seed?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/random_seeds/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=random_seeds
. "$here/../story.sh"
project
seeds=$(budget 12 3)

echo "1. Six classifiers, each on the same splits."
show ledger tune -q -x leaderboard --minimize error -n $((6 * seeds)) -j 2 --sampler grid:points="$seeds" \
    -p 'model=choice(forest,extra-trees,boosting,logistic,discriminant,neighbours)' \
    -p "split=int(1,$seeds,role=seed)" -- python train.py --model '{model}' --seed '{split}'

echo
echo "2. Two leaderboards, each of one split. The order is another one."
show ledger log -x leaderboard --where 'seed = 1' --sort error
show ledger log -x leaderboard --where 'seed = 2' --sort error

echo
echo "3. All splits: means with intervals, and how often each one is within how much."
show ledger best leaderboard -n 6
show ledger robustness leaderboard --group model

echo
echo "4. The first and the last of them, and two neighbours: what can be told from noise?"
first=$(ledger best leaderboard -n 6 --json | python -c 'import json, sys
for each in json.load(sys.stdin)["best"]: print(each["trial"]["hyperparameters"]["model"])')
set -- $first
show ledger diff leaderboard --where "model = '$1'" --where "model = '$2'" --minimize error
show ledger diff leaderboard --where "model = '$1'" --where "model = '$6'" --minimize error
