"""A configuration with small changes."""

from types import SimpleNamespace

import pytest

from ledger.errors import UsageError
from ledger.model import Hyperparameter, HyperparameterRole, HyperparameterType
from ledger.ops.small_changes import Around
from ledger.ops.tune import space as spaces


def trial(*argv, **values):
    kinds = {
        int: HyperparameterType.INTEGER,
        float: HyperparameterType.REAL,
        str: HyperparameterType.CATEGORICAL,
    }
    parameters = tuple(
        Hyperparameter(
            name=name,
            value=value,
            type=HyperparameterType(kinds[type(value)]),
            source="argument",
            role=HyperparameterRole.SEED if name == "seed" else None,
        )
        for name, value in values.items()
    )
    intent = SimpleNamespace(argv=argv, parameters=())
    return SimpleNamespace(intent=intent, hyperparameters=parameters, id=SimpleNamespace(short="abc"))


def searched(definitions, command):
    space = spaces.read(definitions, (), None)
    return SimpleNamespace(space=space, command=command, seed=0, trial_seed=None)


def test_numbers_of_the_command_line_go_down_and_up():
    centre = trial(
        "python",
        "t.py",
        "--lr",
        "0.3",
        "--depth=4",
        "--opt",
        "sgd",
        "--seed",
        "3",
        lr=0.3,
        depth=4,
        opt="sgd",
        seed=3,
    )
    found = Around(centre, None, None, 0.1).changes(joint=4)
    assert found.values == {"lr": 0.3, "depth": 4}
    assert found.alone == ({"lr": 0.27}, {"lr": 0.33}, {"depth": 3}, {"depth": 5})
    assert found.left == ("opt",)
    assert found.joint
    for each in found.joint:
        assert 0.27 <= each["lr"] <= 0.33
        assert each["depth"] in (3, 5)
    assert found == Around(centre, None, None, 0.1).changes(joint=4)


def test_a_search_knows_domains_orders_and_what_is_allowed():
    definitions = ("lr=log(1e-4, 1)", "n=int(1, 4)", "size=ordinal(s, m, l)", "opt=choice(a, b)")
    search = searched(definitions, ("python", "t.py", "{*}"))
    values = {"lr": 1e-2, "n": 4, "size": "m", "opt": "a"}
    around = Around(trial("python", "t.py"), search, values, 0.25)
    found = around.changes(joint=0)
    assert [each for each in found.alone if "lr" in each] == [{"lr": 0.001}, {"lr": 0.1}]
    assert [each for each in found.alone if "n" in each] == [{"n": 3}]
    assert [each for each in found.alone if "size" in each] == [{"size": "s"}, {"size": "l"}]
    assert found.left == ("opt",)


def test_another_set_of_hyperparameters_is_no_small_change():
    search = searched(("n=int(1, 4)", "b=real(0, 1) if n >= 2"), ("python", "t.py", "{*}"))
    found = Around(trial("python", "t.py"), search, {"n": 2, "b": 0.5}, 0.1).changes(joint=0)
    assert {"n": 1} not in found.alone
    assert {"n": 3} in found.alone


def test_changes_of_all_at_once_are_told_apart():
    search = searched(("n=int(1, 2)", "x=int(1, 3)"), ("python", "t.py", "{*}"))
    found = Around(trial("python", "t.py"), search, {"n": 1, "x": 2}, 0.5).changes(joint=8)
    assert sorted(each["x"] for each in found.joint) == [1, 3]
    assert {each["n"] for each in found.joint} == {2}


def test_values_in_a_file_are_not_changed():
    search = searched(("n=int(1, 4)",), ("python", "t.py", "{params}"))
    with pytest.raises(UsageError, match="hyperparameters in a file"):
        Around(trial("python", "t.py"), search, {"n": 2}, 0.1)
