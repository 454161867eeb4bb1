import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tune import racing
from ledger.tune.base import Observation, State

LOSS = st.floats(-1e6, 1e6, allow_nan=False)
STATES = st.sampled_from((*(State.DONE,) * 3, State.FAILED, State.PENDING, State.PRUNED))
TRIAL = st.tuples(st.integers(0, 20), STATES, LOSS, st.sampled_from((0.0, 0.0, 0.5)))
TRIALS = st.lists(TRIAL, max_size=60)


def best(found):
    return min(found, key=lambda each: each.mean)


def observed(trials):
    """Observations of (configuration, state, loss, violation), and the seed of each."""
    found, seeds, begun = [], [], {}
    for number, (which, state, loss, violation) in enumerate(trials):
        done = state is State.DONE
        losses = (loss,) if done or state is State.PRUNED else ()
        point = (which / 32,)
        found.append(
            Observation(
                number=number, point=point, state=state, losses=losses, violation=violation if done else 0.0
            )
        )
        seeds.append(racing.seed(7, begun.setdefault(which, 0)))
        begun[which] += 1
    return found, seeds


def tries(trials):
    return racing.gathered(*observed(trials))


def done(*losses):
    """Each a configuration, with its losses by seed."""
    return tries([(which, State.DONE, loss, 0.0) for which, each in enumerate(losses) for loss in each])


def test_seeds_are_spread_and_the_same_for_each_configuration():
    seeds = [racing.seed(3, place) for place in range(racing.MOST_SEEDS)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= each < 2**31 for each in seeds)
    assert seeds == [racing.seed(3, place) for place in range(racing.MOST_SEEDS)]
    assert not set(seeds) & {racing.seed(4, place) for place in range(racing.MOST_SEEDS)}


@given(TRIALS, st.integers(2, 6))
def test_what_is_chosen_is_a_function_of_what_is_known(trials, seeds):
    """Also of no state: it is the same a second time, and from a prefix made anew."""
    known = tries(trials)
    chosen = racing.repeated(known, seeds)
    assert racing.repeated(tries(list(trials)), seeds) == chosen
    if chosen is None:
        return
    (its,) = [each for each in known if each.point == chosen]
    assert its.sound
    assert not its.stopped
    assert 0 < its.begun < seeds
    configurations = [each for each in known if each.begun]
    assert len(configurations) > racing.STARTING
    whole = [each for each in configurations if not each.stopped]
    assert sum(each.begun - 1 for each in configurations) < len(whole)


@given(TRIALS)
def test_estimates_lie_within_the_losses_and_are_finite(trials):
    known = tries(trials)
    found = racing.estimates(known)
    assert [each.point for each in found] == [each.point for each in known if each.sound]
    everything = [loss for each in known if each.sound for _, loss in each.losses]
    for each in found:
        slack = max(map(abs, everything)) * 1e-9 + (max(everything) - min(everything))
        assert min(everything) - slack <= each.mean <= max(everything) + slack
        assert each.deviation >= 0
        assert each.half >= 0


@given(TRIALS, st.sampled_from((2.0, 1024.0, 2.0**-30)))
def test_the_unit_of_a_loss_does_not_matter(trials, unit):
    """Powers of two, which change no digit."""
    scaled = [(which, state, loss * unit, violation) for which, state, loss, violation in trials]
    if any(loss and abs(loss * unit) < 1e-280 for _, _, loss, _ in trials):
        return
    one, other = racing.estimates(tries(trials)), racing.estimates(tries(scaled))
    assert [each.mean * unit for each in one] == pytest.approx([each.mean for each in other], rel=1e-9)
    assert racing.repeated(tries(trials), 4) == racing.repeated(tries(scaled), 4)


def test_a_lucky_seed_does_not_win():
    """One trial of a bad configuration was lucky; it is tried again, and a good one of five seeds wins."""
    steady = (0.20, 0.22, 0.18, 0.21, 0.19)
    others = [(0.3 + 0.01 * each,) for each in range(20)]
    lucky = done((0.1,), steady, *others)
    assert racing.repeated(lucky, 5) == lucky[0].point
    unlucky = done((0.1, 0.42, 0.39), steady, *others)
    assert min(loss for each in unlucky for _, loss in each.losses) == 0.1
    assert best(racing.estimates(unlucky)).point == unlucky[1].point


def test_what_a_seed_does_to_all_makes_no_difference():
    """The first seed is hard for all: who was tried with it only is not worse for that."""
    hard = (0.5, 0.0, 0.0)
    good = [tuple(0.2 + 0.01 * each + effect for effect in hard) for each in range(6)]
    alone = [(0.1 + hard[0],), (0.4 + hard[0],)]
    found = racing.estimates(done(*good, *alone))
    assert best(found).point == done(*good, *alone)[6].point
    assert [each.plain for each in found[:2]] == sorted(each.plain for each in found[:2])
    assert found[6].plain < found[0].plain < found[7].plain


def test_means_are_those_of_the_closed_form():
    """Equal counts, no effect of seeds: shrunk to the median by spread / (spread + noise / n)."""
    groups = [(1.0, 1.2), (2.2, 2.0), (3.0, 3.2), (4.2, 4.0), (5.0, 5.2)]
    means = [fmean(each) for each in groups]
    left = 5 * 2 * 0.1**2
    seen = fmean([(each - 3.1) ** 2 for each in means[:3]])
    effect = racing.estimates(done(*groups))
    # the seeds' effects are ±b, from the sum of the differences with one trial's weight on 0
    b = sum(one - other for one, other in groups) / 2 / (len(groups) + 1)
    freed = [(one - b, other + b) for one, other in groups]
    left = sum((loss - fmean(each)) ** 2 for each in freed for loss in each)
    noise = (left + 2 * 0.5 * seen) / (len(groups) - 1 + 2)
    spread = max(seen - noise / 2, 0.05 * seen)
    weight = spread / (spread + noise / 2)
    assert [each.mean for each in effect] == pytest.approx([3.1 + weight * (each - 3.1) for each in means])
    assert effect[0].deviation == pytest.approx(math.sqrt(weight * noise / 2))


def test_without_a_second_seed_nothing_is_known_of_the_noise():
    found = racing.estimates(done(*[(float(each),) for each in range(12)]))
    assert all(math.isinf(each.half) for each in found)
    assert best(found).point == (0.0,)


def test_failing_seeds_spoil_a_configuration():
    trials = [(which, State.DONE, float(which), 0.0) for which in range(12)]
    trials += [(0, State.FAILED, 0.0, 0.0), (1, State.DONE, -5.0, 1.0)]
    found = racing.estimates(tries(trials))
    assert best(found).point == (2 / 32,)


def test_a_configuration_of_which_a_trial_was_stopped_is_none_of_the_best():
    trials = [(which, State.DONE, float(which), 0.0) for which in range(12)]
    trials += [(0, State.PRUNED, 0.1, 0.0), (0, State.DONE, -5.0, 0.0), (0, State.DONE, -5.0, 0.0)]
    known = tries(trials)
    assert (known[0].stopped, known[0].spoilt, len(known[0].losses)) == (1, 0, 3)
    assert best(racing.estimates(known)).point == (1 / 32,)
    assert racing.repeated(known, 5) is None  # there are two further trials already
    more = [(which, State.DONE, float(which), 0.0) for which in range(12, 20)]
    assert racing.repeated(tries(trials + more), 5) == (1 / 32,)


def test_what_one_machine_stopped_and_another_did_not_is_known():
    """Both tried the same configuration with the same seed, and neither knew of the other."""
    known, seeds = observed([(0, State.DONE, 1.0, 0.0), (0, State.PRUNED, 2.0, 0.0)])
    (its,) = racing.gathered(known, seeds[:1] * 2)
    assert (its.stopped, its.spoilt, its.sound) == (0, 0, True)
    (its,) = racing.gathered(known, seeds)
    assert (its.stopped, its.sound) == (1, False)


def test_where_trials_are_stopped_half_of_the_others_are_further_ones():
    """Those that were stopped are over: they count where the first is tried again."""
    stopped = [(which, State.PRUNED, 9.0, 0.0) for which in range(racing.STARTING)]
    one, other = (20, State.DONE, 1.0, 0.0), (21, State.DONE, 1.5, 0.0)
    assert racing.repeated(tries([*stopped[1:], one]), 3) is None
    assert racing.repeated(tries([*stopped, one]), 3) == (20 / 32,)
    assert racing.repeated(tries([*stopped, one, one]), 3) is None
    assert racing.repeated(tries([*stopped, one, one, other]), 3) is not None
    assert racing.repeated(tries([*stopped, one, one, other, other]), 3) is None
    assert racing.repeated(tries(stopped), 3) is None


def test_a_configuration_that_is_being_tried_waits_for_its_turn():
    """What is under way makes its bound less hopeful; no one has more trials than seeds."""
    singles = [(which, State.DONE, 1.0 + 0.001 * which, 0.0) for which in range(30)]
    chosen = []
    for _ in range(8):
        point = racing.repeated(tries(singles), 3)
        if point is None:
            break
        which = round(point[0] * 32)
        chosen.append(which)
        singles.append((which, State.PENDING, 0.0, 0.0))
    assert len(set(chosen)) > 2
    assert max(map(chosen.count, chosen)) <= 2


def test_other_seeds_count_and_are_not_counted():
    """Trials of an earlier search tell how good a configuration is, and use none of its seeds up."""
    known, seeds = observed([(0, State.DONE, 1.0, 0.0), (0, State.DONE, 3.0, 0.0)])
    (its,) = racing.gathered(known, [None, seeds[1]])
    assert (its.begun, [loss for _, loss in its.losses]) == (1, [1.0, 3.0])


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_interval_holds_the_mean_as_often_as_it_says(seeds):
    """Configurations and seeds at random, all with as many seeds: of each, 95% within some."""
    inside = total = 0
    draw = random.Random(5)
    for _ in range(150):
        true = [draw.gauss(0, 1) for _ in range(20)]
        effects = [draw.gauss(0, 0.7) for _ in range(seeds)]
        losses = [tuple(each + effect + draw.gauss(0, 0.5) for effect in effects) for each in true]
        for each, own in zip(racing.estimates(done(*losses)), true, strict=True):
            inside += abs(each.mean - own) <= each.half
            total += 1
    assert 0.89 < inside / total < 0.99


def test_how_far_apart_the_worse_ones_are_counts_for_them_alone():
    values = ((0.371, 0.402, 0.391), (0.367, 0.415, 0.407), (0.518, 0.527, 0.524))
    known = [
        racing.Tries(point=(float(place),), losses=tuple(enumerate(its)), begun=3, waiting=0, spoilt=0)
        for place, its in enumerate(values)
    ]
    race, both = racing.estimates(known), racing.estimates(known, worse=True)
    assert race[:2] == both[:2]
    assert abs(race[2].mean - 0.523) > 0.1
    assert abs(both[2].mean - 0.523) < 0.001
