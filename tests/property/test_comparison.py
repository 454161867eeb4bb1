"""Whatever two sides measured, it comes to an answer."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.analysis.comparison import compare
from ledger.analysis.observations import Observations, Variable
from ledger.analysis.pairing import pair
from ledger.model import Digest, HyperparameterType
from ledger.ops.compare_document import comparison_document

VALUES = st.floats(allow_nan=False) | st.sampled_from([0.0, 1.0, 1.0 + 1e-15, 1e-300, math.nan, math.inf])
CHOICES = st.sampled_from([1, 1.0, 2, "1", True, None, math.nan])
TRIALS = st.lists(st.tuples(CHOICES, st.sampled_from([None, 1, 2, 3, 4]), VALUES), min_size=1, max_size=9)


def side(label, trials):
    return Observations(
        label=label,
        trials=tuple(Digest.of(f"{label}{row}".encode()) for row in range(len(trials))),
        variables=(
            Variable(
                name="x", type=HyperparameterType.CATEGORICAL, values=tuple(choice for choice, _, _ in trials)
            ),
        ),
        seeds=tuple(seed for _, seed, _ in trials),
        metrics={"m": tuple(value for _, _, value in trials)},
    )


@given(TRIALS, TRIALS)
def test_rows_go_together_once_and_the_other_way_round_the_same(a, b):
    found, back = pair(side("a", a), side("b", b)), pair(side("b", b), side("a", a))
    for rows in (
        [row for each in found.pairs for row in each.a],
        [row for each in found.pairs for row in each.b],
    ):
        assert len(set(rows)) == len(rows)
    assert sorted((sorted(each.a), sorted(each.b), each.seeded) for each in found.pairs) == sorted(
        (sorted(each.b), sorted(each.a), each.seeded) for each in back.pairs
    )
    for each in found.pairs:
        if each.seeded:
            assert [a[row][1] for row in each.a] == [b[row][1] for row in each.b]


@settings(max_examples=60)
@given(TRIALS, TRIALS, st.sampled_from([True, False, None]))
def test_any_values_are_compared(a, b, maximize):
    found = compare(pair(side("a", a), side("b", b)), "m", maximize=maximize)
    if found is None:
        return
    assert not math.isnan(found.interval.low) | math.isnan(found.interval.high)
    assert found.interval.low <= found.difference <= found.interval.high or found.verdict == "unknown"
    assert 0 <= found.probability_interval.low <= found.probability <= found.probability_interval.high <= 1
    assert all(0 <= each.p <= 1 for each in found.tests)
    assert sum(map(sum, found.sizes)) + found.left_out == sum(
        abs(value) <= 1e150 for each in (a, b) for _, _, value in each
    )
    comparison_document(found, "a", "b")
