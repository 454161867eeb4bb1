"""What forests say of configurations that were not tried, where the truth is known."""

import numpy as np
import pytest

from ledger.analysis.across import NOTHING
from ledger.analysis.observations import Observations, Variable
from ledger.analysis.predicted import predicted
from ledger.analysis.sensitivity import sensitivity
from ledger.analysis.tunability import tunability
from ledger.errors import IncomparableError
from ledger.model import Digest, HyperparameterType


def tried(label, **columns):
    count = len(next(iter(columns.values())))
    return Observations(
        label=label,
        trials=(Digest(bytes(32)),) * count,
        variables=tuple(
            Variable(
                name=name,
                type=HyperparameterType.CATEGORICAL
                if any(isinstance(each, str) for each in values)
                else HyperparameterType.REAL,
                values=tuple(values),
            )
            for name, values in columns.items()
        ),
        seeds=(None,) * count,
        metrics={},
    )


def test_points_that_no_two_data_sets_share():
    """A valley that lies elsewhere in x on each data set, and in y everywhere at the same place."""
    valleys = {"one": 0.2, "two": 0.5, "three": 0.8}
    found, losses = {}, {}
    for number, (name, valley) in enumerate(valleys.items()):
        random = np.random.default_rng(number)
        x, y, z = random.uniform(size=(3, 150))
        found[name] = tried(name, x=x.tolist(), y=y.tolist(), z=z.tolist())
        losses[name] = ((x - valley) ** 2 + (y - 0.5) ** 2).tolist()
    table = predicted(found, losses)
    assert min(table.explained) > 0.8
    gained = tunability(table)
    (x, *rest) = gained.single
    assert x.names == ("x",)
    # with one x for all of them, the middle one, (0.3² + 0 + 0.3²) / 3 is lost
    assert x.mean == pytest.approx(0.06, abs=0.02)
    assert gained.all.mean == pytest.approx(0.06, abs=0.02)
    assert all(each.mean < 0.01 for each in rest)
    assert table.values(gained.defaults)["x"] == pytest.approx(0.5, abs=0.12)
    depends = sensitivity(table)
    assert depends.dimension(0.95) == 1
    assert depends.steps[1].names == ("x",)


def test_what_one_choice_alone_has_follows_it():
    """Only sgd has a momentum; it matters there, and on one data set adam is better."""
    found, losses = {}, {}
    for number, (name, adam) in enumerate({"one": 0.0, "two": 1.0}.items()):
        random = np.random.default_rng(number)
        opt = random.choice(["sgd", "adam"], 120).tolist()
        momentum = [float(random.uniform()) if each == "sgd" else None for each in opt]
        found[name] = tried(name, opt=opt, momentum=momentum)
        losses[name] = [
            adam if each == "adam" else 0.3 + (own - 0.5) ** 2
            for each, own in zip(opt, momentum, strict=True)
        ]
    table = predicted(found, losses)
    opt, momentum = table.codes.T
    none = momentum == NOTHING
    assert len(set(opt[none].tolist())) == 1
    assert none.any()
    assert not set(opt[none].tolist()) & set(opt[~none].tolist())
    gained = tunability(table)
    assert gained.single[0].names == ("opt",)
    assert gained.single[0].mean == pytest.approx(0.15, abs=0.04)


def test_too_few_trials():
    few = {name: tried(name, x=[0.1] * 19) for name in ("one", "two")}
    with pytest.raises(IncomparableError, match="too few trials of one"):
        predicted(few, {name: [1.0] * 19 for name in few})


def test_nothing_varies():
    same = {name: tried(name, x=[0.1] * 20) for name in ("one", "two")}
    with pytest.raises(IncomparableError, match="no hyperparameter varies"):
        predicted(same, {name: [1.0] * 20 for name in same})


def test_an_integer_beyond_all_floats_is_a_choice():
    found = {name: tried(name, x=[1, 10**400] * 10) for name in ("one", "two")}
    table = predicted(found, {name: [0.0, 1.0] * 10 for name in found})
    assert sorted(table.variables[0].values) == [1, 10**400]


def test_what_a_data_set_never_lacks_is_averaged_over_where_another_lacks_it():
    """Its own forest knows nothing of having no x there, and least of all that it is as good as x = 0."""
    x = np.linspace(0, 1, 60)
    half = [None if place % 2 else float(each) for place, each in enumerate(x)]
    found = {"one": tried("one", x=x.tolist()), "two": tried("two", x=half)}
    table = predicted(found, {"one": x.tolist(), "two": [0.0] * 60})
    (lacking,) = np.flatnonzero(table.codes[:, 0] == NOTHING)
    assert table.losses[0, lacking] == pytest.approx(0.5, abs=0.03)


def test_a_choice_that_a_data_set_never_made_is_an_average_one():
    choices = ["a", "b", "c"] * 20
    found = {"one": tried("one", x=choices), "two": tried("two", x=[*choices[:-1], "d"])}
    losses = [{"a": 5.0, "b": 6.0, "c": 7.0}[each] for each in choices]
    table = predicted(found, {"one": losses, "two": losses})
    where = {each: row for row, each in enumerate(table.variables[0].values)}
    assert table.losses[0, where["d"]] > table.losses[0, where["a"]] + 0.5
