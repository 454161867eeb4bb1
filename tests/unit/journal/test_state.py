import pytest

from ledger.errors import DamagedError, NewerFormatError
from ledger.journal import state
from ledger.journal.merkle import Frontier, leaf_hash
from ledger.journal.state import HeadRecord, SealedRecord, SegmentRecord
from ledger.model import Digest
from ledger.model.schema import load

VECTORS = load("vectors/frames")
FRONTIER = Frontier().extend(leaf_hash(bytes([place])) for place in range(5))
HEAD = HeadRecord(frontier=FRONTIER, first=3, offset=1000)
SEALED = SealedRecord(
    frontier=FRONTIER,
    segments=(
        SegmentRecord(first=0, end=3, digest=Digest.of(b"1")),
        SegmentRecord(first=3, end=5, digest=Digest.of(b"2")),
    ),
)


def test_head_and_sealed_come_back():
    assert state.decode_head(state.encode_head(HEAD)) == HEAD
    assert state.decode_sealed(state.encode_sealed(SEALED)) == SEALED
    assert state.decode_sealed(state.encode_sealed(SealedRecord())) == SealedRecord()


def test_they_are_those_of_the_vectors():
    head = state.decode_head(bytes.fromhex(VECTORS["head"]["bytes"]))
    assert (head.frontier.size, head.first, head.offset) == tuple(
        VECTORS["head"][name] for name in ("size", "first", "offset")
    )
    assert [peak.hex() for peak in head.frontier.peaks] == VECTORS["head"]["frontier"]
    assert head.frontier.root().hex() == VECTORS["root"]
    sealed = state.decode_sealed(bytes.fromhex(VECTORS["sealed"]["bytes"]))
    assert [[each.first, each.end, each.digest.hex()] for each in sealed.segments] == VECTORS["sealed"][
        "segments"
    ]


def test_every_flipped_bit_is_damage():
    for encoded, decode in (
        (state.encode_head(HEAD), state.decode_head),
        (state.encode_sealed(SEALED), state.decode_sealed),
    ):
        for place in range(len(encoded)):
            for bit in range(8):
                content = bytearray(encoded)
                content[place] ^= 1 << bit
                with pytest.raises(DamagedError):
                    decode(bytes(content))


def test_every_cut_is_damage():
    encoded = state.encode_head(HEAD)
    for length in range(len(encoded)):
        with pytest.raises(DamagedError):
            state.decode_head(encoded[:length])


def test_what_is_left_of_a_longer_one_does_not_matter():
    assert state.decode_head(state.encode_head(HEAD) + b"left over") == HEAD


def test_a_newer_format_is_refused_by_name():
    newer = state.encode_sheet(state.HEAD, {"v": 2})
    with pytest.raises(NewerFormatError, match="format 2") as caught:
        state.decode_head(newer, "journal/xy/head")
    assert "journal/xy/head" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "document",
    [
        {"v": 1},
        {"v": 1, "size": 2, "frontier": [], "first": 0, "offset": 0},
        {"v": 1, "size": 1, "frontier": [b"short"], "first": 0, "offset": 0},
        {"v": 1, "size": 0, "frontier": [], "first": -1, "offset": 0},
        {"v": 1, "size": 0, "frontier": [], "first": True, "offset": 0},
        {"v": "1", "size": 0, "frontier": [], "first": 0, "offset": 0},
    ],
)
def test_a_head_that_makes_no_sense_is_damage(document):
    with pytest.raises(DamagedError):
        state.decode_head(state.encode_sheet(state.HEAD, document))


@pytest.mark.parametrize(
    "segments", [[[0, 1, bytes(32)]], [[0, 0, bytes(32)]], [[1, 2, bytes(32)]], [[0, 2, b"x"]], [7], None]
)
def test_segments_that_do_not_follow_one_another_are_damage(segments):
    frontier = Frontier().extend([bytes(32)] * 2)
    document = {"v": 1, "size": 2, "frontier": list(frontier.peaks), "segments": segments}
    with pytest.raises(DamagedError):
        state.decode_sealed(state.encode_sheet(state.SEALED, document))


def test_a_head_is_no_sealed():
    with pytest.raises(DamagedError):
        state.decode_sealed(state.encode_head(HEAD))


def test_what_is_not_there_is_none(tmp_path):
    assert state.read_head(tmp_path) is None
    assert state.read_sealed(tmp_path) is None


def test_head_is_written_in_place(tmp_path):
    state.write_head(tmp_path, HEAD)
    node = (tmp_path / "head").stat().st_ino
    state.write_head(tmp_path, HeadRecord(frontier=Frontier(), first=0, offset=0), sync=True)
    assert state.read_head(tmp_path).frontier.size == 0
    assert (tmp_path / "head").stat().st_ino == node
