"""What the page says of an experiment is what the commands say."""

import numpy as np
import pytest

from ledger.errors import NotFoundError, UsageError
from ledger.ops.best import best
from ledger.ops.importance import ImportanceOptions
from ledger.ops.importance import importance as find_importance
from ledger.ops.importance_document import importance_document
from ledger.ops.observations import Selection
from ledger.ui.data import experiment, experiments, filtered, importance, pareto, progress, seeded, trials

LOSS = {"name": "digits", "metric": "loss"}


def test_the_head_tells_the_denominator_and_the_best(tried):
    found = experiment.answer(tried, LOSS)
    assert found["trials"] == {"trials": 25, "statuses": {"ok": 24, "failed": 1}, "removed": 0}
    assert found["objective"] == {"metric": "loss", "direction": "minimize"}
    told = best(tried.workspace, "digits", "loss", maximize=False)
    assert found["best"]["trial"] == str(told.ranked[0].id)
    assert found["best"]["mean"] == told.believed[0].mean
    assert (found["best"]["seeds"], found["best"]["configurations"], found["best"]["measured"]) == (3, 8, 24)
    assert [(each["name"], each["ask"], each["varies"]) for each in found["hyperparameters"]] == [
        ("lr", "lr", True),
        ("model", "model", True),
    ]
    assert {each["name"]: each["ask"] for each in found["metrics"]} == {
        "loss": "loss",
        "accuracy": "accuracy",
        "duration_s": "duration_s",
        "peak_memory": "peak_memory",
    }


def test_without_a_metric_nothing_is_the_best_and_what_is_not_there_is_told(tried):
    found = experiment.answer(tried, {"name": "digits"})
    assert (found["objective"], found["best"]) == (None, None)
    assert "a metric says" in found["problem"]
    for data in (importance, progress, seeded, pareto):
        with pytest.raises(UsageError, match="metric"):
            data.answer(tried, {"name": "digits"})
    # What is not there is told.
    with pytest.raises(NotFoundError, match="no experiment 'digit'"):
        experiment.answer(tried, {"name": "digit"})
    with pytest.raises(UsageError, match="no direction 'up'"):
        experiment.answer(tried, LOSS | {"direction": "up"})
    found = experiment.answer(tried, {"name": "digits", "metric": "los"})
    assert found["best"] is None
    assert "los" in found["problem"]


def test_the_history_is_of_values_in_their_order(tried):
    for direction, running in (("minimize", np.minimum), ("maximize", np.maximum)):
        table = progress.answer(tried, LOSS | {"direction": direction})
        values = table["value"].to_numpy()
        assert len(values) == 24
        assert table["best"].to_pylist() == running.accumulate(values).tolist()
    known = {bytes(each.id): each for each in tried.trials().of_experiment("digits")}
    for id, value in zip(table["id"].to_pylist(), values, strict=True):
        assert known[id].outcome.metrics[-1].last == value or known[id].outcome.metrics[0].last == value


def test_importance_is_that_of_the_command_and_is_found_once(tried, maker, monkeypatch):
    found = importance.answer(tried, LOSS)
    told = find_importance(
        tried.workspace,
        Selection(experiment="digits"),
        minimize="loss",
        options=ImportanceOptions(costs=False),
    )
    assert found == importance_document(told)
    monkeypatch.setattr(importance, "importance", None)  # were it asked for again, it would fail
    assert importance.answer(tried, LOSS) == found
    monkeypatch.undo()
    maker.trial(experiment="digits", params={"lr": 0.5, "model": "net", "seed": 1}, metrics={"loss": 0.4})
    assert importance.answer(tried, LOSS)["trials"] == found["trials"] + 1
    assert "trial" in importance.answer(tried, {"name": "other", "metric": "loss"})["problem"]


def test_configurations_have_their_values_by_seed(tried):
    found = seeded.answer(tried, LOSS)["configurations"]
    told = best(tried.workspace, "digits", "loss", maximize=False, count=99)
    assert [each["mean"] for each in found] == [each.mean for each in told.believed]
    assert found[0]["label"] == "lr=0.2, model=tree"
    assert [(each["seed"], each["value"]) for each in found[0]["values"]] == [
        (1, 0.01),
        (2, 0.02),
        (3, 0.03),
    ]
    assert seeded.answer(tried, {"name": "other", "metric": "loss"}) == {"configurations": []}


def test_the_front_has_what_nothing_is_better_than(tried):
    for direction, sign in (("maximize", -1), ("minimize", 1)):
        table = pareto.answer(tried, LOSS | {"x_metric": "accuracy", "x_direction": direction})
        points = [(sign * x, y) for x, y in zip(table["x"].to_pylist(), table["y"].to_pylist(), strict=True)]
        assert len(points) == 24
        beaten = [any(a != b and a[0] <= b[0] and a[1] <= b[1] for a in points) for b in points]
        assert table["front"].to_pylist() == [not each for each in beaten]
    with pytest.raises(UsageError, match="two metrics"):
        pareto.answer(tried, LOSS | {"x_metric": "loss"})


def test_the_table_of_an_experiment_is_filtered_within_it_and_all_are_listed(tried):
    own = trials.answer(tried, {"experiment": "digits"})
    assert own.num_rows == 25
    numbers = own["number"].to_pylist()
    told = filtered.answer(tried, {"experiment": "digits", "where": "model = tree and loss < 0.1"})
    assert told["number"].to_pylist() == [
        number
        for number, model, loss in zip(
            numbers, *(own[each].to_pylist() for each in ("param.model", "metric.loss")), strict=True
        )
        if model == "tree" and loss is not None and loss < 0.1
    ]
    assert "metric.accuracy" not in trials.answer(tried, {"experiment": "other"}).column_names
    with pytest.raises(NotFoundError):
        trials.answer(tried, {"experiment": "digit"})
    # All experiments, the last one first.
    found = experiments.answer(tried, {})
    assert [(each["name"], each["trials"], each["statuses"]) for each in found["experiments"]] == [
        ("other", 1, {"ok": 1}),
        ("digits", 25, {"ok": 24, "failed": 1}),
    ]
    assert found["without"] == 1
