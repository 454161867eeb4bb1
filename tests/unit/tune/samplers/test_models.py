"""What the samplers with a model do beyond what all samplers do."""

import statistics

import numpy as np
import pytest

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.base import Observation, State
from ledger.tune.draws import Draws
from ledger.tune.samplers import auto, candidates, gp, tpe
from ledger.tune.samplers.history import gathered
from ledger.tune.space.unit import UnitSpace

MODELS = (tpe.TPESampler, gp.GaussianProcessSampler, auto.AutoSampler)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda each: each.name)


def real(name, condition=None):
    return Parameter(name=name, domain=Domain(type=Type.REAL, low=0.0, high=1.0), condition=condition)


def choice(name, *choices, condition=None):
    return Parameter(name=name, domain=Domain(type=Type.CATEGORICAL, choices=choices), condition=condition)


PLANE = UnitSpace(Space(parameters=(real("x"), real("y"))))
BRANCHES = UnitSpace(
    Space(
        parameters=(
            choice("kind", "a", "b", "c"),
            real("x", "kind = a"),
            real("y", "kind != a"),
            choice("way", 1, 2, condition="kind = b"),
        )
    )
)


def branch(point):
    """Least at kind b, way 2, y 0.7."""
    kind, x, y, way = point
    if kind < 1 / 3:
        return 0.4 + (x - 0.5) ** 2
    return (y - 0.7) ** 2 + (0.3 if kind > 2 / 3 else 0.2 * (way < 0.5))


def searched(model, space, loss, trials, seed=0):
    sampler, known = model(space, 1, seed), []
    for number in range(trials):
        sampler.update(known)
        point = sampler.suggest(number)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(loss(point),)))
    return known


def best(known):
    return min(each.losses[0] for each in known)


def observed(space, count, loss, **more):
    points = [candidates.drawn(space, Draws(5, number)) for number in range(count)]
    return [
        Observation(number=number, point=point, state=State.DONE, losses=(loss(point),), **more)
        for number, point in enumerate(points)
    ]


def proposals(model, space, known, count=10):
    """What it proposes for several trials that nothing follows from."""
    sampler = model(space, 1, 0)
    sampler.update(known)
    return [sampler.suggest(len(known) + number) for number in range(count)]


@each_model
def test_it_finds_the_branch_and_the_value(model):
    worst = max(best(searched(model, BRANCHES, branch, 45, seed)) for seed in range(2))
    assert worst < 0.01


@each_model
def test_a_stretched_loss_is_no_obstacle(model):
    def steep(point):
        return 10.0 ** (300 * max(abs(each - 0.6) for each in point))

    found = searched(model, PLANE, steep, 45)
    nearest = min(max(abs(each - 0.6) for each in one.point) for one in found)
    assert nearest < 0.05


@each_model
def test_pending_points_are_kept_away_from(model):
    def loss(point):
        return (point[0] - 0.5) ** 2 + (point[1] - 0.5) ** 2

    known = observed(PLANE, 30, loss)
    alone = proposals(model, PLANE, known, 20)
    waiting = [
        Observation(number=30 + number, point=point, state=State.PENDING)
        for number, point in enumerate(alone[:10])
    ]
    after = proposals(model, PLANE, [*known, *waiting])

    def distance(points):
        return statistics.median(
            min(abs(point[0] - each.point[0]) + abs(point[1] - each.point[1]) for each in waiting)
            for point in points
        )

    assert distance(after) > 3 * distance(alone[10:])


@each_model
def test_places_that_miss_a_constraint_are_left(model):
    def loss(point):
        return point[0]

    known = [
        Observation(
            number=each.number,
            point=each.point,
            state=State.DONE,
            losses=each.losses,
            violation=max(0.5 - each.point[0], 0.0),
        )
        for each in observed(PLANE, 60, loss)
    ]
    found = proposals(model, PLANE, known)
    assert sum(point[0] < 0.4 for point in found) < len(found) / 4


@each_model
def test_places_that_fail_are_left(model):
    known = [
        each if each.point[0] > 0.5 else Observation(number=each.number, point=each.point, state=State.FAILED)
        for each in observed(PLANE, 60, lambda point: point[0])
    ]
    found = proposals(model, PLANE, known)
    assert sum(point[0] < 0.4 for point in found) < len(found) / 4


@each_model
def test_losses_count(model):
    """A proposal follows from the losses, not from the points alone."""
    known = observed(PLANE, 30, lambda point: point[0])
    turned = observed(PLANE, 30, lambda point: -point[0])
    left = statistics.mean(point[0] for point in proposals(model, PLANE, known))
    right = statistics.mean(point[0] for point in proposals(model, PLANE, turned))
    assert left < 0.4 < 0.6 < right


@each_model
def test_repeated_seeds_count_as_one_point(model):
    known = observed(PLANE, 30, lambda point: point[0])
    twice = [
        *(
            Observation(
                number=each.number, point=each.point, state=State.DONE, losses=(each.losses[0] - 0.25,)
            )
            for each in known
        ),
        *(
            Observation(
                number=30 + each.number, point=each.point, state=State.DONE, losses=(each.losses[0] + 0.25,)
            )
            for each in known
        ),
    ]
    one, other = model(PLANE, 1, 0), model(PLANE, 1, 0)
    one.update(known)
    other.update(twice)
    assert one.suggest(77) == other.suggest(77)


@each_model
def test_several_objectives_are_traded_off(model):
    """The front goes from x = 0.2 to x = 0.8, at y = 0.5."""

    def losses(point):
        return ((point[0] - 0.2) ** 2 + (point[1] - 0.5) ** 2, (point[0] - 0.8) ** 2 + (point[1] - 0.5) ** 2)

    sampler, known = model(PLANE, 2, 0), []
    for number in range(60):
        sampler.update(known)
        point = sampler.suggest(number)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=losses(point)))
    near = [each.point[0] for each in known[20:] if abs(each.point[1] - 0.5) < 0.1]
    for low, high in ((0.1, 0.4), (0.4, 0.6), (0.6, 0.9)):
        assert any(low <= each <= high for each in near)


def test_a_tenth_of_the_portfolio_is_random():
    assert auto.TURN.count("r") == 1
    assert len(auto.TURN) == 10
    known = observed(PLANE, 40, lambda point: point[0])
    sampler = auto.AutoSampler(PLANE, 1, 0)
    sampler.update(known)
    turn = auto.TURN.index("r")
    assert statistics.mean(sampler.suggest(turn + 10 * each)[0] for each in range(40)) > 0.35


def test_the_gaussian_process_forgets_the_middle_of_a_long_history():
    known = observed(PLANE, gp.KEPT * 3, lambda point: point[0])
    history = gathered(known, 1)
    kept = gp._kept(history)
    assert len(kept) == gp.KEPT
    assert set(history.order[: gp.KEPT // 2].tolist()) <= set(kept)
    assert len(known) - 1 in kept
    assert kept == sorted(set(kept))


@each_model
def test_what_another_processor_rounds_otherwise_is_equivalent(model, monkeypatch):
    """Many scores are the same, and each processor has another one for the best."""

    def processor(rounding):
        for each in (gp, tpe):
            monkeypatch.setattr(
                each, "rounded", lambda scores: np.round(scores) + rounding * np.arange(len(scores))
            )

    monkeypatch.setattr(gp, "ROUNDS", 0)  # which looks at neighbours of the best
    known = observed(BRANCHES, 30, branch)
    sampler = model(BRANCHES, 1, 0)
    sampler.update(known)
    processor(1e-9)
    theirs = proposals(model, BRANCHES, known)
    processor(-1e-9)
    assert theirs != proposals(model, BRANCHES, known)
    assert all(sampler.equivalent(30 + number, each) for number, each in enumerate(theirs))
    processor(-1e-3)
    assert not all(sampler.equivalent(30 + number, each) for number, each in enumerate(theirs))
