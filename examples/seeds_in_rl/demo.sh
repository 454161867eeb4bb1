#!/bin/sh
# DDPG and its successor TD3 on one pendulum. Which is better, and how many seeds does it take to tell?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/seeds_in_rl/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=seeds_in_rl
. "$here/../story.sh"
project
seeds=$(budget 20 3) steps=$(budget 8000 1200)

echo "1. One seed each."
show ledger run -q -x ddpg --name first-ddpg python train.py --method ddpg --steps "$steps" --seed 1
show ledger run -q -x td3 --name first-td3 python train.py --method td3 --steps "$steps" --seed 1

echo
echo "2. Many seeds each: where in its distribution was the first one?"
show ledger seeds first-ddpg -n "$seeds" -j 2 -q -x ddpg --maximize return
show ledger seeds first-td3 -n "$seeds" -j 2 -q -x td3 --maximize return

echo
echo "3. Is one better? How many seeds would tell?"
show ledger diff ddpg td3 --maximize return

echo
echo "4. Small changes of two hyperparameters, with two seeds each: what does each method depend on?"
for method in ddpg td3; do
    show ledger tune -q -x "$method-around" --maximize return -n "$(budget 18 4)" -j 2 --sampler grid \
        -p "lr=ordinal($(budget 0.001,0.003,0.01 0.003,0.01))" -p "exploration=ordinal($(budget 0.1,0.3,0.6 0.3))" \
        -p "start=int(1,2,role=seed)" \
        -- python train.py --method "$method" --steps "$steps" --lr '{lr}' --exploration '{exploration}' --seed '{start}'
    show ledger robustness "$method-around"
done
