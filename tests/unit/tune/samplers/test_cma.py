from dataclasses import replace

import numpy as np
import pytest
from cmaes import CMAwM

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.base import Observation, State
from ledger.tune.samplers.cma import Cma, _Normal
from ledger.tune.samplers.uniform import Uniform
from ledger.tune.space.unit import UnitSpace


def cube(reals, integers=0, **more):
    real = Domain(type=Type.REAL, low=0.0, high=1.0)
    integer = Domain(type=Type.INTEGER, low=0, high=9)
    return UnitSpace(
        Space(
            parameters=tuple(
                [Parameter(name=f"x{each}", domain=real, **more) for each in range(reals)]
                + [Parameter(name=f"n{each}", domain=integer, **more) for each in range(integers)]
            )
        )
    )


def bowl(point):
    return sum((each - 0.3) ** 2 * (1 + 5 * place) for place, each in enumerate(point))


def search(kind, space, seed, trials, late=0):
    """Each trial ends when `late` more have been proposed."""
    sampler, known = kind(space, 1, seed), []
    for number in range(trials):
        sampler.update(
            [
                each
                if each.number < number - late
                else Observation(number=each.number, point=each.point, state=State.PENDING)
                for each in known
            ]
        )
        point = sampler.suggest(number)
        known.append(Observation(number=number, point=point, state=State.DONE, losses=(bowl(point),)))
    return known


@pytest.mark.parametrize("late", [0, 4])
@pytest.mark.parametrize(("reals", "integers"), [(5, 0), (3, 3), (1, 0)])
def test_it_closes_in_on_the_minimum(reals, integers, late):
    space = cube(reals, integers)
    floor = bowl([0.3] * reals + [0.35] * integers)
    for seed in range(2):
        ours, chance = (
            min(each.losses[0] for each in search(kind, space, seed, 80, late)) - floor
            for kind in (Cma, Uniform)
        )
        assert ours < max(chance / 2, 1e-8)


def test_its_own_trials_are_known_again():
    space = cube(2, 2)
    known = search(Cma, space, 1, 40)
    sampler = Cma(space, 1, 1)
    size = sampler._begin(0).model.population_size
    for begin in range(0, 40 - size, size):
        sampler.update(known[:begin])
        present = sampler._distribution()
        for each in known[begin : begin + size]:
            raw = sampler._raw(present, each)
            drawn = [vector.tolist() for _, vector in present.candidates(each.number, 3)]
            assert raw.tolist() in drawn


def test_what_another_processor_rounds_otherwise_is_equivalent_and_known_again():
    space = cube(3)
    known = search(Cma, space, 0, 30)
    apart = [replace(each, point=tuple(x + 2.0**-30 for x in each.point)) for each in known]
    ours, theirs = Cma(space, 1, 0), Cma(space, 1, 0)
    for number in range(15, 30):
        ours.update(known[:number])
        assert ours.equivalent(number, apart[number].point)
        assert not ours.equivalent(number, tuple(x + 1e-5 for x in known[number].point))
        theirs.update(apart[:number])
        assert theirs.equivalent(number, known[number].point)


def test_what_it_keeps_between_trials_changes_nothing():
    space = cube(2, 2)
    known = search(Cma, space, 1, 60)
    for count in (59, 60, 30, 45):
        anew, kept = Cma(space, 1, 1), Cma(space, 1, 1)
        kept.update(known)
        kept.suggest(60)
        for each in (anew, kept):
            each.update(known[:count])
        assert kept.suggest(count) == anew.suggest(count)
    changed = [replace(each, losses=(-each.losses[0],)) for each in known]
    kept.update(changed)
    anew.update(changed)
    assert kept.suggest(60) == anew.suggest(60)


def test_a_foreign_trial_moves_it_no_further_than_its_own_could():
    sampler = Cma(cube(3), 1, 1)
    present = sampler._begin(0)
    near = np.array([0.5, 0.6, 0.4])
    assert present.injected(near).tolist() == pytest.approx(near.tolist())
    present.model._cma._sigma = 0.01
    far = present.injected(np.array([1.0, 1.0, 0.0])) - present.model.mean
    assert np.linalg.norm(far) == pytest.approx(0.01 * (3**0.5 + 6 / 5))


def test_it_begins_at_the_defaults():
    space = cube(1, 1, default=1)
    model = Cma(space, 1, 0)._begin(0).model
    assert model.mean.tolist() == pytest.approx([1.0, 0.15])
    assert Cma(space, 1, 0)._begin(1).model.mean.tolist() != model.mean.tolist()


def test_samples_do_not_depend_on_signs_and_order_of_eigenvectors():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 4))
    covariance = half @ half.T
    normal = _Normal(np.full(4, 0.5), 0.3, seed=0, cov=covariance)
    vectors, roots = normal._eigen_decomposition()
    normal.reseed_rng(3)
    first = normal._sample_solution()
    turn = [2, 0, 3, 1]
    normal._B, normal._D = (vectors * [1, -1, -1, 1])[:, turn], roots[turn]
    normal.reseed_rng(3)
    assert normal._sample_solution().tolist() == pytest.approx(first.tolist(), rel=1e-12)


def test_samples_have_the_covariance_of_the_model():
    rng = np.random.default_rng(1)
    half = rng.normal(size=(3, 3))
    normal = _Normal(np.zeros(3), 0.5, seed=0, cov=half @ half.T)
    sample = np.array([normal._sample_solution() for _ in range(20_000)])
    assert np.cov(sample.T) == pytest.approx(0.25 * half @ half.T, abs=0.06)
    assert normal.deviation.tolist() == pytest.approx(sample.std(axis=0).tolist(), rel=0.03)


def test_the_model_takes_its_normal_distribution_from_us():
    model = Cma(cube(2), 1, 0)._begin(0).model
    assert isinstance(model, CMAwM)
    assert isinstance(model._cma, _Normal)
