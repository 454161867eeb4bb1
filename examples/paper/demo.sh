#!/bin/sh
# A number in a paper, made on two machines, and a reviewer who has neither: only a file and a public key.
# It fails unless the story comes out. Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/paper/demo.sh [DIRECTORY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
story=paper
. "$here/../story.sh"

project() { # a directory with the program and its data
    mkdir "$place/$1"
    cp "$here/train.py" "$place/$1"
    cd "$place/$1"
    python - <<'PYTHON'
import pathlib

import sklearn

data = pathlib.Path(sklearn.__file__).parent / "datasets" / "data" / "breast_cancer.csv"
pathlib.Path("tumours.csv").write_bytes(data.read_bytes())
PYTHON
}

XDG_CACHE_HOME=$place/ann-cache
export XDG_CACHE_HOME
ssh-keygen -q -t ed25519 -N "" -C ann@example.org -f "$place/key"

echo "1. Ann trains on her laptop, and shares her ledger through a directory that her other machine sees, too."
project laptop
show ledger run -q -x tumours --name lr-0.0003 python train.py --lr 0.0003
expect 0 "lab is" -- ledger remote add lab ../lab
expect 0 "pushed 2 entries" -- ledger push

echo
echo "2. On a cluster she trains twice more, in a ledger of its own, and shares that, too. Neither waits for the other."
project cluster
for lr in 0.01 0.1; do
    show ledger run -q -x tumours --name "lr-$lr" python train.py --lr "$lr"
done
expect 0 "lab is" -- ledger remote add lab ../lab
expect 0 "pushed 4 entries" -- ledger push

echo
echo "3. Back on the laptop: whatever was pulled was checked first. Which one is the best, and of how many?"
cd ../laptop
expect 0 "pulled 4 entries" -- ledger pull
expect 0 "3 trials of tumours" -- ledger best -x tumours --maximize accuracy -n 3
show ledger tag lr-0.1 paper

echo
echo "4. She signs what her ledger holds, and writes the trial, all that it needs and all that proves it into one file."
expect 0 whole -- ledger verify --sign --key ../key
expect 0 "1 trial" -- ledger bundle paper -o ../paper.ledger
expect 0 "one of 3 trials" -- ledger prove paper -o ../proof.json

cd "$place"
mkdir reviewer
mv paper.ledger proof.json reviewer
mv key.pub reviewer/ann.pub
rm -rf laptop cluster lab ann-cache key
cd reviewer
XDG_CACHE_HOME=$place/reviewer-cache

echo
echo "5. The reviewer has the file, the proof and Ann's public key. Her machines are gone."
show ls
expect 0 "vouched for by what you named" "which you named" -- ledger open paper.ledger --key ann.pub

cd paper
echo
echo "6. What was done? All of it is there to be looked at; nothing was run so far."
expect 0 paper -- ledger log
printf '\n$ ledger cat paper train.py | tail -n 3\n'
ledger cat paper train.py | tail -n 3

echo
echo "7. Does the number come out again?"
expect 0 identical -- ledger replay paper --env current
cd ..

echo
echo "8. How many trials were there to choose from? The proof says where in the signed ledger this one is."
expect 0 "one of 3 trials" -- ledger verify proof.json --key ann.pub

echo
echo "9. Somebody changes one byte of the file on its way, or signs with another key."
cp paper.ledger changed.ledger
printf X | dd of=changed.ledger bs=1 seek=9 conv=notrunc 2>/dev/null
expect 4 "is refused" -- ledger open changed.ledger --key ann.pub
ssh-keygen -q -t ed25519 -N "" -C mallory@example.org -f mallory
expect 4 "not signed by a key that you named" -- ledger open paper.ledger again --key mallory.pub
[ ! -e changed ] && [ ! -e again ]
