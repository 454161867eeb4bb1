"""What an analysis gets to work on."""

import math
from types import SimpleNamespace

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.model import HyperparameterType, Status
from ledger.model.space import Objective
from ledger.ops.observations import Selection, gather, objective


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


def test_trials_of_one_configuration_differ_in_their_seeds_at_most(workspace, maker):
    for lr, seed in ((0.1, 1), (0.2, 1), (0.1, 2)):
        maker.trial(experiment="x", params={"lr": lr, "seed": seed}, metrics={"loss": lr + seed})
    found = gather(workspace, Selection(experiment="x"))
    assert [each.name for each in found.variables] == ["lr"]
    assert (found.seeds, found.configurations) == ((1, 1, 2), (0, 1, 0))
    assert found.metrics["loss"] == (1.1, 1.2, 2.1)
    assert found.by_configuration() == {0: [0, 2], 1: [1]}
    assert found.metrics["peak_memory"] == (1 << 20,) * 3
    assert found.metrics["duration_s"] == (1.5,) * 3


def test_what_did_not_end_well_and_what_has_no_value_is_counted(workspace, maker):
    maker.trial(experiment="x", params={"lr": 1}, metrics={"loss": 1.0})
    maker.trial(experiment="x", params={"lr": 2}, metrics={"loss": math.inf})
    maker.trial(experiment="x", params={"lr": 3}, metrics={"accuracy": 1.0})
    maker.trial(experiment="x", params={"lr": 4}, metrics={"loss": 0.0}, status=Status.FAILED)
    found = gather(workspace, Selection(experiment="x"))
    assert (len(found), found.others) == (3, 1)
    measured = found.measured("loss")
    assert (measured.variables[0].values, measured.others) == ((1,), 3)


def test_a_hyperparameter_that_is_not_there_is_a_choice_of_its_own(workspace, maker):
    for params in ({"opt": "sgd", "momentum": 0.9}, {"opt": "adam"}, {"opt": "sgd", "momentum": 1}):
        maker.trial(params=params, metrics={"loss": 1.0})
    found = gather(workspace, Selection(where="loss = 1"))
    momentum, opt = found.variables
    assert (opt.type, momentum.type) == (HyperparameterType.CATEGORICAL, HyperparameterType.REAL)
    assert momentum.values == (0.9, None, 1)
    assert found.configurations == (0, 1, 2)
    assert found.without({"momentum"}).configurations == (0, 1, 0)
    assert [each.name for each in found.picked([0, 2]).varying] == ["momentum"]


def test_true_and_1_are_two_choices_and_1_and_1_0_are_one(workspace, maker):
    for value in (True, 1, 1.0):
        maker.trial(params={"flag": value}, metrics={"loss": 1.0})
    assert gather(workspace, Selection()).configurations == (0, 1, 1)


def test_nothing_ended_well(workspace, maker):
    maker.trial(experiment="x", status=Status.FAILED)
    with pytest.raises(NotFoundError, match="no trial of x ended well") as error:
        gather(workspace, Selection(experiment="x"))
    assert error.value.hint == "see what they came to: ledger log -x x"


def test_the_metric_is_the_one_that_is_asked_for(workspace, maker):
    maker.trial(experiment="x")
    chosen = Selection(experiment="x")
    assert objective(workspace, chosen, minimize="loss") == Objective(metric="loss")
    assert objective(workspace, chosen, maximize="accuracy").maximize
    for options in ({}, {"minimize": "loss", "maximize": "accuracy"}):
        with pytest.raises(UsageError, match="metric is needed"):
            objective(workspace, chosen, **options)
