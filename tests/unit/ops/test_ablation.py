"""From one configuration to another: by trials, by predictions, and by real runs."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ledger.cli.ablation_page import ablation_page
from ledger.errors import NotFoundError, UsageError
from ledger.model import HyperparameterType
from ledger.model.space import Domain, Parameter, Space
from ledger.ops import query, searches
from ledger.ops.ablation import AblationOptions, ablation
from ledger.ops.ablation_document import ablation_document
from ledger.ops.observations import Selection
from ledger.ops.references import find
from tests.searches import proposals, search

X = Selection(experiment="x")


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


def going(workspace, start="@~1", end="best", **options):
    return ablation(workspace, X, minimize="loss", options=AblationOptions(start=start, end=end, **options))


def test_a_path_of_which_everything_was_tried(workspace, maker, accept):
    """Loss 9 − 5·lr − 3·depth, each 0 or 1: lr gains 5 first, depth 3 then. Two seeds have a mean."""
    for lr, depth, noise in ((1, 1, 0), (1, 0, -1), (1, 0, 1), (0, 1, 0), (0, 0, 0)):
        maker.trial(
            experiment="x",
            params={"lr": lr, "depth": depth, "width": 8, "seed": noise},
            metrics={"loss": float(9 - 5 * lr - 3 * depth + noise)},
        )
    found = going(workspace, start="@")
    assert [(dict(each.values), each.value) for each in found.points] == [
        ({}, 9.0),
        ({"lr": 1}, 4.0),
        ({"depth": 1}, 1.0),
    ]
    assert [len(each.trials) for each in found.points] == [1, 2, 1]
    assert found.points[1].low < 4 < found.points[1].high
    assert found.points[1].others[("depth",)].loss == 6
    assert (found.gain, found.explained, found.run) == (8.0, None, 0)
    assert (found.end.label, found.end.configuration) == ("best", {"lr": 1, "depth": 1, "width": 8})
    accept("ablation.v1", ablation_document(found))


def test_larger_is_better_and_both_ends_are_named(workspace, maker):
    ids = [
        maker.trial(experiment="x", params={"lr": lr, "depth": depth}, metrics={"accuracy": lr + 2.0 * depth})
        for lr in (0, 1)
        for depth in (0, 1)
    ]
    options = AblationOptions(start=str(ids[3]), end=str(ids[0]))
    found = ablation(workspace, X, maximize="accuracy", options=options)
    assert [each.names for each in found.points] == [(), ("lr",), ("depth",)]
    assert (found.gain, found.points[1].value) == (-3.0, 2.0)


def random_trials(maker, count=30):
    """opt decides whether there is a momentum; lr matters most."""
    for number in range(count):
        lr, sgd = number * 7 % count / count, number % 2
        params = {"opt": "sgd" if sgd else "adam", "lr": lr, "seed": number}
        if sgd:
            params["momentum"] = number * 11 % count / count
        loss = 10 * lr + (1 + params["momentum"] if sgd else 0)
        maker.trial(experiment="x", params=params, metrics={"loss": loss})


def test_what_was_not_tried_is_predicted_and_children_go_with_their_parent(workspace, maker, accept):
    random_trials(maker)
    worst = max(maker.trials.ordered, key=lambda each: each.outcome.metrics[0].last)
    found = going(workspace, start=str(worst.id))
    assert [each.names for each in found.points] == [(), ("lr",), ("opt", "momentum")]
    middle = found.points[1]
    assert middle.spread > 0
    assert middle.trials == ()
    assert middle.predicted == middle.value
    assert found.points[0].predicted == pytest.approx(found.points[0].value, abs=1)
    assert 0 < middle.value < found.points[0].value
    assert found.explained > 0.3
    assert dict(found.points[2].values) == {"opt": "adam", "momentum": None}
    accept("ablation.v1", ablation_document(found))
    assert going(workspace, start=str(worst.id)) == found


def test_too_few_to_predict(workspace, maker):
    for lr, depth in ((0, 0), (1, 1), (1, 2)):
        maker.trial(experiment="x", params={"lr": lr, "depth": depth}, metrics={"loss": -lr - depth})
    with pytest.raises(UsageError, match="were not tried") as error:
        going(workspace, start="@~2")
    assert (error.value.cause, error.value.hint) == (
        "expected 20 trials to predict them by, got 3",
        "add --run, which runs them",
    )


SPACE = Space(
    parameters=(
        Parameter(
            name="opt",
            domain=Domain(type=HyperparameterType.CATEGORICAL, choices=("sgd", "adam")),
            default="adam",
        ),
        Parameter(
            name="momentum",
            domain=Domain(type=HyperparameterType.REAL, low=0.0, high=1.0),
            default=0.5,
            condition="opt = sgd",
        ),
        Parameter(name="lr", domain=Domain(type=HyperparameterType.REAL, low=0.0, high=1.0), default=0.25),
    )
)


def test_the_default_of_a_search(workspace, maker):
    """adam has no momentum, whatever its default is."""

    maker.journal.append(searches.created("x", replace(search(), space=SPACE)))
    for params, loss in (
        ({"opt": "adam", "lr": 0.25}, 4.0),
        ({"opt": "adam", "lr": 0.5}, 3.0),
        ({"opt": "sgd", "lr": 0.25, "momentum": 0.9}, 1.0),
        ({"opt": "sgd", "lr": 0.5, "momentum": 0.9}, 0.0),
    ):
        maker.trial(experiment="x", params=params, metrics={"loss": loss})
    found = ablation(workspace, X)
    assert found.start.configuration == {"opt": "adam", "momentum": None, "lr": 0.25}
    assert found.start.trial == maker.trials.ordered[0].id
    assert [(each.names, each.value) for each in found.points] == [
        ((), 4.0),
        (("opt", "momentum"), 1.0),
        (("lr",), 0.0),
    ]


def test_ends_that_are_not_there(workspace, maker):
    for lr in (0.5, 0.25):
        maker.trial(experiment="x", params={"lr": lr, "width": 8}, metrics={"loss": lr})
    maker.trial(experiment="y", params={"other": 1}, metrics={"loss": 1.0})
    with pytest.raises(UsageError, match="default configuration is not known") as error:
        ablation(workspace, X, minimize="loss")
    assert error.value.cause.endswith("say a default of lr")
    with pytest.raises(UsageError, match="are one configuration"):
        going(workspace, start="@~1")
    with pytest.raises(UsageError, match="is of another kind"):
        going(workspace, start="@")
    with pytest.raises(NotFoundError):
        going(workspace, start="nothing")


def test_what_the_command_of_a_search_does_not_set_is_not_run(workspace, maker, accept):
    """A start of another experiment counts as it was measured; no run claims its flag, which none can set."""
    outside = maker.trial(experiment="y", params={"lr": 0.25, "wide": False}, metrics={"loss": 9.0})
    ids = proposals(maker, search(), (0.25, 0.75))
    for (lr, loss), id in zip(((0.25, 8.0), (0.75, 3.0)), ids, strict=True):
        params = {"lr": lr, "wide": True}
        maker.trial(experiment="tuned", params=params, metrics={"loss": loss}, proposal=id)
    options = AblationOptions(start=str(outside), run=True, env="current")
    found = ablation(workspace, Selection(experiment="tuned"), options=options)
    assert [(each.names, each.value) for each in found.points] == [
        ((), 9.0),
        (("wide",), 8.0),
        (("lr",), 3.0),
    ]
    assert [each.trials[0] for each in found.points] == [each.id for each in maker.trials]
    assert found.run == 0
    (failed,) = found.failed
    assert failed.startswith("lr=0.75 wide=false: no word of the search's command sets wide: ")
    accept("ablation.v1", ablation_document(found))


TRAIN = """
    import argparse, json
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--opt", default="sgd")
    p.add_argument("--layers", type=int, nargs="+", default=[1])
    p.add_argument("--wide", action="store_true")
    a = p.parse_args()
    if a.wide and a.opt == "sgd":
        raise SystemExit("no memory left")
    loss = 10 - 4 * (a.lr == 0.5) - 2 * (a.opt == "adam") - len(a.layers) - a.wide
    json.dump({"loss": loss}, open("metrics.json", "w"))
"""


@pytest.mark.slow
def test_what_was_not_tried_is_run(git_project, accept):
    project = git_project
    (project.path / ".gitignore").write_text("metrics.json\n")
    project.write(train=TRAIN)
    project.run("python", "train.py", "--opt", "sgd", "--lr=0.1", experiment="x", name="first")
    words = ("--lr", "0.5", "--opt=adam", "--wide", "--layers", "8", "4")
    project.run("python", "train.py", *words, experiment="x", name="last")
    told = []
    options = AblationOptions(start="first", run=True, env="current")
    found = ablation(project.workspace, X, minimize="loss", options=options, progress=told.append)
    assert [(each.names, each.value) for each in found.points] == [
        ((), 9.0),
        (("lr",), 5.0),
        (("opt",), 3.0),
        (("layers",), 2.0),
        (("wide",), 1.0),
    ]
    # Of four, three and two that could be next, what is the end already is not run again.
    assert (found.run, len(told)) == (9, 9)
    assert len(found.failed) == 2
    assert all("no memory left" in each for each in found.failed)
    accept("ablation.v1", ablation_document(found))
    ran = [each for each in query.load(project.workspace.journal) if each.experiment == "x-ablation"]
    assert len(ran) == 9
    assert {each.message.split(":")[0] for each in ran} == {"ablation"}
    # What is on record is what the program parsed, not what was wanted of it.
    assert {one.source for each in ran for one in each.hyperparameters} == {"argument", "default"}
    assert find(query.load(project.workspace.journal), "@").trial.name == "last"
    # What was run is known from then on.
    again = ablation(project.workspace, X, minimize="loss", options=options)
    assert [each.value for each in again.points] == [each.value for each in found.points]
    assert again.run == len(again.failed) == 2
    assert math.isinf(again.points[1].others[("wide",)].loss)


def test_a_step_is_held_against_the_noise_of_trials_of_one_configuration(workspace, maker, accept):
    """Two seeds of each end and what is between differ by 2: a trial is off by √2, a mean of two by 1."""
    for lr, depth, loss in ((0, 0, 9.0), (1, 0, 2.0), (0, 1, 8.0), (1, 1, 1.0)):
        for seed in (-1, 1):
            params = {"lr": lr, "depth": depth, "seed": seed}
            maker.trial(experiment="x", params=params, metrics={"loss": loss + seed})
    found = going(workspace, start=str(maker.trials.ordered[0].id))
    assert found.noise.deviation == pytest.approx(math.sqrt(2))
    assert (found.noise.repeats, found.mixed) == (True, False)
    assert [each.error for each in found.points] == pytest.approx([1, 1, 1])
    assert found.step(1) == (7.0, pytest.approx(1.959964 * math.sqrt(2)))
    assert [found.in_noise(place) for place in (1, 2)] == [False, True]
    accept("ablation.v1", ablation_document(found))
    text = ablation_page(found).plain()
    assert "chance may explain what depth gained" in text
    assert "measured, 2 trials" in text


def test_of_single_trials_no_noise_is_known(workspace, maker):
    for lr in (0, 1):
        maker.trial(experiment="x", params={"lr": lr}, metrics={"loss": 1.0 - lr})
    found = going(workspace, start="@~1")
    assert (found.noise, found.in_noise(1)) == (None, None)
    assert "noise: not known" in ablation_page(found).plain()


def test_a_step_that_changes_nothing_gains_0(workspace, maker):
    for lr in (0, 1):
        for wide in (False, True):
            maker.trial(experiment="x", params={"lr": lr, "wide": wide}, metrics={"loss": 1.0 - lr})
    rows = ablation_page(going(workspace, start="@~3", end="@")).plain().splitlines()
    assert [each.split()[-4:-1] for each in rows if "wide → true" in each] == [["trial", "+0", "0"]]


def test_predictions_of_enormous_values_have_a_spread(workspace, maker):
    for number in range(24):
        lr, depth = number / 24, number * 7 % 24
        maker.trial(experiment="x", params={"lr": lr, "depth": depth}, metrics={"loss": (lr + 0.1) * 1e200})
    found = going(workspace, start="@")
    assert 0 < found.points[1].spread < 1e200
