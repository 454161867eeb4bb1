"""What moves a training metric and the same metric of unseen data in opposite ways."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from ledger.analysis.importance.overfitting import overfitting, pairs, trend
from tests.unit.analysis.importance.variables import CATEGORICAL, INTEGER, observed, variable

LOSSES = [("train_loss", "val_loss")]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["train_loss", "val_loss"], [("train_loss", "val_loss")]),
        (["loss/test", "loss/training"], [("loss/training", "loss/test")]),
        (["loss", "val_loss", "accuracy"], [("loss", "val_loss")]),
        (["mse", "mse_validation"], [("mse", "mse_validation")]),
        (["Train Accuracy", "Test Accuracy"], [("Train Accuracy", "Test Accuracy")]),
        (["TRAIN_LOSS", "VAL_LOSS", "DEV_LOSS"], [("TRAIN_LOSS", "VAL_LOSS"), ("TRAIN_LOSS", "DEV_LOSS")]),
        (["train_loss", "val_accuracy", "test", "latest"], []),
    ],
)
def test_pairs_of_names(names, found):
    assert pairs(names) == found


def test_the_correlation_is_spearmans():
    random = np.random.default_rng(0)
    values, results = random.integers(0, 9, 50).astype(float), random.random(50)
    results += values / 10
    found = trend("loss", values, results)
    assert found.correlation == pytest.approx(spearmanr(values, results).statistic)
    assert found.low < found.correlation < found.high
    assert trend("loss", values, values).correlation == pytest.approx(1)
    assert trend("loss", values, results * 0).sign == 0


def test_a_degree_that_overfits_from_the_first():
    degrees = list(range(1, 21))
    made = observed(
        variable("degree", degrees, INTEGER),
        train_loss=[1 / each for each in degrees],
        val_loss=[each**1.5 for each in degrees],
    )
    (found,) = overfitting(made, LOSSES)
    assert (found.name, found.training.sign, found.unseen.sign) == ("degree", -1, 1)
    assert (found.above, found.below, found.training.trials) == (None, None, 20)


def test_a_degree_that_overfits_beyond_a_turn():
    degrees = list(range(1, 16)) * 3
    noise = np.random.default_rng(1).normal(size=45) / 10
    made = observed(
        variable("degree", degrees, INTEGER),
        train_loss=[5 / each for each in degrees],
        val_loss=[abs(each - 8) + more for each, more in zip(degrees, noise, strict=True)],
    )
    (found,) = overfitting(made, LOSSES)
    assert found.above is not None
    assert 7 <= found.above <= 9
    assert (found.training.sign, found.unseen.sign) == (-1, 1)


def test_what_is_below_a_turn_and_larger_is_better():
    """Little weight decay: training accuracy is high, that of unseen data low."""
    decays = [10.0**-each for each in range(15)] * 3
    made = observed(
        variable("decay", decays),
        train_accuracy=[-each for each in decays],
        val_accuracy=[-abs(np.log10(each) + 7) for each in decays],
    )
    (found,) = overfitting(made, [("train_accuracy", "val_accuracy")])
    assert found.above is None
    assert found.below == pytest.approx(1e-7, rel=20)
    assert (found.training.sign, found.unseen.sign) == (-1, 1)


def test_what_others_do_to_the_metrics_is_taken_away():
    random = np.random.default_rng(2)
    degrees, rates = random.integers(1, 12, 120), random.random(120)
    opt = random.choice(["a", "b"], 120)
    base = 9 * (rates - 0.5) ** 2 + (opt == "a")
    made = observed(
        variable("degree", degrees.tolist(), INTEGER),
        variable("lr", rates.tolist()),
        variable("opt", opt.tolist(), CATEGORICAL),
        train_loss=base - degrees / 12,
        val_loss=base + degrees / 12,
    )
    assert [each.name for each in overfitting(made, LOSSES)] == ["degree"]


def test_nothing_is_told_of_noise_choices_and_few_trials():
    random = np.random.default_rng(4)
    made = observed(
        variable("lr", random.random(60).tolist()),
        variable("opt", random.choice(["a", "b"], 60).tolist(), CATEGORICAL),
        train_loss=random.random(60),
        val_loss=random.random(60),
    )
    assert overfitting(made, LOSSES) == ()
    few = observed(variable("lr", [1.0, 2.0, 3.0]), train_loss=[3.0, 2.0, 1.0], val_loss=[1.0, 2.0, 3.0])
    assert overfitting(few, LOSSES) == ()
