"""Configurations as a paper has them."""

import math

import pytest

from ledger.model.space import Objective
from ledger.reports.cells import cells, rounded
from tests.searches import proposals
from tests.searches import search as tuned


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.123456, 0.0123, ("0.123", "0.012")),
        (1234.5, 56.0, ("1234", "56")),
        (1234.5, 567.0, ("1230", "570")),
        (0.1, None, ("0.1", None)),
        (0.1, math.inf, ("0.1", None)),
        (0.5, 0.0, ("0.5", "0")),
        (1e-12, 2e-13, ("1e-12", "2e-13")),
    ],
)
def test_a_mean_has_as_many_digits_as_its_interval_says(mean, half, text):
    assert rounded(mean, half) == text


def test_a_seed_that_was_run_again_counts_once(gathered, maker):
    for seed, loss in ((1, 1.0), (1, 9.0), (2, 3.0)):
        maker.trial(experiment="x", params={"seed": seed}, metrics={"loss": loss})
    (row,) = cells(gathered("x", minimize="loss"), most=5).rows
    assert (row.metrics[0].mean, row.metrics[0].n) == (2.0, 2)


def test_without_an_objective_all_metrics_but_clocks(gathered, maker):
    maker.trial(experiment="x", metrics={"loss": 1.0, "accuracy": 0.5, "step_time": 3.0})
    found = cells(gathered("x"), most=5, timing=("*time*",))
    assert found.metrics == ("accuracy", "loss")
    assert found.rows[0].metrics[0].n == 1


def test_other_code_is_another_configuration_and_says_so(gathered, maker):
    for code in (b"a", b"b"):
        maker.trial(experiment="x", metrics={"loss": 1.0}, code={"train.py": code})
    found = cells(gathered("x", minimize="loss"), most=5)
    assert found.parameters == ("code",)
    assert len({row.values for row in found.rows}) == 2


def test_the_best_mean_of_a_column_is_known_where_it_is_known_what_is_better(gathered, search):
    search("one"), search("two", -1.0)
    found = cells(gathered("one", "two", minimize="loss"), most=2)
    (best,) = found.best
    assert [found.rows[row].choice for row in best] == ["two"]
    (best,) = cells(gathered("one", "two", maximize="loss"), most=2).best
    assert best == {0}
    assert cells(gathered("one"), most=2).best == (frozenset(),)


def test_those_on_a_front_have_rows_with_all_that_was_looked_for(gathered, maker):
    loss, accuracy = Objective(metric="loss"), Objective(metric="accuracy", maximize=True)
    values = ((0.3, 0.9), (0.2, 0.1), (0.25, 0.05))
    ids = proposals(maker, tuned(loss, accuracy), [each for each, _ in values])
    for (first, second), id in zip(values, ids, strict=True):
        metrics = {"loss": first, "accuracy": second, "other": 1.0}
        maker.trial(experiment="tuned", proposal=id, params={"lr": first}, metrics=metrics)
    found = cells(gathered("tuned"), most=5)
    assert found.metrics == ("loss", "accuracy")
    assert [row.values for row in found.rows] == [("0.2",), ("0.3",)]
    assert (found.others, found.fronts, found.several) == (1, True, False)
    assert found.best == ({0}, {1})
