import re
from dataclasses import replace

import pytest

from ledger.cli.log import command
from ledger.errors import UsageError
from ledger.model import HyperparameterRole
from ledger.ops.columns import NAMES, Columns, order
from ledger.ops.receipts import Receipts

NO_REPLAYS = Receipts({})


def read(trials, name):
    column = Columns(trials, NO_REPLAYS).find(name)
    return [column.read(trial) for trial in trials]


def with_seeds(trial, *names):
    """The trial with those hyperparameters in the role of seeds."""
    return replace(
        trial,
        hyperparameters=tuple(
            replace(each, role=HyperparameterRole.SEED if each.name in names else None)
            for each in trial.hyperparameters
        ),
    )


def test_the_seed_is_that_of_the_option_else_of_the_role(maker):
    plain = maker.made(params={"a_state": 1, "seed": 2, "lr": 3})
    enforced = maker.made(params={"a_state": 1, "seed": 2, "lr": 3}, seed=0)
    cases = [
        with_seeds(enforced, "a_state", "seed"),
        with_seeds(plain, "a_state", "seed"),
        with_seeds(plain, "a_state"),
        with_seeds(plain),
    ]
    assert read(cases, "seed") == [0, 2, 1, None]


def test_fields_of_a_trial_that_has_little(maker):
    first = maker.made()
    running = maker.start(parent=first.id)[0]
    bare = replace(maker.trials.by_id[running], code=())
    trials = [first, bare]
    assert read(trials, "parent") == [None, str(first.id)]
    assert read(trials, "recipe") == [str(first.recipe), None]
    assert read(trials, "commit") == ["c0ffee", None]
    assert read(trials, "exit_code") == [0, None]
    assert read(trials, "tag") == [None, None]


def test_names_that_look_like_prefixes_or_summaries_mean_themselves_first(maker):
    trial = maker.made(
        params={"param.x": 1, "metric.y": 2, "z": 3},
        metrics={"loss": [(0, 1.0), (1, 2.0)], "loss.min": 7.0, "metric.w": 8.0, "v": 5.0},
    )
    expected = {
        "param.x": 1,
        "metric.y": 2,
        "loss.min": 7.0,
        "loss.max": 2.0,
        "metric.loss.min": 7.0,
        "metric.w": 8.0,
        "param.z": 3,
        "metric.v": 5.0,
        "metric.peak_memory": trial.outcome.peak_memory,
    }
    assert {name: read([trial], name)[0] for name in expected} == expected


@pytest.mark.parametrize(
    "name", ["loss.mean", "param.loss", "metric.lr", "metric.status", "param.", "zzzzzz"]
)
def test_names_of_nothing(maker, name):
    trial = maker.made(params={"lr": 1}, metrics={"loss": 1.0})
    with pytest.raises(UsageError) as caught:
        Columns([trial], NO_REPLAYS).find(name)
    assert caught.value.message == f"no trial has {name}"
    if name == "zzzzzz":
        assert caught.value.cause is None


def test_without_trials_every_name_is_a_column(maker):
    column = Columns([], NO_REPLAYS).find("whatever")
    assert column.read(maker.made()) is None


def test_the_order_of_kinds(maker):
    values = [(2,), "b", 3, True, None, float("nan"), (1,), "a", -1.5, False]
    trials = [maker.made(name=str(place), params={"x": value}) for place, value in enumerate(values)]

    def shown(keys):
        return "".join(trial.name for trial in order(trials, keys, NO_REPLAYS))

    assert shown("x") == "9382716045"
    assert shown("-x") == "0617283945"


def test_a_name_that_starts_with_a_dash_is_itself(maker):
    trials = [maker.made(name=name, params={"-x": value}) for name, value in (("b", 2), ("a", 1))]
    assert [trial.name for trial in order(trials, "-x", NO_REPLAYS)] == ["a", "b"]
    assert [trial.name for trial in order(trials, "--x", NO_REPLAYS)] == ["b", "a"]
    logged = [maker.made(name=name, metrics={"-y": value}) for name, value in (("b", 2.0), ("a", 1.0))]
    assert [trial.name for trial in order(logged, "-y", NO_REPLAYS)] == ["a", "b"]


def test_the_help_of_log_tells_every_name():
    assert set(re.findall(r"\w+", command.help)) >= NAMES
