#!/bin/sh
# A number that was right three months ago is another one today. What changed it, and is the old one still to be had?
# It fails unless the story comes out. Everything happens in DIRECTORY, else in a temporary one that is removed.
# `make examples` runs this: sh examples/drift/demo.sh [DIRECTORY]
set -eu

old=2.3.3 new=3.1.1 # of pandas; numpy stays as it is
here=$(cd "$(dirname "$0")" && pwd)
unset UV_PYTHON UV_SYSTEM_PYTHON
story=drift
. "$here/../story.sh"

mkdir "$place/project"
cp "$here/train.py" "$place/project"
cd "$place/project"
python - <<'PYTHON'
import gzip
import pathlib

import sklearn

data = pathlib.Path(sklearn.__file__).parent / "datasets" / "data"
measured, progression = (
    gzip.decompress((data / f"diabetes_{name}.csv.gz").read_bytes()).decode().splitlines()
    for name in ("data_raw", "target")
)
with open("../patients.csv", "w") as file:
    print("age,sex,bmi,bp,s1,s2,s3,s4,s5,s6,progression", file=file)
    for number, (row, target) in enumerate(zip(measured, progression)):
        values = row.split()
        if number % 20 == 3:
            values[2] = "999"
        print(*values, float(target), sep=",", file=file)
PYTHON
git init --quiet .
git add train.py
git -c user.name=demo -c user.email=demo@example.org commit --quiet --message "Predict the progression of diabetes"

python=$(command -v python)
UV_CACHE_DIR=$(uv cache dir) # downloads are shared, environments that are made here are not kept
XDG_CACHE_HOME=$place/cache
VIRTUAL_ENV=$place/environment
PATH=$VIRTUAL_ENV/bin:$PATH
export UV_CACHE_DIR XDG_CACHE_HOME VIRTUAL_ENV PATH
uv venv --quiet --python "$python" "$VIRTUAL_ENV"

echo "1. Three months ago: a training is recorded."
show uv pip install --quiet "pandas==$old" numpy==2.3.5
show ledger run -x drift --name before python train.py --lr 0.05

echo
echo "2. Then pandas is upgraded. Does the same command still give the same number?"
show uv pip install --quiet "pandas==$new"
expect 4 diverged "package pandas: $old → $new" -- ledger replay before --env current

echo
echo "3. Is the old number still to be had? Without --env current the environment is made again, too."
expect 0 identical -- ledger replay before

echo
echo "4. Today's training has another learning rate as well. Which of the two made it worse?"
show ledger run -x drift --name after python train.py --lr 0.03
expect 0 "% is the environment (pandas $old → $new)" "% hyperparameters (lr 0.05 → 0.03)" -- ledger why before after

echo
echo "5. In pandas 3 no method of a column changes the table that it is from. What it returns is assigned:"
sed 's/^patients\["bmi"\].*/patients["bmi"] = patients["bmi"].replace(999, patients["bmi"].median())/' train.py >../edited
cp ../edited train.py
show ledger run -x drift --name repaired python train.py --lr 0.05
expect 0 "other code, environment; the same results" -- ledger diff before repaired --code --env
