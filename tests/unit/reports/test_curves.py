"""Which curves are shown, and with how many points."""

import math

from ledger.reports import curves as module
from ledger.reports.curves import charts


def test_curves_of_the_first_trials_that_have_points(maker):
    trials = [
        maker.made(metrics={"loss": [(step, float(step)) for step in range(5)], "once": 1.0})
        for _ in range(module.MOST_CURVES + 3)
    ]
    alone = maker.made(metrics={"loss": 1.0})
    (chart,) = charts([alone, *trials], maker.store).charts
    assert chart.metric == "loss"
    assert [each.trial.id for each in chart.curves] == [each.id for each in trials[: module.MOST_CURVES]]
    first = chart.curves[0]
    assert (first.steps, first.values, first.points) == ((0, 1, 2, 3, 4), (0.0, 1.0, 2.0, 3.0, 4.0), 5)


def test_the_metric_that_is_asked_for_comes_first(maker):
    points = [(0, 1.0), (1, 2.0)]
    trial = maker.made(metrics=dict.fromkeys("abcdefgh", points))
    found = charts([trial], maker.store, ("g",))
    assert [each.metric for each in found.charts] == list("gabcde")
    assert found.others == 2


def test_what_is_not_finite_breaks_a_line_and_steps_are_in_order(maker):
    trial = maker.made(metrics={"loss": [(2, 1.0), (0, math.inf), (1, math.nan)]})
    (chart,) = charts([trial], maker.store).charts
    assert chart.curves[0].steps == (0, 1, 2)
    assert [math.isnan(each) for each in chart.curves[0].values] == [True, True, False]


def test_many_points_are_thinned_to_what_a_report_has_room_for(maker):
    trials = [
        maker.made(metrics={"loss": [(step, 1.0 / (step + 1)) for step in range(2000)]}) for _ in range(20)
    ]
    (chart,) = charts(trials, maker.store).charts
    assert all(len(each.values) <= 400 and each.points == 2000 for each in chart.curves)
    assert sum(len(each.values) for each in chart.curves) <= 9_000


def test_points_that_are_lost_are_told(maker):
    trial = maker.made(metrics={"loss": [(0, 1.0), (1, 2.0)]})
    maker.store.flush()
    maker.lose(trial.outcome.series)
    found = charts([trial], maker.store)
    assert found.charts == ()
    ((lost, why),) = found.missing
    assert lost.id == trial.id
    assert "no object" in why


def test_more_points_than_are_read(maker, monkeypatch):
    monkeypatch.setattr(module, "_MOST_READ", 3)
    trial = maker.made(metrics={"loss": [(step, 1.0) for step in range(4)]})
    assert charts([trial], maker.store).missing == ((trial, "more than 3 points"),)
