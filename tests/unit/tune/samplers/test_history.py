import math

import numpy as np
import pytest

from ledger.tune.base import Observation, State
from ledger.tune.draws import Draws
from ledger.tune.samplers.history import gathered, rounded, scalarised, trade_off


def seen(number, x, *losses, state=State.DONE, **more):
    return Observation(number=number, point=(x,), state=state, losses=losses, **more)


def test_a_point_that_was_tried_again_counts_once_by_its_mean():
    found = gathered([seen(0, 0.5, 1.0), seen(1, 0.25, 3.0), seen(2, 0.5, 2.0)], 1)
    assert found.points == ((0.5,), (0.25,))
    assert found.losses.tolist() == [1.5, 3.0]
    assert found.done == 2


def test_a_failed_seed_does_not_count_where_another_is_done():
    found = gathered([seen(0, 0.5, 1.0), seen(1, 0.5, state=State.FAILED), seen(2, 0.5, 2.0)], 1)
    assert found.losses.tolist() == [1.5]


def test_the_mean_of_the_largest_losses_is_finite():
    found = gathered([seen(0, 0.5, 1.7e308), seen(1, 0.5, 1.7e308)], 1)
    assert found.losses.tolist() == [pytest.approx(1.7e308)]


def test_the_order_is_done_stopped_unwanted_failed():
    found = gathered(
        [
            seen(0, 0.0, state=State.FAILED),
            seen(1, 0.1, -9.0, violation=2.0),
            seen(2, 0.2, -9.0, violation=1.0),
            seen(3, 0.3, -9.0, state=State.PRUNED, resource=1.0),
            seen(4, 0.4, -9.0, state=State.PRUNED, resource=5.0),
            seen(5, 0.5, 7.0),
            seen(6, 0.6, 3.0),
            seen(7, 0.7, state=State.PENDING),
        ],
        1,
    )
    assert [found.points[place] for place in found.order] == [
        (0.6,),
        (0.5,),
        (0.4,),
        (0.3,),
        (0.2,),
        (0.1,),
        (0.0,),
    ]
    assert found.done == 2
    assert [math.isnan(each) for each in found.losses] == [True] * 5 + [False, False]
    assert found.pending == ((0.7,),)
    assert (0.7,) in found.tried


def test_equal_losses_keep_their_order():
    found = gathered([seen(number, number / 8, 1.0) for number in range(5)], 1)
    assert found.order.tolist() == [0, 1, 2, 3, 4]


def test_a_pending_repetition_of_a_known_point_is_not_pending():
    assert gathered([seen(0, 0.5, 1.0), seen(1, 0.5, state=State.PENDING)], 1).pending == ()


def test_most_seeds_decide_whether_a_constraint_is_met():
    two = [seen(0, 0.5, 1.0), seen(1, 0.5, 1.0, violation=1.0), seen(2, 0.5, 1.0, violation=3.0)]
    assert gathered(two, 1).done == 0
    assert gathered(two[:2], 1).done == 1


def test_several_objectives_become_one_by_their_weights():
    losses = np.array([[0.0, 10.0], [1.0, 0.0], [0.5, 5.0]])
    first = scalarised(losses, [0.9, 0.1])
    assert first.argmin() == 0
    assert scalarised(losses, [0.1, 0.9]).argmin() == 1
    assert first[0] == pytest.approx(0.1 + 0.05 * 0.1)
    assert scalarised(np.array([[1e308, 0.0], [-1e308, 0.0]]), [0.5, 0.5]).tolist() == [0.525, 0.0]


def test_weights_add_up_and_one_objective_has_none():
    assert trade_off(1, Draws(0, 0)) is None
    found = [trade_off(3, Draws(0, number)) for number in range(50)]
    assert all(sum(each) == pytest.approx(1) and min(each) > 0 for each in found)
    assert max(each[0] for each in found) > 0.6


def test_rounding_keeps_digits_of_the_largest():
    scores = np.array([1234.5678901234, 0.00000000012345, -np.inf])
    assert rounded(scores).tolist() == [1234.56789, 0.0, -np.inf]
    assert rounded(np.array([0.0, -0.0])).tolist() == [0.0, 0.0]
    assert rounded(np.array([3e-320])).tolist() == pytest.approx([3e-320])
    assert rounded(np.array([1.5e300])).tolist() == pytest.approx([1.5e300])
