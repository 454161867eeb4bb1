import numpy as np
import pytest

from ledger.tune.draws import Draws


def raw(seed, number, purpose=0):
    return np.random.Philox(key=np.array([seed, (purpose << 48) ^ number], np.uint64))


@pytest.mark.parametrize(("seed", "number", "purpose"), [(0, 0, 0), (2**63 - 1, 10**6, 3)])
def test_words_are_those_of_the_generator_in_its_order(seed, number, purpose):
    draws, generator = Draws(seed, number, purpose), raw(seed, number, purpose)
    for _ in range(1000):
        assert draws.word() == int(generator.random_raw())


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 2**63 + 1, 2**64 - 1])
def test_integers_leave_out_the_words_that_would_favour_small_ones(count):
    draws, generator = Draws(7, 1), raw(7, 1)
    least = 2**64 - 2**64 % count
    for _ in range(300):
        while (word := int(generator.random_raw())) >= least:
            pass
        assert draws.below(count) == word % count
