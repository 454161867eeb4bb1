import os
import subprocess
import sys

import pytest

from ledger.capture import seeds
from ledger.errors import UsageError


@pytest.mark.parametrize("text", ["0", "42", "007", str(2**32), str(2**63 - 1)])
def test_whole_numbers_are_seeds(text):
    assert seeds.parse(text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "abc", "1_0", " 1", "1\n", "٣", str(2**63), "9" * 5000])
def test_anything_else_is_an_error_that_teaches(text):
    with pytest.raises(UsageError) as error:
        seeds.parse(text)
    assert error.value.exit_code == 2
    assert error.value.cause
    assert error.value.hint


def test_no_seed_sets_nothing():
    assert seeds.variables_for(None) == {}


def test_names_have_seeds_of_their_own_beside_the_trials():
    assert seeds.parse_all([]) == (None, ())
    assert seeds.parse_all(["3", "split=1", "data=7", "4", "data=8"]) == (4, (("data", 8), ("split", 1)))
    assert seeds.parse_all(["a=b=1"]) == (None, (("a=b", 1),))
    assert seeds.variables_for(None, (("data", 8),)) == {"LEDGER_SEEDS": '{"data": 8}'}
    assert seeds.variables_for(5, (("data", 8),)) == {
        "LEDGER_SEED": "5",
        "PYTHONHASHSEED": "5",
        "LEDGER_SEEDS": '{"data": 8}',
    }


@pytest.mark.parametrize("text", ["=1", "main=1", "data=", "data=x", "data=-1"])
def test_a_seed_of_no_name_is_an_error_that_teaches(text):
    with pytest.raises(UsageError, match="a bad seed") as error:
        seeds.parse_all([text])
    assert error.value.cause
    assert error.value.hint


@pytest.mark.parametrize(("seed", "hash_seed"), [(0, "0"), (7, "7"), (2**32 + 5, "5")])
def test_python_starts_with_the_variables_of_a_seed(seed, hash_seed):
    variables = seeds.variables_for(seed)
    assert variables == {"LEDGER_SEED": str(seed), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", "print(hash('a'))"]
    outputs = {subprocess.check_output(command, env=os.environ | variables) for _ in range(2)}
    assert len(outputs) == 1


@pytest.mark.parametrize(
    "name",
    [
        "seed",
        "seeds",
        "SEED",
        "random_seed",
        "randomSeed",
        "random_state",
        "randomstate",
        "np_seed",
        "data.split_seed",
        "manual_seed",
        "manualSeed",
        "seed_everything",
        "seed_worker",
        "seed0",
        "torch-seed",
        "train.random_state",
        "global_seed",
        "rng_seed",
        "seed_data",
    ],
)
def test_names_of_seeds(name):
    assert seeds.is_seed_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "lr",
        "num_seeds",
        "n_seeds",
        "seed_lr",
        "seed_text",
        "seedling",
        "linseed",
        "seed.lr",
        "random",
        "states",
        "use_seed",
        "no_seed",
        "randomize",
        "random_crop",
        "state",
        "seed_length",
        "with_seed",
    ],
)
def test_names_of_no_seeds(name):
    assert not seeds.is_seed_name(name)
