import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal import events
from ledger.journal.stretch import Stretch

EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1 << 40)), min_size=1, max_size=5)
TOLD = st.dictionaries(st.integers(0, 50), EVENTS, min_size=1, max_size=20)


def stretch_of(told):
    return Stretch(events.columns(events.listed(told)))


@given(TOLD)
def test_the_entries_of_a_trial_come_back_in_order(told):
    stretch = stretch_of(told)
    assert set(stretch) <= events.KEYS
    for number in range(52):
        assert events.of_trial(stretch, number) == told.get(number, [])


@given(st.lists(TOLD, min_size=1, max_size=4))
def test_those_of_several_stretches_follow_one_another(parts):
    found = events.collected(map(stretch_of, parts))
    expected = {}
    for told in parts:
        for number, some in told.items():
            expected.setdefault(number, []).extend(some)
    merged = Stretch(events.columns(found))
    assert found.numbers.tolist() == sorted(found.numbers.tolist())
    for number in range(52):
        assert events.of_trial(merged, number) == expected.get(number, [])


def test_trials_with_a_start_and_an_end_take_no_list_of_numbers():
    told = {number: [(0, 2 * number), (0, 2 * number + 1)] for number in range(100)}
    stretch = stretch_of(told)
    assert set(stretch) == {*events.ORIGINS[:2], *events.SEQS[:2]}
    for key in stretch:
        (piece,) = stretch.column(key)
        assert piece.numbers == range(100)


def test_nothing_has_no_columns():
    nothing = events.collected([])
    assert len(nothing.numbers) == 0
    assert events.columns(nothing) == {}
    assert events.span(np.array([1, 2, 2, 4], np.uint32), 2) == (1, 3)
    assert events.span(range(3, 5), 2) == (0, 0)
