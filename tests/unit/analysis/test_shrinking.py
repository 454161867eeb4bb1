"""Means of configurations, drawn to that of all."""

import math

import numpy as np
import pytest
from scipy import stats

from ledger.analysis.shrinking import estimates


def simulated(spreads, repeats, *, count=3, shared=0.0):
    """(configuration, truth, estimate) of draws: the n-th configuration has the n-th standard deviation.

    Those that are noisier than 1 are worse by as much; `shared` is the part of the variance that seeds have.
    """
    spreads = np.array(spreads)
    for repeat in range(repeats):
        generator = np.random.default_rng(repeat)
        truths = generator.normal(size=len(spreads))
        truths += np.where(spreads > 1, np.abs(generator.normal(size=len(spreads))) * spreads, 0)
        values = truths[:, None] + spreads[:, None] * math.sqrt(1 - shared) * generator.normal(
            size=(len(spreads), count)
        )
        values += math.sqrt(shared) * generator.normal(size=count)
        found = estimates(list(values), [range(count)] * len(spreads) if shared else None)
        yield from zip(range(len(spreads)), truths, found, strict=True)


def share(found):
    return np.mean([abs(each.mean - truth) <= each.half for _, truth, each in found])


def test_means_are_drawn_to_that_of_all_by_as_much_as_they_are_uncertain():
    generator = np.random.default_rng(3)
    groups = generator.normal(size=(40, 1)) + generator.normal(size=(40, 4))
    means, noise = groups.mean(axis=1), groups.var(axis=1, ddof=1).mean() / 4
    weight = 1 - noise / means.var(ddof=1)
    found = estimates(list(groups))
    assert [each.plain for each in found] == pytest.approx(means)
    centre = np.median(means)
    assert [each.mean for each in found] == pytest.approx(centre + weight * (means - centre), abs=0.15)
    half = stats.t.ppf(0.975, 120) * math.sqrt(weight * noise)
    assert np.median([each.half for each in found]) == pytest.approx(half, rel=0.1)


@pytest.mark.parametrize("shared", [0.0, 0.5])
@pytest.mark.parametrize("by", [10.0, 1000.0])
def test_a_few_that_blow_up_do_not_decide_the_intervals_of_the_others(by, shared):
    spreads = [1.0] * 8 + [by] * 2
    good = [each for each in simulated(spreads, 30, shared=shared) if each[0] < 8]
    alone = list(simulated([1.0] * 8, 30, shared=shared))
    halves = [np.median([each.half for *_, each in found]) for found in (good, alone)]
    assert halves[0] < 1.4 * halves[1]
    assert share(good) > 0.89


@pytest.mark.slow
def test_of_one_that_blows_up_its_own_values_tell():
    noisy = [each for each in simulated([1.0] * 9 + [1000.0], 100) if each[0] == 9]
    assert share(noisy) > 0.89


def test_values_that_are_equal_by_chance_say_little_of_their_spread():
    generator = np.random.default_rng(2)
    equal, *others = estimates([[0.93, 0.93], *(0.9 + 0.02 * generator.normal(size=(9, 2)))])
    assert equal.half > 0.3 * np.median([each.half for each in others])


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 5])
def test_what_few_seeds_do_to_all_is_known_as_little_as_they_are_few(count):
    found = list(simulated([1.0] * 10, 150, count=count, shared=0.9))
    assert 0.87 < share(found) < 0.99


def test_of_configurations_with_other_seeds_what_seeds_do_is_set_aside():
    """The third one had the bad seed alone, and is as good as the others."""
    found = estimates(
        [[1.0, 5.0, 1.1], [1.1, 5.1, 1.2], [5.05], [1.05, 5.0, 1.0]],
        [[0, 1, 2], [0, 1, 2], [1], [0, 1, 2]],
    )
    assert found[2].plain == pytest.approx(found[0].plain, abs=0.1)
    assert 1 < found[2].half < math.inf


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
