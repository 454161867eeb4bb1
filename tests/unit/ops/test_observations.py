"""What an analysis gets to work on."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.model import HyperparameterRole, HyperparameterType, Observed, Status, TrialFinished
from ledger.model.space import Objective
from ledger.ops import search, searches
from ledger.ops.observations import Selection, definition, gather, objective, observations
from ledger.ops.search import Question
from tests.searches import search as tuned


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
    assert error.value.cause == "1 trial, none of which has the status ok"
    assert error.value.hint == "see what they came to: ledger log -x x"


def test_the_metric_is_the_one_that_is_asked_for(workspace, maker):
    maker.trial(experiment="x")
    chosen = Selection(experiment="x")
    assert objective(workspace, chosen, minimize="loss") == Objective(metric="loss")
    assert objective(workspace, chosen, maximize="accuracy").maximize
    for options in ({}, {"minimize": "loss", "maximize": "accuracy"}):
        with pytest.raises(UsageError, match="metric is needed"):
            objective(workspace, chosen, **options)


def test_the_index_tells_what_reading_every_trial_does(maker):
    """Names of several kinds, roles and defaults that differ from trial to trial, metrics of the script's."""
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False
    )
    given = (
        {"lr": 0.1, "opt": "sgd", "seed": 3, "layers": (64, 32)},
        {"lr": 1, "opt": "adam", "momentum": None, "huge": 2**70},
        {"opt": True, "seed": 4, "lr": math.nan, "layers": "none"},
        {},
    )
    for number, params in enumerate(given * 2):
        metrics = {"loss": float(number)} | (
            {"duration_s": math.inf, "peak_memory": math.nan} if number % 3 else {}
        )
        id, start = maker.start(experiment="x", seed=number % 2 or None)
        told = tuple(
            replace(
                each,
                role=HyperparameterRole.SEED if number == 5 and each.name == "lr" else each.role,
                source="default" if number % 3 == 1 else "argument",
            )
            for each in maker.hyperparameters(params)
        )
        maker.journal.append(
            TrialFinished(
                trial=id,
                recipe=id,
                recipe_complete=True,
                hyperparameters=told,
                inputs=(),
                observed=Observed(affinity=2),
                outcome=maker.outcome(metrics=metrics),
                health=start.health,
            ),
            time=maker.clock,
        )
    maker.trial(experiment="x", status=Status.FAILED)
    maker.trial(experiment="y", params={"other": 1}, metrics={"loss": 1.0})
    maker.store.flush()
    for chosen in (
        Selection(),
        Selection(experiment="x"),
        Selection(where="loss > 2"),
        Selection(where="lr > 0"),
    ):
        question = Question(experiment=chosen.experiment, where=chosen.where, sort="started")
        read = observations(search.find(maker.journal, question).chosen, chosen.label)
        told = gather(workspace, chosen)
        assert repr(told.variables) == repr(read.variables)  # NaN is not itself
        assert (told.trials, told.seeds, told.others) == (read.trials, read.seeds, read.others)
        assert {name: repr(each) for name, each in told.metrics.items()} == {
            name: repr(each) for name, each in read.metrics.items()
        }


@pytest.mark.parametrize("sealed", [False, True])
def test_the_search_of_an_experiment_is_its_newest(maker, sealed):
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False
    )
    for name, metric in (("x", "loss"), ("x", "error"), ("y", "accuracy")):
        maker.journal.append(searches.created(name, tuned(Objective(metric=metric))))
        maker.trial(experiment=name, params={"lr": 0.5, "layers": 2})
    if sealed:
        maker.journal.seal()
    assert objective(workspace, Selection(experiment="x")) == Objective(metric="error")
    assert definition(workspace, Selection(experiment="z")) is None
    lr, layers = gather(workspace, Selection(experiment="x")).variables
    assert (lr.domain.high, layers.domain) == (1.0, None)


def test_what_follows_from_the_values_of_a_search_is_no_hyperparameter_of_its_own(maker):
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False
    )
    maker.journal.append(searches.created("x", tuned(Objective(metric="loss"))))
    for lr, epochs in ((0.25, 5), (0.5, 5), (0.5, 7)):
        maker.trial(experiment="x", params={"lr": lr, "rates": (lr, lr), "epochs": epochs})
    found = gather(workspace, Selection(experiment="x"))
    assert [each.name for each in found.variables] == ["lr", "epochs"]
    assert found.configurations == (0, 1, 2)
