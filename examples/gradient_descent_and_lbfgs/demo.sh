#!/bin/sh
# One model, one loss, one budget of gradients: what does it matter how the loss is made small?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/gradient_descent_and_lbfgs/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=gradient_descent_and_lbfgs
. "$here/../story.sh"
project
echo "1. The optimizer is a hyperparameter, and has hyperparameters of its own."
show ledger tune -q -x optimizers --minimize train_loss -n "$(budget 60 20)" -j 2 \
    -p 'optimizer=choice(gd,momentum,lbfgs)' -p 'lr=log(1e-3,10) if optimizer in (gd, momentum)' \
    -p 'beta=real(0,0.99) if optimizer == momentum' -p 'memory=int(3,20) if optimizer == lbfgs' \
    -- python train.py --optimizer '{optimizer}' --lr '{lr}' --beta '{beta}' --memory '{memory}'

echo
echo "2. Which of them matters? What one optimizer alone has is not left out."
show ledger best optimizers -n 3
show ledger importance optimizers

echo
echo "3. Gradient descent with its best learning rate against L-BFGS as it comes, each from several first weights."
gd=$(ledger log -x optimizers --where 'optimizer = gd' --sort train_loss -n 1 --json |
    python -c 'import json, sys; print(json.load(sys.stdin)[0]["hyperparameters"]["lr"])')
show ledger run -q -x descent --name first-descent python train.py --optimizer gd --lr "$gd" --seed 0
show ledger seeds first-descent -n "$(budget 12 3)" -j 2 -q -x descent --minimize train_loss
show ledger run -q -x lbfgs --name first-lbfgs python train.py --optimizer lbfgs --seed 0
show ledger seeds first-lbfgs -n "$(budget 12 3)" -j 2 -q -x lbfgs --minimize train_loss
show ledger diff descent lbfgs --minimize train_loss --ignore lr
