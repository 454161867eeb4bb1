#!/bin/sh
# C, gamma and the tolerance of a support vector machine: which of them matters, for the error and for the time?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/svm_tolerance/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=svm_tolerance
. "$here/../story.sh"
project
echo "1. A search over all three; C, gamma and tol are tried by ratios."
show ledger tune -q -x svm --minimize val_error -n "$(budget 60 20)" -j 2 \
    -p 'C=log(1e-2,1e3)' -p 'gamma=log(1e-5,1e-1)' -p 'tol=log(1e-6,1)' \
    -- python train.py --C '{C}' --gamma '{gamma}' --tol '{tol}'

echo
echo "2. Which of them matters?"
show ledger importance svm
show ledger importance svm --method fanova --pairs

echo
echo "3. And at the best one, what does a single change do?"
show ledger importance svm --local
show ledger best svm -n 3
