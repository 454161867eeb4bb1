"""What overfits around one trial. How that is told apart from chance: tests/unit/analysis/importance."""

from types import SimpleNamespace

import pytest

from ledger.model import Status
from ledger.ops.overfitting import around


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


def tried(maker, experiment="degrees", **more):
    """Trials whose loss falls with the degree on the training's data, and rises on unseen data."""
    for degree in range(1, 13):
        metrics = {"train_loss": 1 / degree, "val_loss": degree / 10}
        maker.trial(experiment=experiment, params={"degree": degree}, metrics=metrics, **more)
    return maker.trials.ordered[-1]


def test_what_lowers_the_one_and_raises_the_other(workspace, maker):
    (found,) = around(workspace, tried(maker))
    assert found.name == "degree"
    assert (found.training.metric, found.unseen.metric) == ("train_loss", "val_loss")
    assert (found.training.sign, found.unseen.sign) == (-1, 1)


def test_nothing_is_told_of_a_trial_without_an_experiment_or_without_such_metrics(workspace, maker):
    tried(maker)
    maker.trial(params={"degree": 3}, metrics={"train_loss": 1.0, "val_loss": 1.0})
    maker.trial(experiment="degrees", params={"degree": 3}, metrics={"accuracy": 1.0, "error": 0.0})
    maker.trial(experiment="degrees", params={"degree": 3})
    assert [around(workspace, each) for each in maker.trials.ordered[-3:]] == [(), (), ()]


def test_nothing_is_told_where_no_trial_ended_well(workspace, maker):
    assert around(workspace, tried(maker, status=Status.FAILED)) == ()
