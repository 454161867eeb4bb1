import os

import pytest

from ledger.errors import StorageError
from ledger.journal import tail
from ledger.journal.merkle import leaf_hash
from ledger.journal.tail import Frame, Gap, encode_frame, follow, read_header, scan
from ledger.model.schema import load

VECTORS = load("vectors/frames")
BODIES = [b"one", b"", b"three" * 30, b"LDGF" * 20]


def frames(bodies=BODIES, first=0):
    return [encode_frame(first + place, leaf_hash(body), body) for place, body in enumerate(bodies)]


@pytest.fixture
def read(tmp_path):
    """Items of some bytes, and the chain that they make."""

    def read(content, start=0, expected=0):
        path = tmp_path / "tail"
        path.write_bytes(content)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            items = list(scan(descriptor, start, len(content)))
        finally:
            os.close(descriptor)
        return items, follow(items, expected=expected, start=start)

    return read


def bodies(chain):
    return [frame.body for frame in chain.frames]


@pytest.mark.parametrize("case", VECTORS["tails"], ids=lambda case: case["what"])
def test_the_vectors_are_read_as_they_say(read, case):
    content = bytes.fromhex(case["bytes"])
    _, chain = read(content)
    assert [frame.seq for frame in chain.frames if frame.body is not None] == case["read"]
    assert len(content) - chain.end == case["torn"]


def test_frames_are_those_of_the_vectors():
    for entry in VECTORS["entries"]:
        body = bytes.fromhex(entry["body"])
        assert leaf_hash(body).hex() == entry["leaf"]
        assert encode_frame(entry["seq"], leaf_hash(body), body).hex() == entry["frame"]


def test_what_was_written_is_read(read):
    items, chain = read(b"".join(frames()))
    assert bodies(chain) == BODIES
    assert [item.seq for item in items] == [0, 1, 2, 3]
    assert chain.end == sum(map(len, frames()))
    assert not chain.strays
    assert chain.dense


def test_it_can_be_read_from_the_middle(read):
    content = b"".join(frames())
    _, chain = read(content, start=len(frames()[0]), expected=1)
    assert bodies(chain) == BODIES[1:]


def test_a_torn_end_at_every_byte_keeps_what_is_whole(read):
    encoded = frames()
    content = b"".join(encoded)
    ends = [sum(map(len, encoded[:count])) for count in range(len(encoded) + 1)]
    for length in range(len(content) + 1):
        _, chain = read(content[:length])
        whole = max(count for count, end in enumerate(ends) if end <= length)
        assert bodies(chain) == BODIES[:whole]
        assert chain.end == ends[whole]
        assert not chain.strays


def test_items_leave_no_hole(read):
    content = b"garbage" + frames()[0] + b"LDGF" + frames()[1] + bytes(100)
    items, _ = read(content)
    place = 0
    for item in items:
        assert item.offset == place
        place = item.end
    assert place == len(content)


def test_a_damaged_body_costs_one_entry(read):
    encoded = frames()
    content = bytearray(b"".join(encoded))
    content[tail.HEADER] ^= 1
    _, chain = read(bytes(content))
    assert bodies(chain) == [None, *BODIES[1:]]
    assert chain.frames[0].leaf == leaf_hash(BODIES[0])
    assert chain.dense


def test_a_damaged_header_costs_one_entry_and_its_leaf(read):
    encoded = frames()
    for place in range(tail.HEADER):
        content = bytearray(b"".join(encoded))
        content[len(encoded[0]) + place] ^= 0x80
        _, chain = read(bytes(content))
        assert bodies(chain) == [BODIES[0], *BODIES[2:]]
        assert chain.missing == (range(1, 2),)
        assert len(chain.strays) == 1


def test_a_repeated_frame_is_a_stray(read):
    encoded = frames()
    _, chain = read(encoded[0] + encoded[0] + encoded[1])
    assert bodies(chain) == BODIES[:2]
    assert [stray.seq for stray in chain.strays] == [0]


def test_a_repeated_frame_at_the_end_is_whole_and_no_torn_end(read):
    encoded = frames()
    _, chain = read(encoded[0] + encoded[1] + encoded[0])
    assert bodies(chain) == BODIES[:2]
    assert [stray.seq for stray in chain.strays] == [0]
    assert chain.end == len(encoded[0] + encoded[1] + encoded[0])


def test_a_whole_copy_behind_a_damaged_one_is_taken(read):
    encoded = frames()
    _, chain = read(encoded[0][:-1] + b"?" + encoded[0] + encoded[1])
    assert bodies(chain) == BODIES[:2]
    assert [stray.body for stray in chain.strays] == [None]


def test_zeros_in_the_middle_are_a_gap(read):
    encoded = frames()
    items, chain = read(encoded[0] + bytes(4096) + encoded[1])
    assert isinstance(items[1], Gap)
    assert bodies(chain) == BODIES[:2]
    assert chain.dense


def test_bytes_cut_out_of_a_body_cost_that_entry(read):
    encoded = frames()
    shortened = encoded[2][:-10]
    _, chain = read(encoded[0] + encoded[1] + shortened + encoded[3])
    assert bodies(chain) == [BODIES[0], BODIES[1], None, BODIES[3]]


def test_a_frame_is_found_over_the_edge_of_a_block(read):
    for pad in range(tail._BLOCK - 70, tail._BLOCK + 5, 3):
        items, _ = read(bytes(pad) + frames()[0])
        assert [type(item) for item in items] == [Gap, Frame]
        assert items[1].offset == pad


def test_many_false_beginnings_cost_no_more_than_a_pass(read):
    items, _ = read(b"LDGF" * 500_000 + frames()[0])
    assert [type(item) for item in items] == [Gap, Frame]


def test_a_huge_position_is_no_loop(read):
    encoded = encode_frame(2**63, leaf_hash(b"x"), b"x")
    _, chain = read(frames()[0] + encoded)
    assert chain.missing == (range(1, 2**63),)


def test_a_header_that_claims_too_much_is_none():
    whole = encode_frame(0, leaf_hash(b"x"), b"x")
    assert read_header(whole[: tail.HEADER]) == (1, 0, leaf_hash(b"x"))
    assert read_header(whole[: tail.HEADER - 1]) is None
    assert read_header(b"") is None


def test_an_entry_that_is_too_large_is_refused():
    class Long(bytes):
        def __len__(self):
            return tail.LIMIT + 1

    with pytest.raises(StorageError, match="too large"):
        encode_frame(0, leaf_hash(b""), Long())
