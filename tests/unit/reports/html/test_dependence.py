"""The parts of a page that tell what metrics depend on."""

import re

import pytest

from ledger.model.space import Objective
from ledger.reports.html import dependence, overview
from ledger.reports.html.elements import NOTHING
from tests.searches import proposals
from tests.searches import search as tuned


def trials(maker, count=30):
    for number in range(count):
        maker.trial(
            experiment="x",
            params={"lr": number / 30, "model": "ab"[number % 2], "fixed": 3},
            metrics={"loss": abs(number / 30 - 0.4)},
        )


def test_history_importance_and_slices(maker, gathered):
    trials(maker)
    report = gathered("x", minimize="loss")
    told = dependence.history(report)
    assert "A new best 13 times, for the last time with trial 13 of 30: 0, " in told
    told = dependence.importance(report)
    assert "what the best 10 of 30 trials prefer" in told
    assert re.search(r"<td>lr<td>100%<td>\d+% to 100%<td>0\.3\d* to 0\.5 \(half of them\)", told), told
    assert "Not varied: fixed." in told
    told = dependence.slices(report)
    assert told.count("<svg") == 2
    assert "The 10 with the smallest loss stand out." in told


def test_what_says_nothing_is_left_out(maker, gathered):
    maker.trial(experiment="x", metrics={"loss": 1.0})
    report = gathered("x", minimize="loss")
    assert dependence.history(report) == dependence.slices(report) == NOTHING
    assert "It cannot be told: " in dependence.importance(report)


@pytest.mark.slow
def test_a_front_is_a_table_and_a_drawing_for_each_other_metric(maker, gathered):
    metrics = [Objective(metric=name) for name in ("loss", "time", "size")]
    values = [(place, 24 - place, place % 5) for place in range(25)]
    ids = proposals(maker, tuned(*metrics), [loss for loss, *_ in values])
    for row, id in zip(values, ids, strict=True):
        named = {each.metric: float(value) for each, value in zip(metrics, row, strict=True)}
        maker.trial(experiment="tuned", proposal=id, params={"lr": row[0]}, metrics=named)
    told = overview.best(gathered("tuned"))
    assert "25 trials of 25 that none is better than in all" in told
    assert "loss small, time small and size small" in told
    assert told.count("\n") == 20
    assert "And 5 more, which the table of trials has." in told
    assert re.findall(r"<title>(\w+ against \w+)</title>", told) == ["loss against time", "loss against size"]
    assert told.count('class="member"') == 50
