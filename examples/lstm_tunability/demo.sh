#!/bin/sh
# Which hyperparameters of an LSTM are worth tuning to each task: learning rate and size, or batch size and momentum?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/lstm_tunability/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=lstm_tunability
. "$here/../story.sh"
project
for python in "${STORY_PYTHON:-python}" /usr/bin/python3 none; do
    "$python" -c "import torch, sklearn" 2>/dev/null && break
done
[ "$python" != none ] || { echo "left out: this story needs a Python with torch and scikit-learn: STORY_PYTHON=…" >&2 && exit 0; }
trials=$(budget 32 20)

echo "1. Three tasks, the same points of one space on each of them."
for task in rows adding order; do
    show ledger tune -q -x "$task" --minimize val_error -n "$trials" -j 2 --sampler sobol --seed 1 \
        -p 'lr=log(0.003,1)' -p 'units=int(4,64,log)' -p 'batch_size=ordinal(8,16,32,64,128)' -p 'momentum=real(0,0.99)' \
        -- "$python" train.py --task "$task" --examples "$(budget 12000 600)" \
        --lr '{lr}' --units '{units}' --batch-size '{batch_size}' --momentum '{momentum}'
done

echo
echo "2. What does tuning to each task gain over one default for all, and with which hyperparameter?"
show ledger tunability rows adding order --pairs
show ledger sensitivity rows adding order

echo
echo "3. Which matter on one task?"
show ledger importance adding --method fanova
