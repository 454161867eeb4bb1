"""What objectives depend on."""

import pytest

from ledger.reports.dependence import MOST_SLICES


@pytest.fixture
def tried(maker):
    """Thirty trials: the loss depends on lr alone; noise, and what some have not, do nothing to it."""
    for number in range(30):
        more = {"rare": number} if number % 2 else {}
        maker.trial(
            experiment="x",
            params={"noise": number * 7 % 11, "lr": number / 30, "fixed": 1, **more},
            metrics={"loss": abs(number / 30 - 0.4), "accuracy": float(number % 5)},
        )


def test_slices_come_by_importance_and_the_best_are_those_that_it_counts(tried, gathered):
    (standing,) = gathered("x", minimize="loss").standings
    (found,) = standing.depends
    assert found.slices[0].name == "lr"
    assert {each.name for each in found.slices} == {"lr", "noise", "rare"}
    assert len(found.best) == found.importance.metric.preferences.best == 10
    losses = found.observed.metrics["loss"]
    assert max(losses[row] for row in found.best) <= min(
        loss for row, loss in enumerate(losses) if row not in found.best
    )
    assert found.best_so_far[0] == losses[0]
    assert found.best_so_far[-1] == min(losses)


def test_too_few_trials_have_a_history_and_no_importance(maker, gathered):
    for lr in (0.1, 0.2):
        maker.trial(experiment="x", params={"lr": lr}, metrics={"loss": lr})
    (found,) = gathered("x", maximize="loss").standings[0].depends
    assert (found.importance, found.best_so_far) == (None, (0.1, 0.2))
    assert "trial" in found.unknown


def test_many_hyperparameters_are_not_all_drawn(maker, gathered):
    for number in range(3):
        params = {f"p{place}": number + place for place in range(MOST_SLICES + 2)}
        maker.trial(experiment="x", params=params, metrics={"loss": float(number)})
    (found,) = gathered("x", minimize="loss").standings[0].depends
    assert (len(found.slices), found.others) == (MOST_SLICES, 2)


def test_trials_that_are_named_have_none(maker, gathered):
    ids = [str(maker.trial(metrics={"loss": 1.0})) for _ in range(2)]
    assert gathered(*ids, minimize="loss").standings[0].depends == ()
