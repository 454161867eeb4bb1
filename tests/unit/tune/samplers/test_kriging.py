import math

import numpy as np
import pytest
from scipy.special import ndtr

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.draws import Draws
from ledger.tune.samplers import kriging
from ledger.tune.samplers.kriging import GRID, Features, Process, hyperparameters, log_improvement
from ledger.tune.space.unit import UnitSpace


def real(name, condition=None):
    return Parameter(name=name, domain=Domain(type=Type.REAL, low=0.0, high=1.0), condition=condition)


PLANE = UnitSpace(Space(parameters=(real("x"), real("y"))))
KINDS = UnitSpace(
    Space(
        parameters=(
            Parameter(name="kind", domain=Domain(type=Type.CATEGORICAL, choices=("a", "b", "c"))),
            real("x", "kind != a"),
            Parameter(name="way", domain=Domain(type=Type.CATEGORICAL, choices=(1, 2)), condition="kind = b"),
            Parameter(name="only", domain=Domain(type=Type.CATEGORICAL, choices=("one",))),
        )
    )
)


def drawn(space, count, seed=0):
    draws = Draws(seed, 0)
    return np.array(
        [space.completed([draws.uniform() for _ in space.axes]) for _ in range(count)], dtype=np.float64
    )


def bowl(where):
    return (where[:, 0] - 0.3) ** 2 + 0.1 * np.sin(9 * where[:, 0])


def standard(values):
    return (values - values.mean()) / values.std()


def test_it_goes_through_what_it_has_seen():
    where = drawn(PLANE, 30)
    losses = standard(bowl(where))
    seen = Features.of(PLANE, where)
    mean, deviation = Process.fitted(seen, losses, hyperparameters(seen, losses)).expected(seen)
    assert mean == pytest.approx(losses, abs=0.02)
    assert deviation.max() < 0.05


def test_it_foretells_what_it_has_not_seen():
    where, there = drawn(PLANE, 40), drawn(PLANE, 200, seed=1)
    losses = bowl(where)
    seen = Features.of(PLANE, where)
    process = Process.fitted(seen, standard(losses), hyperparameters(seen, standard(losses)))
    mean, _ = process.expected(Features.of(PLANE, there))
    assert np.corrcoef(mean, bowl(there))[0, 1] > 0.99


def test_an_axis_that_does_not_matter_gets_a_long_scale():
    where = drawn(PLANE, 40)
    seen = Features.of(PLANE, where)
    x, y, noise = hyperparameters(seen, standard(bowl(where)))
    assert x > y + 2
    assert noise < math.log(0.01)


def test_noise_is_found():
    where = drawn(PLANE, 80)
    draws = Draws(3, 3)
    losses = standard(where[:, 0] + np.array([draws.uniform() - 0.5 for _ in where]))
    seen = Features.of(PLANE, where)
    assert hyperparameters(seen, losses)[-1] > math.log(0.1)


def test_hyperparameters_are_on_their_grid():
    where = drawn(PLANE, 20)
    found = hyperparameters(Features.of(PLANE, where), standard(bowl(where)))
    assert (found * GRID == np.round(found * GRID)).all()


def test_the_gradient_is_the_slope(monkeypatch):
    """The search for hyperparameters is told the truth."""
    asked = {}
    monkeypatch.setattr(
        kriging,
        "minimize",
        lambda call, start, **_: asked.update(call=call, start=start) or Found(),
    )

    class Found:
        x = np.zeros(3)

    where = drawn(KINDS, 25)
    hyperparameters(Features.of(KINDS, where), standard(where[:, 0] + np.nan_to_num(where[:, 1])))
    at = asked["start"] + 0.3
    _, gradient = asked["call"](at)
    for place in range(len(at)):
        step = np.zeros_like(at)
        step[place] = 1e-5
        slope = (asked["call"](at + step)[0] - asked["call"](at - step)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_distances_of_unordered_and_inactive_values():
    points = [
        KINDS.completed([kind, 0.25, way, 0.5]) for kind, way in ((0.1, 0), (0.5, 0), (0.5, 0.9), (0.9, 0))
    ]
    kind, x, way = Features.of(KINDS, np.array(points, dtype=np.float64)).squares()
    assert kind[0].tolist() == pytest.approx([0, 1, 1, 1])
    assert kind[1].tolist() == pytest.approx([1, 0, 0, 1])
    assert x[0].tolist() == pytest.approx([0, 0.0625, 0.0625, 0.0625])
    assert way[1].tolist() == pytest.approx([1, 0, 1, 1])
    assert way[0, 3] == 0


def test_expected_improvement():
    mean = np.array([0.0, 0.5, -1.0, 0.2])
    deviation = np.array([1.0, 0.1, 0.5, 2.0])
    z = (0.1 - mean) / deviation
    direct = deviation * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))
    assert np.exp(log_improvement(mean, deviation, 0.1)) == pytest.approx(direct, rel=1e-9)


def test_a_hopeless_improvement_still_has_a_logarithm():
    found = log_improvement(np.array([5.0, 50.0, 500.0, 5e6]), np.ones(4), 0.0)
    assert np.isfinite(found).all()
    assert (np.diff(found) < 0).all()
    assert found[1] == pytest.approx(-0.5 * 50**2 - 0.5 * math.log(2 * math.pi) - 2 * math.log(50), rel=1e-4)
