import numpy as np
import pytest
from scipy.stats import qmc

from ledger.model import HyperparameterType
from ledger.model.space import Domain, Parameter, Space
from ledger.tune.samplers import sobol
from ledger.tune.samplers.sobol import Sobol, directions
from ledger.tune.space.unit import GRID, UnitSpace


def cube(dimensions):
    domain = Domain(type=HyperparameterType.REAL, low=0.0, high=1.0)
    return UnitSpace(
        Space(parameters=tuple(Parameter(name=f"x{each}", domain=domain) for each in range(dimensions)))
    )


@pytest.mark.parametrize("dimension", range(sobol.DIMENSIONS))
def test_the_plain_sequence_is_that_of_scipy(dimension):
    plain = qmc.Sobol(sobol.DIMENSIONS, scramble=False, bits=GRID).random(64)[:, dimension]
    # Theirs goes through the indices in Gray code.
    ours = [sobol._at(directions(dimension), place ^ (place >> 1)) / (1 << GRID) for place in range(64)]
    assert ours == plain.tolist()


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_each_dimension_has_one_point_in_each_cell(seed):
    sampler = Sobol(cube(7), 1, seed)
    points = np.array([sampler.suggest(number) for number in range(64)])
    for axis in range(7):
        assert sorted((points[:, axis] * 64).astype(int)) == list(range(64))


def test_pairs_of_dimensions_are_stratified_too():
    sampler = Sobol(cube(2), 1, 5)
    points = np.array([sampler.suggest(number) for number in range(64)])
    for wide, high in [(2, 32), (4, 16), (8, 8), (16, 4), (32, 2)]:
        cells = {(int(x * wide), int(y * high)) for x, y in points}
        assert len(cells) == 64


def test_it_is_more_even_than_chance():
    sampler = Sobol(cube(5), 1, 3)
    points = np.array([sampler.suggest(number) for number in range(128)])
    chance = [qmc.discrepancy(np.random.default_rng(seed).random((128, 5))) for seed in range(10)]
    assert qmc.discrepancy(points) < min(chance)


def test_seeds_scramble():
    assert Sobol(cube(3), 1, 1).suggest(0) != Sobol(cube(3), 1, 2).suggest(0)


def test_axes_beyond_the_directions_are_drawn():
    sampler = Sobol(cube(sobol.DIMENSIONS + 3), 1, 0)
    points = np.array([sampler.suggest(number) for number in range(32)])
    assert points.shape == (32, sobol.DIMENSIONS + 3)
    assert all(len(set(points[:, axis])) == 32 for axis in range(sobol.DIMENSIONS + 3))
