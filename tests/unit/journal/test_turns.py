from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.order import merged
from ledger.journal.turns import WaitingError, gate, turns
from ledger.model import Digest, Entry, Note, OriginHead, Recorded

ONE = Digest.of(b"1")


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=2)),
        max_size=15,
    )
)
def test_turns_are_the_merged_order(told):
    """Of any claims, also of what was not there yet."""
    logs = {bytes([letter]) * 16: [] for letter in b"ABC"}
    names = sorted(logs)
    for place, claims in told:
        own = logs[names[place]]
        seen = {names[other]: size for other, size in claims if other != place}
        entry = Entry(
            time=0,
            nonce=bytes(16),
            origin=names[place],
            seen=tuple(OriginHead(origin=o, size=size, root=ONE) for o, size in sorted(seen.items())),
            payload=Note(text="", author=""),
        )
        own.append(Recorded(id=ONE, seq=len(own), entry=entry, body=b""))
    gates = {origin: [found for each in log if (found := gate(each))] for origin, log in logs.items()}
    order = []
    try:
        for turn in turns({origin: len(log) for origin, log in logs.items()}, gates):
            order += [(turn.origin, seq) for seq in range(turn.first, turn.end)]
    except WaitingError:
        assert any(size > 0 for each in gates.values() for _, seen in each for _, size in seen)
    expected = [(each.entry.origin, each.seq) for each in merged({o: iter(log) for o, log in logs.items()})]
    assert order == expected[: len(order)]
