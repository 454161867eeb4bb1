"""Means of configurations, drawn to that of all."""

import math

import numpy as np
import pytest
from scipy import stats

from ledger.analysis.shrinking import estimates


def test_means_are_drawn_to_that_of_all_by_as_much_as_they_are_uncertain():
    groups = [[1.0, 3.0], [5.0, 7.0], [4.0, 4.0]]
    noise, seen = (2 + 2 + 0) / 3, np.var([2, 6, 4], ddof=1)
    spread = seen - noise / 2
    weight = spread / (spread + noise / 2)
    found = estimates(groups)
    assert [each.mean for each in found] == pytest.approx([4 - 2 * weight, 4 + 2 * weight, 4])
    assert [each.plain for each in found] == [2, 6, 4]
    half = stats.t.ppf(0.975, 3) * math.sqrt(weight * noise / 2)
    assert [each.half for each in found] == pytest.approx([half] * 3)


def test_the_lucky_single_run_is_drawn_more_than_the_mean_of_many():
    generator = np.random.default_rng(1)
    many = [list(mean + generator.normal(size=10)) for mean in (0.0, 0.5, 1.0)]
    lucky, *others = estimates([[-1.5], *many])
    assert lucky.plain < min(each.plain for each in others)
    drawn = [(each.mean - each.plain) for each in (lucky, others[0])]
    assert drawn[0] > 3 * abs(drawn[1])
    assert lucky.half > others[0].half


def test_nothing_is_known_of_noise_where_each_was_tried_once():
    found = estimates([[1.0], [2.0]])
    assert [(each.mean, each.half) for each in found] == [(1.0, math.inf), (2.0, math.inf)]


def test_without_any_noise_means_stay_as_they_are():
    found = estimates([[1.0, 1.0], [2.0, 2.0]])
    assert [(each.mean, each.half) for each in found] == [(1.0, 0.0), (2.0, 0.0)]
    assert estimates([[1.0, 1.0], [1.0, 1.0]])[0].mean == 1.0


def test_of_enormous_values():
    found, plain = (estimates([[by, 3 * by], [5 * by, 7 * by]]) for by in (1e200, 1.0))
    assert [each.mean / 1e200 for each in found] == pytest.approx([each.mean for each in plain])
    assert [each.half / 1e200 for each in found] == pytest.approx([each.half for each in plain])
