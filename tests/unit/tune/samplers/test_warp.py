import numpy as np
import pytest

from ledger.tune.base import Observation, State
from ledger.tune.samplers.history import gathered
from ledger.tune.samplers.warp import Warp, warped

each_warp = pytest.mark.parametrize("how", Warp)


def history(losses, failed=0):
    known = [
        Observation(number=number, point=(number / 1024,), state=State.DONE, losses=(loss,))
        for number, loss in enumerate(losses)
    ]
    known += [
        Observation(number=number, point=(number / 1024,), state=State.FAILED)
        for number in range(len(losses), len(losses) + failed)
    ]
    return gathered(known, 1)


@each_warp
def test_the_order_stays(how):
    losses = [3.0, -2.0, 11.0, 0.5, 0.25, 7.0, 90.0, -2.5]
    assert np.argsort(warped(history(losses), how)).tolist() == np.argsort(losses).tolist()


@each_warp
def test_mean_and_variance(how):
    found = warped(history([float(each**3) for each in range(20)], failed=5), how)
    assert found.mean() == pytest.approx(0)
    assert found.std() == pytest.approx(1)


def test_how_bad_a_bad_loss_is_does_not_matter():
    losses = [float(each) for each in range(20)]
    assert warped(history(losses)).tolist() == warped(history([*losses[:19], 1e300])).tolist()


def test_the_better_half_keeps_its_shape():
    found = warped(history([0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0]))
    assert (found[2] - found[0]) / (found[1] - found[0]) == pytest.approx(4)


def test_a_plain_loss_keeps_its_shape():
    losses = [0.0, 1.0, 4.0, 9.0, 16.0, 25.0]
    found = warped(history(losses), Warp.PLAIN)
    assert (found[5] - found[0]) / (found[1] - found[0]) == pytest.approx(25)


@each_warp
def test_what_failed_is_as_bad_as_the_worst_at_least(how):
    found = warped(history([5.0, 1.0, 3.0], failed=2), how)
    assert found[3:].min() >= found[:3].max()


@pytest.mark.parametrize(
    "losses", [[1.0] * 12, [7.0], [1.7e308, -1.7e308] * 6, [5e-324 * each for each in range(9)]]
)
def test_extremes_are_finite(losses):
    for how in Warp:
        assert np.isfinite(warped(history(losses, failed=3), how)).all()
