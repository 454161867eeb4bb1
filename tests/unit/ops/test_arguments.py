"""Other values in a recorded command line."""

from types import SimpleNamespace

import pytest

from ledger.model import Hyperparameter, HyperparameterType
from ledger.ops.arguments import replaced, unnamed


def trial(*argv, **values):
    parameters = tuple(
        Hyperparameter(name=name, value=value, type=HyperparameterType.INTEGER, source="argument")
        for name, value in values.items()
    )
    intent = SimpleNamespace(argv=argv, directory=".", seed=None, seeds=())
    return SimpleNamespace(
        intent=intent, root="/home", hyperparameters=parameters, outcome=None, observed=None
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--seed 3 --lr 1", "--seed 9 --lr 1"),
        ("--seed=3", "--seed=9"),
        ("seed=3", "seed=9"),
        ("+seed=3", "+seed=9"),
        ("--lr -1 --seed -3", "--lr -1 --seed 9"),
        ("--seed 3 --seed 4", "--seed 9 --seed 9"),
        ("--seed 3 -- --seed 3", "--seed 9 -- --seed 3"),
    ],
)
def test_a_word_that_names_it_is_given_the_value(words, expected):
    argv = ("python", "train.py", *words.split())
    assert replaced(trial(*argv, seed=3), {"seed": "9"}) == (
        ("python", "train.py", *expected.split()),
        frozenset(),
    )


def test_dashes_are_underscores():
    argv = ("python", "train.py", "--random-state", "3")
    assert replaced(trial(*argv), {"random_state": "9"})[0][-1] == "9"


def test_the_one_word_of_its_value_is_it_where_none_names_it():
    argv = ("python", "-O", "train.py", "-s", "3", "7")
    known = trial(*argv, seed=3, size=7)
    assert replaced(known, {"seed": "7", "size": "3"}) == ((*argv[:4], "7", "3"), frozenset())
    assert replaced(trial(*argv, seed=3, depth=3), {"seed": "9"}) == (argv, {"seed"})
    assert replaced(trial("python", "train.py", "3", "3", seed=3), {"seed": "9"})[1] == {"seed"}


def test_what_nobody_can_place_is_named():
    argv = ("python", "train.py", "--seed")
    assert replaced(trial(*argv, lr=1), {"seed": "9", "lr": "2"}) == (argv, {"seed", "lr"})
    assert replaced(trial("python", "-c", "print(1)", seed=1), {"seed": "2"})[1] == {"seed"}


@pytest.mark.parametrize(
    ("words", "values", "expected"),
    [
        ("./fit.sh 0.1 out.txt", {}, ("0.1", "out.txt")),
        ("./fit.sh 0.1 7", {"seed": 7}, ("0.1",)),
        ("./fit.sh 0.10 7", {"rate": 0.1}, ("7",)),
        ("./fit.sh 8 4 x", {"layers": (8, 4)}, ("x",)),
        ("./fit.sh --rate 0.1 x", {"rate": 0.1}, ()),
        ("./fit.sh a rate=0.1 -- b", {"rate": 0.1}, ("a", "b")),
        ("./fit.sh 3 --seed 3", {"seed": 3}, ("3",)),
        ("./fit.sh /home/data.csv /data/b.csv", {}, ("data.csv", "/data/b.csv")),
        ("python train.py data.csv", {}, ("data.csv",)),
        ("python train.py", {}, ()),
    ],
)
def test_words_that_nothing_has_a_name_for(words, values, expected):
    assert unnamed(trial(*words.split(), **values)) == expected


def test_a_seed_and_what_a_command_writes_are_not_among_them():
    known = trial("./fit.sh", "0.1", "3", "4", "5", "out/3.txt", "plots", "/home/log", "/tmp/x", "data.csv")
    known.intent.seed, known.intent.seeds, known.intent.directory = 3, (("data", 4),), "work"
    known.observed = SimpleNamespace(seeded=(SimpleNamespace(value="5"),))
    paths = ("work/out/3.txt", "work/plots/a.png", "log", "/tmp/x")
    known.outcome = SimpleNamespace(outputs=tuple(SimpleNamespace(path=path) for path in paths))
    assert unnamed(known) == ("0.1", "data.csv")
