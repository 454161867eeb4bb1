import math

import numpy as np
import pytest

from ledger.model import HyperparameterType as Type
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.draws import Draws
from ledger.tune.samplers.parzen import Parzen, _weights, _widths
from ledger.tune.space.unit import UnitSpace

REAL, CHOICE = UnitSpace(
    Space(
        parameters=(
            Parameter(name="x", domain=Domain(type=Type.REAL, low=0.0, high=1.0)),
            Parameter(name="c", domain=Domain(type=Type.CATEGORICAL, choices=("a", "b", "c"))),
        )
    )
).axes


def test_the_density_of_an_ordered_axis_integrates_to_one():
    found = Parzen.around([REAL], np.array([[0.02], [0.3], [0.31], [0.99]]))
    middles = (np.arange(20_000) + 0.5) / 20_000
    assert np.exp(found.log_density(middles[:, None])).mean() == pytest.approx(1, rel=1e-4)


def test_the_density_of_both_kinds_of_axes_integrates_to_one():
    found = Parzen.around([CHOICE, REAL], np.array([[0.5, 0.1], [1 / 6, 0.8]]))
    middles = (np.arange(2000) + 0.5) / 2000
    where = np.array([(place, x) for place in (1 / 6, 0.5, 5 / 6) for x in middles])
    assert np.exp(found.log_density(where)).mean() == pytest.approx(1, rel=1e-3)


def test_draws_follow_the_density():
    found = Parzen.around([CHOICE, REAL], np.array([[0.5, 0.1], [0.5, 0.15], [1 / 6, 0.8]]))
    draws = Draws(1, 2)
    drawn = np.array([found.drawn(draws) for _ in range(4000)])
    assert ((drawn >= 0) & (drawn <= 1)).all()
    for low, high in ((0.0, 0.25), (0.25, 0.7), (0.7, 1.0)):
        middles = low + (high - low) * (np.arange(500) + 0.5) / 500
        for choice in range(3):
            where = np.column_stack((np.full(500, (choice + 0.5) / 3), middles))
            expected = np.exp(found.log_density(where)).mean() * (high - low) / 3
            inside = (drawn[:, 1] >= low) & (drawn[:, 1] < high) & (np.floor(drawn[:, 0] * 3) == choice)
            assert inside.mean() == pytest.approx(expected, abs=4 * math.sqrt(expected / 4000) + 1e-3)


def test_no_points_leave_the_prior():
    found = Parzen.around([CHOICE, REAL], np.empty((0, 2)))
    density = found.log_density(np.array([[0.5, 0.5], [0.1, 0.5], [0.9, 0.5]]))
    assert density.tolist() == pytest.approx([density[0]] * 3)


def test_a_width_reaches_to_the_farther_neighbour():
    found = _widths(np.array([0.5, 0.1, 0.6, 1.0]), None)
    assert found.tolist() == pytest.approx([0.4, 0.4, 0.4, 0.4])
    close = _widths(np.linspace(0.5, 0.501, 30), None)
    assert close[1:-1].tolist() == [1 / 32] * 28
    assert _widths(np.full(200, 0.5), None)[100] == 0.01
    assert _widths(np.full(200, 0.5), 10)[100] == 0.05


def test_old_points_weigh_less():
    assert _weights(0) == (1 << 20,)
    assert len(set(_weights(25))) == 1
    found = _weights(60)
    assert len(found) == 61
    assert list(found) == sorted(found)
    assert found[0] == (1 << 20) // 60
    assert found[34] == found[-1] == 1 << 20
