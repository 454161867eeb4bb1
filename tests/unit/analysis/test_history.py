"""The best so far."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.analysis.history import best_so_far


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
def test_it_is_the_best_of_all_up_to_a_place(values):
    for maximize, best in ((False, min), (True, max)):
        found = best_so_far(values, maximize=maximize).tolist()
        assert found == [best(values[: place + 1]) for place in range(len(values))]
