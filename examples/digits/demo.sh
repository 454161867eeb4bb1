#!/bin/sh
# The main job on a real training: record it, make it again, change it, compare, verify.
# Everything happens in a temporary copy with a git repository of its own. `make demo` runs this.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d "${TMPDIR:-/tmp}/ledger-demo.XXXXXX")
unset LEDGER_DIR LEDGER_TRIAL LEDGER_SPOOL LEDGER_SEED

show() { # print a command, then run it
    printf '\n$ %s\n' "$*"
    "$@"
}

cp "$here/train.py" "$place"
cd "$place"
git init --quiet .
git add train.py
git -c user.name=demo -c user.email=demo@example.org commit --quiet --message "Train on the digits"
echo "A git repository with one file, train.py: $place"

echo
echo "1. Record a training. train.py knows nothing of the ledger."
show ledger run -x digits python train.py --lr 0.001

echo
echo "2. Make it again from that record alone, in an environment made from the record, and compare."
show ledger replay @
ledger show @ --json | grep --quiet '"verdict": "identical"' || {
    echo "error: the replay is not identical; its ledger is in $place" >&2
    exit 1
}

echo
echo "3. The same with another learning rate. What differs, and what came of it?"
show ledger run -x digits python train.py --lr 0.01
show ledger diff @~1 @

echo
echo "4. All trials, and whether the record is whole."
show ledger log
show ledger verify

cat <<END

Where to look next:
    cd $place
    ledger show @                    all that is recorded of the last trial
    ledger cat @ metrics.json        a file that it made
    ledger checkout @~1 --to first   the files of the first one, in a new directory
    ledger log --where 'lr > 0.001'  some of the trials
Then in a project of your own: ledger run python your_script.py
END
