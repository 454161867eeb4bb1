import math

from ledger.model import HyperparameterType
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.base import Observation, State
from ledger.tune.pareto import hypervolume
from ledger.tune.samplers.evolution import POPULATION, Evolution, best
from ledger.tune.samplers.uniform import Uniform
from ledger.tune.space.unit import UnitSpace


def observation(number, losses, violation=0.0):
    return Observation(
        number=number, point=(number / 100,), state=State.DONE, losses=losses, violation=violation
    )


def test_constraints_come_first_then_fronts_then_room():
    known = [
        observation(0, (0.0, 0.0), violation=2.0),
        observation(1, (9.0, 9.0)),
        observation(2, (0.0, 4.0)),
        observation(3, (2.0, 2.0)),
        observation(4, (2.1, 1.9)),
        observation(5, (4.0, 0.0)),
        observation(6, (9.0, 9.5), violation=0.5),
    ]
    assert best(known, 7) == [2, 5, 3, 4, 1, 6, 0] or best(known, 7) == [2, 5, 4, 3, 1, 6, 0]
    assert best(known, 2) == [2, 5]


def search(kind, space, loss, seed, trials):
    sampler = kind(space, len(loss(space.completed([0.5] * len(space.axes)))), seed)
    known = []
    for number in range(trials):
        sampler.update(known)
        point = sampler.suggest(number)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=loss(point)))
    return known


def cube(dimensions):
    domain = Domain(type=HyperparameterType.REAL, low=0.0, high=1.0)
    return UnitSpace(
        Space(parameters=tuple(Parameter(name=f"x{each}", domain=domain) for each in range(dimensions)))
    )


def zdt1(point):
    """Zitzler, Deb and Thiele (2000): the front is where all but the first are 0."""
    rest = 1 + 9 * sum(point[1:]) / (len(point) - 1)
    return point[0], rest * (1 - math.sqrt(point[0] / rest))


def test_it_finds_more_of_a_front_than_chance():
    space = cube(5)
    gains = []
    for seed in range(5):
        ours, chance = (
            hypervolume([each.losses for each in search(kind, space, zdt1, seed, 200)], (1.1, 6.0))
            for kind in (Evolution, Uniform)
        )
        gains.append(ours - chance)
    assert all(gain > 0 for gain in gains)


def test_it_finds_a_minimum_that_meets_a_constraint():
    space = cube(3)
    sampler = Evolution(space, 1, 0)
    known = []
    for number in range(150):
        sampler.update(known)
        point = sampler.suggest(number)
        known.append(
            Observation(
                number=number,
                point=point,
                state=State.DONE,
                losses=(sum(point),),
                violation=max(0.0, 0.5 - point[0]),  # the least without it is not the least with it
            )
        )
    found = min((each for each in known if not each.violation), key=lambda each: each.losses)
    assert 0.5 <= found.losses[0] < 0.75
    assert sum(not each.violation for each in known[-50:]) > 25


def test_failed_and_pruned_ones_have_no_children():
    space = cube(1)
    point = (0.25,)
    for state in (State.FAILED, State.PRUNED, State.PENDING):
        sampler = Evolution(space, 1, 0)
        losses = (0.0,) if state is State.PRUNED else ()
        sampler.update([Observation(number=0, point=point, state=state, losses=losses)] * 5)
        other = Evolution(space, 1, 0)
        assert sampler.suggest(POPULATION) == other.suggest(POPULATION)
