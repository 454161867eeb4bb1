"""Command lines taken apart and put together: values in, values out."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.model import Interpreter
from ledger.ops import why_command


@pytest.fixture
def pair(maker):
    """Return a function: two command lines, and their hyperparameters → the two taken apart."""

    template = maker.made()

    def make(a, b, values=({}, {}), executables=(None, None), roots=(None, None)):
        trials = []
        for words, params, executable, root in zip((a, b), values, executables, roots, strict=True):
            intent = replace(template.intent, argv=tuple(words.split()))
            trial = replace(template, intent=intent, hyperparameters=maker.hyperparameters(params))
            if executable:
                interpreter = Interpreter(executable=executable, base="/b", version="3", has_ledger=False)
                trial = replace(trial, interpreter=interpreter)
            trials.append(replace(trial, root=root or trial.root))
        return why_command.read(*trials)

    return make


def composed(commands, **sides):
    return " ".join(commands.composed(**{"program": 0, "rest": 0, "seeds": 0} | sides))


@pytest.mark.parametrize(
    ("a", "b", "rest", "seeds"),
    [
        ("python t.py --lr 1 --seed 2", "python t.py --lr 1 --seed 2", False, False),
        ("python t.py --lr 1 --seed 2", "python t.py --seed=2 --lr=1", False, False),
        ("python t.py --lr 1", "python t.py --lr 1.0", False, False),
        ("python t.py --lr 1 --seed 2", "python t.py --lr 2 --seed 2", True, False),
        ("python t.py --lr 1 --seed 2", "python t.py --lr 1 --seed 3", False, True),
        ("python t.py lr=1 seed=2", "python t.py lr=2 seed=3", True, True),
        ("python t.py", "python u.py", True, False),
        ("python t.py a", "python t.py b", True, False),
        ("python t.py -- --seed 1", "python t.py -- --seed 2", True, False),
        ("sh run.sh 1", "sh run.sh 2", True, False),
    ],
)
def test_what_differs(pair, a, b, rest, seeds):
    found = pair(a, b)
    assert (found.hyperparameters, found.seeds, found.separable) == (rest, seeds, True)


@pytest.mark.parametrize(
    ("a", "b", "only_rest", "only_seeds"),
    [
        (
            "python t.py --lr 1 --seed 2 x",
            "python t.py --seed 3 --lr 4 y",
            "python t.py --seed 2 --lr 4 y",
            "python t.py --lr 1 --seed 3 x",
        ),
        ("python t.py lr=1", "python t.py lr=2 seed=3", "python t.py lr=2", "python t.py lr=1 seed=3"),
        ("python t.py --seed 1 -- x", "python t.py -- y", "python t.py --seed 1 -- y", "python t.py -- x"),
        (
            "torchrun --nproc 2 t.py --seed 1 --lr 1",
            "torchrun --nproc 2 t.py --lr 2 --data.seed 5 --seed=4",
            "torchrun --nproc 2 t.py --lr 2 --seed 1",
            "torchrun --nproc 2 t.py --seed=4 --lr 1 --data.seed 5",
        ),
    ],
)
def test_seeds_and_the_rest_from_two_sides(pair, a, b, only_rest, only_seeds):
    found = pair(a, b)
    assert found.separable
    assert composed(found, rest=1) == only_rest
    assert composed(found, seeds=1) == only_seeds
    assert composed(found) == a
    assert composed(found, program=1, rest=1, seeds=1) == b


def test_an_interpreter_goes_with_its_environment(pair):
    found = pair(
        "/old/bin/python t.py --lr 1",
        "/new/bin/python3 t.py --lr 2",
        executables=("/old/bin/python", "/new/bin/python3"),
    )
    assert found.hyperparameters
    assert composed(found, rest=1) == "/old/bin/python t.py --lr 2"
    assert composed(found, program=1) == "/new/bin/python3 t.py --lr 1"
    same = pair(
        "/old/bin/torchrun t.py", "/new/bin/torchrun t.py", executables=("/old/bin/python", "/new/bin/python")
    )
    assert not same.hyperparameters


def test_paths_in_another_root_name_the_first(pair):
    found = pair("python t.py --data /a/x.csv", "python t.py --data=/b/x.csv", roots=("/a", "/b"))
    assert not found.hyperparameters


def test_positional_seeds_by_their_values(pair):
    found = pair("python t.py 3 1", "python t.py 5 2", ({"seed": 3, "lr": 1}, {"seed": 5, "lr": 2}))
    assert (found.hyperparameters, found.seeds, found.separable) == (True, True, True)
    assert composed(found, rest=1) == "python t.py 3 2"
    assert composed(found, seeds=1) == "python t.py 5 1"


@pytest.mark.parametrize(
    ("a", "b"), [("python t.py 3 3", "python t.py 5 5"), ("python t.py 3", "python t.py 5 2")]
)
def test_seeds_that_could_be_something_else_are_not_separable(pair, a, b):
    found = pair(a, b, ({"seed": 3, "lr": 3}, {"seed": 5, "lr": 5}))
    assert found.hyperparameters
    assert not found.separable


WORD = st.sampled_from(
    ["--lr", "--lr=2", "1", "x", "--seed", "--seed=4", "seed=5", "-n3", "--", "--flag", "0.5"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(a=st.lists(WORD, max_size=6), b=st.lists(WORD, max_size=6))
def test_each_side_comes_back_whole(pair, a, b):
    words = [" ".join(["python", "t.py", *side]) for side in (a, b)]
    found = pair(*words)
    assert composed(found) == words[0]
    assert composed(found, program=1, rest=1, seeds=1) == words[1]
