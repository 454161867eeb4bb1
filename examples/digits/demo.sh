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

replay() { # make a trial again, and insist on the verdict
    show ledger replay "$1" # exits with 4 if it diverged
    case $(ledger show "$1" --json) in
    *'"verdict": "equivalent"'*)
        echo "error: the replay is not identical; its ledger is in $place/project" >&2
        exit 1
        ;;
    esac
}

mkdir "$place/project"
cp "$here/train.py" "$here/shares.sh" "$place/project"
cd "$place/project"
python - <<END
import gzip, pathlib, sklearn
packed = pathlib.Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz"
pathlib.Path("../digits.csv").write_bytes(gzip.decompress(packed.read_bytes()))
END
git init --quiet .
git add train.py shares.sh
git -c user.name=demo -c user.email=demo@example.org commit --quiet --message "Train on the digits"
echo "A git repository with two programs, train.py and shares.sh: $place/project"
echo "Its data, outside of it: $place/digits.csv"

echo
echo "1. Record a training. train.py knows nothing of the ledger, and nobody names its inputs or outputs."
show ledger run -x digits --name first python train.py --lr 0.001
show ledger show first

echo
echo "2. Make it again from that record alone, in an environment made from the record, and compare."
replay first

echo
echo "3. The same with another learning rate. What differs, and what came of it?"
show ledger run -x digits python train.py --lr 0.01
show ledger diff first @

echo
echo "4. Somebody changes the data in place. What differs?"
sed '1,400s/8$/3/' ../digits.csv >../changed.csv
mv ../changed.csv ../digits.csv
show ledger run -x digits python train.py --lr 0.001
show ledger diff first @ --hyperparameters --seeds --env --inputs --metrics
echo
echo "The first one comes out as it was all the same: its data are in its record."
replay first

echo
echo "5. A program need not be Python. What cannot be known of it is said."
show ledger run -x shares sh shares.sh ../digits.csv
show ledger show @

echo
echo "6. All trials, and whether the record is whole."
show ledger log
show ledger verify

cat <<END

Where to look next:
    cd $place/project
    ledger cat first metrics.json       a file that it made
    ledger cat first ../digits.csv      the data as they were
    ledger checkout first --to first    the files of the first one, in a new directory
    ledger log --where 'lr > 0.001'     some of the trials
Then in a project of your own: ledger run python your_script.py
END
