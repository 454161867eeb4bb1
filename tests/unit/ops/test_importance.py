"""Which hyperparameters of recorded trials matter, and why that cannot be said."""

import math
from types import SimpleNamespace

import pytest

from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.model import Status
from ledger.ops import searches
from ledger.ops.importance import FANOVA, ImportanceOptions, importance
from ledger.ops.importance_document import importance_document
from ledger.ops.observations import Selection
from tests.searches import search

X = Selection(experiment="x")


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


def trials(maker, count=24, **fixed):
    """lr moves the loss, depth overfits, and width does nothing."""
    for number in range(count):
        lr, depth, width = number * 7 % 24 / 24, number * 5 % 12, number * 11 % 24
        maker.trial(
            experiment="x",
            params={"lr": lr, "depth": depth, "width": width, "batch": 32, "seed": number} | fixed,
            metrics={"loss": (lr - 0.3) ** 2, "train_error": -depth / 9, "val_error": depth / 7},
        )


@pytest.fixture
def recorded(maker):
    trials(maker)
    maker.trial(experiment="x", status=Status.FAILED)
    maker.trial(experiment="x", params={"lr": 0.1}, metrics={"loss": math.nan})


def test_what_a_metric_depends_on(workspace, recorded, accept):
    found = importance(workspace, X, minimize="loss")
    assert (found.label, found.trials, found.others) == ("x", 24, 2)
    assert found.fixed == ("batch",)
    told = found.metric.preferences
    assert (told.best, told.among, told.found[0].name) == (10, 24, "lr")
    assert found.value == min((number / 24 - 0.3) ** 2 for number in range(24))
    assert found.costs == ()  # all took as long
    assert found.looked_at == (("train_error", "val_error"),)
    assert [each.name for each in found.overfitting] == ["depth"]
    accept("importance.v1", importance_document(found))


def test_larger_is_better_and_the_best_of_the_best(workspace, recorded):
    found = importance(workspace, X, maximize="val_error", options=ImportanceOptions(quantile=0.2, among=0.5))
    assert found.metric.preferences.found[0].name == "depth"
    assert (found.metric.preferences.best, found.metric.preferences.among) == (6, 12)
    assert found.value == 11 / 7


def test_a_forest(workspace, recorded, accept):
    options = ImportanceOptions(method=FANOVA, pairs=True, local=True)
    found = importance(workspace, X, minimize="loss", options=options)
    told = found.metric.explained
    assert [told.first[0].names, told.local[0].names] == [("lr",), ("lr",)]
    assert len(told.pairs) == 3
    accept("importance.v1", importance_document(found))
    options = ImportanceOptions(local=True, costs=False)
    beside = importance(workspace, X, minimize="loss", options=options)
    assert beside.metric.preferences is not None
    assert beside.metric.explained.local[0].names == ("lr",)


def test_costs(workspace, maker):
    for number in range(12):
        maker.trial(
            experiment="x",
            params={"lr": number * 7 % 12, "width": number},
            metrics={"loss": number * 7 % 12, "duration_s": number, "peak_memory": math.nan if number else 1},
        )
    found = importance(workspace, X, minimize="loss")
    (cost,) = found.costs
    assert (cost.objective.metric, cost.preferences.found[0].name) == ("duration_s", "width")
    assert importance(workspace, X, minimize="duration_s").costs == ()
    assert importance(workspace, X, minimize="loss", options=ImportanceOptions(costs=False)).costs == ()


def test_the_metric_of_a_search(workspace, maker):
    maker.journal.append(searches.created("x", search()))
    trials(maker)
    assert importance(workspace, X).metric.objective.metric == "loss"


def test_metrics_are_held_against_one_that_is_named(workspace, recorded):
    options = ImportanceOptions(against="train_error")
    found = importance(workspace, X, minimize="val_error", options=options)
    assert found.looked_at == (("train_error", "val_error"),)
    with pytest.raises(UsageError, match="'train_err'"):
        importance(workspace, X, minimize="loss", options=ImportanceOptions(against="train_err"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pairs": True}, "pairs by PED-ANOVA"),
        ({"method": "fanova", "quantile": 0.1}, "a quantile for fanova"),
        ({"method": "guess"}, "no method 'guess'"),
        ({"quantile": 0.0}, "--quantile of 0"),
        ({"among": 1.5}, "--among of 1.5"),
        ({"quantile": 0.5, "among": 0.5}, "all of those among which"),
    ],
)
def test_options_that_do_not_go_together(workspace, options, told):
    with pytest.raises(UsageError, match=told):
        importance(workspace, X, minimize="loss", options=ImportanceOptions(**options))


def test_what_is_not_there(workspace, recorded):
    with pytest.raises(UsageError, match="no trial of x has a metric 'los'") as error:
        importance(workspace, X, minimize="los")
    assert error.value.cause == "the nearest name is loss"
    with pytest.raises(NotFoundError, match="no experiment"):
        importance(workspace, Selection(experiment="y"), minimize="loss")
    with pytest.raises(UsageError, match="a metric is needed"):
        importance(workspace, X)


def test_trials_that_say_nothing(workspace, maker):
    trials(maker, 6)
    with pytest.raises(UsageError, match="too few trials of x") as error:
        importance(workspace, X, minimize="loss")
    assert error.value.cause == "expected 10 that ended well with a value of loss, got 6"
    assert error.value.hint == "run 4 more, with other hyperparameters"
    trials(maker, 6)
    with pytest.raises(UsageError, match="too few") as error:
        importance(workspace, X, minimize="loss", options=ImportanceOptions(method=FANOVA))
    assert error.value.cause.startswith("expected 20")


def test_trials_of_one_configuration_and_of_one_value(workspace, maker):
    for number in range(10):
        maker.trial(experiment="x", params={"lr": 1, "seed": number}, metrics={"loss": float(number)})
    with pytest.raises(UsageError, match="differ in no hyperparameter"):
        importance(workspace, X, minimize="loss")
    for number in range(10):
        maker.trial(
            experiment="y",
            params={"lr": number},
            metrics={"loss": 0.5, "accuracy": float(number == 0)},
        )
    with pytest.raises(UsageError, match=r"loss is 0\.5 for all trials of y"):
        importance(workspace, Selection(experiment="y"), minimize="loss")
    with pytest.raises(UsageError, match="cannot be told from the others by accuracy"):
        importance(workspace, Selection(experiment="y"), maximize="accuracy")


def test_without_the_extra(workspace, recorded, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.ensemble", None)
    with pytest.raises(LedgerError, match="no scikit-learn here") as error:
        importance(workspace, X, minimize="loss", options=ImportanceOptions(method=FANOVA))
    assert error.value.hint == "python -m pip install 'replay-ledger[forest]'"


@pytest.mark.parametrize(("quantile", "among"), [(0.97, 1.0), (None, 0.4)])
def test_best_ones_that_are_all_are_no_ties(workspace, recorded, quantile, among):
    with pytest.raises(UsageError, match="all of those among which") as error:
        importance(workspace, X, minimize="loss", options=ImportanceOptions(quantile=quantile, among=among))
    assert "same value" not in error.value.cause
