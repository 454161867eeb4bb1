#!/bin/sh
# One algorithm in three libraries, on the same data. Do they agree?
# Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/implementations/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=implementations
. "$here/../story.sh"
project
echo "1. k-means, begun with k-means++, by scikit-learn, SciPy and thirty lines of NumPy, from the same seeds."
show ledger tune -q -x k-means --minimize inertia -n "$(budget 60 12)" -j 2 --sampler grid:points="$(budget 20 4)" \
    -p 'library=choice(scikit-learn,scipy,numpy)' -p "start=int(1,$(budget 20 4),role=seed)" \
    -- python train.py --library '{library}' --seed '{start}'

echo
echo "2. Do they agree? The spread over seeds, and how often each one is within how much of the best."
show ledger robustness k-means --group library

echo
echo "3. Two of them, held against each other."
show ledger diff k-means --where 'library = scipy' --where 'library = scikit-learn' --minimize inertia
