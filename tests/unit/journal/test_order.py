from itertools import permutations

from ledger.journal.order import merged
from ledger.model import Digest, Entry, Note, OriginHead, Recorded

A, B, C = (bytes([letter]) * 16 for letter in b"ABC")


def log(origin, *seen):
    """Entries of one origin; each has seen a dict of {origin: size}."""
    return [
        Recorded(
            id=Digest.of(origin + bytes([seq])),
            seq=seq,
            entry=Entry(
                time=0,
                nonce=bytes(16),
                origin=origin,
                seen=tuple(
                    OriginHead(origin=other, size=size, root=Digest(bytes(32)))
                    for other, size in heads.items()
                ),
                payload=Note(text="", author=""),
            ),
            body=b"",
        )
        for seq, heads in enumerate(seen)
    ]


def order(logs):
    return [
        f"{each.entry.origin[:1].decode()}{each.seq}"
        for each in merged({origin: iter(entries) for origin, entries in logs.items()})
    ]


def test_ties_go_by_origin():
    assert order({B: log(B, {}, {}), A: log(A, {}, {})}) == ["A0", "A1", "B0", "B1"]


def test_what_was_seen_comes_first():
    logs = {A: log(A, {}, {B: 2}, {}), B: log(B, {}, {}, {A: 1})}
    assert order(logs) == ["A0", "B0", "B1", "A1", "A2", "B2"]


def test_the_order_does_not_depend_on_how_the_logs_are_given():
    logs = {A: log(A, {}, {B: 1, C: 1}), B: log(B, {}, {C: 2}), C: log(C, {}, {A: 1})}
    expected = order(logs)
    for keys in permutations(logs):
        assert order({key: logs[key] for key in keys}) == expected
    assert len(expected) == 6


def test_a_log_that_is_not_here_or_shorter_is_not_waited_for():
    assert order({A: log(A, {C: 5}, {B: 9}), B: log(B, {})}) == ["A0", "B0", "A1"]


def test_a_gap_in_a_log_counts_as_come():
    later = log(B, {}, {}, {})[1:]  # entry 0 is damaged
    assert order({A: log(A, {B: 1}), B: later}) == ["A0", "B1", "B2"]


def test_a_circle_does_not_block():
    assert order({A: log(A, {B: 1}), B: log(B, {A: 1})}) == ["A0", "B0"]


def test_one_entry_of_each_log_is_held():
    read = []

    def reading(origin):
        for each in log(origin, {}, {}, {}):
            read.append(each.seq)
            yield each

    entries = merged({A: reading(A), B: reading(B)})
    next(entries)
    assert read == [0, 0]


def test_nothing_makes_nothing():
    assert order({}) == []
