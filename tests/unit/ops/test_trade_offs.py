"""Pareto fronts of trials."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.observations import Observations
from ledger.model import Digest
from ledger.model.space import Objective
from ledger.ops.trade_offs import trade_off

VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan, math.inf])


def observed(*columns):
    count = len(columns[0])
    return Observations(
        label="x",
        trials=tuple(Digest.of(bytes([row])) for row in range(count)),
        variables=(),
        seeds=(None,) * count,
        metrics={f"m{place}": tuple(each) for place, each in enumerate(columns)},
    )


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=15), st.tuples(*[st.booleans()] * 3))
def test_a_row_is_on_the_front_if_none_is_better_in_all(rows, turns):
    found = observed(*(zip(*rows, strict=True) if rows else [()] * 3))
    made = trade_off(found, [Objective(metric=f"m{at}", maximize=turn) for at, turn in enumerate(turns)])
    finite = [row for row, values in enumerate(rows) if all(map(math.isfinite, values))]
    assert made.rows == tuple(finite)

    def beats(left, right):
        gains = [(a - b) * (1 if turn else -1) for a, b, turn in zip(left, right, turns, strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    front = {row for row in finite if not any(beats(rows[other], rows[row]) for other in finite)}
    assert made.front == front


def test_a_metric_that_no_trial_has_leaves_none():
    assert trade_off(observed((1.0,)), [Objective(metric="m0"), Objective(metric="no")]).rows == ()
