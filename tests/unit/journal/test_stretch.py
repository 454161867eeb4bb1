import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.pieces import DIGEST, INT, OTHER, TEXT, Moment, array_of, joined, pack
from ledger.journal.stretch import DamagedIndexError, Stretch, write
from ledger.model import Digest

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(), max_size=5),  # lone surrogates, too: bytes that are no UTF-8
    st.integers(-(2**55), 2**55).map(Moment),
    st.sampled_from([str(Digest.of(b"1")), str(Digest.of(b"2")), f"b3:{'A' * 64}"]),
)
VALUES = SCALARS | st.lists(st.integers() | st.text("ab") | st.none(), max_size=3).map(tuple)
RANDOM = np.random.default_rng(1)
PAIRS = st.dictionaries(st.integers(0, 300), VALUES, max_size=20).map(lambda pairs: sorted(pairs.items()))


def pairs_of(pieces):
    found = {}
    for piece in pieces:
        for place, number in enumerate(array_of(piece.numbers).tolist()):
            assert number not in found
            value = piece.value(place)
            found[number] = Moment(value) if piece.kind == "time" else value
    return sorted(found.items())


def same(a, b):
    return [(number, type(value), repr(value)) for number, value in a] == [
        (number, type(value), repr(value)) for number, value in b
    ]


@given(columns=st.dictionaries(st.tuples(st.sampled_from(["param", "last"]), st.text()), PAIRS, max_size=4))
def test_columns_are_read_as_they_were_written(columns):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stretch"
        write(path, [(key, pack(pairs)) for key, pairs in sorted(columns.items())])
        found = Stretch.read(path)
        assert set(found) == set(columns)
        for key, pairs in columns.items():
            assert same(pairs_of(found.column(key)), pairs)
        assert found.column(("field", "absent")) == ()


@given(st.lists(PAIRS, min_size=2, max_size=3))
def test_pieces_of_one_kind_are_joined_in_order(parts):
    """Numbers that several have are kept, each as often, the earlier piece's value first."""
    kinds = {}
    for pairs in parts:
        for piece in pack(pairs):
            kinds.setdefault(piece.kind, []).append(piece)
    for pieces in kinds.values():
        expected = [
            (number, repr(piece.value(place)))
            for piece in pieces
            for place, number in enumerate(array_of(piece.numbers).tolist())
        ]
        whole = joined(pieces)
        got = [
            (number, repr(whole.value(place)))
            for place, number in enumerate(array_of(whole.numbers).tolist())
        ]
        assert got == sorted(expected, key=lambda each: each[0])
        if whole.table is not None:
            raws = [whole.table.raw(place) for place in range(len(whole.table))]
            assert raws == sorted(set(raws))


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (list(range(1000)), 0.3),
        (list(range(0, 70_000, 70)), 2),
        ([7] * 1000, 0),
        ([number / 4 for number in range(1000)], 1.1),
        (RANDOM.random(1000).tolist(), 6.9),
        (RANDOM.random(1000).astype("f4").tolist(), 3.6),
        (RANDOM.integers(0, 1 << 17, 1000).tolist(), 2.3),
        (["adam", "sgd"] * 500, 0.1),
        ([True] * 1000, 0),
        ([-0.0, 0.0] * 500, 0.1),
        ([math.nan] * 1000, 0),
    ],
)
def test_values_take_as_little_room_as_they_need(tmp_path, values, most):
    write(tmp_path / "stretch", [(("param", "x"), pack(enumerate(values)))])
    size = (tmp_path / "stretch").stat().st_size
    assert size < most * 1000 + 200
    assert same(pairs_of(Stretch.read(tmp_path / "stretch").column(("param", "x"))), list(enumerate(values)))


def test_numbers_with_holes_take_next_to_no_room(tmp_path):
    numbers = [number for start in range(0, 40_000, 10_000) for number in range(start, start + 4096)]
    write(tmp_path / "stretch", [(("param", "x"), pack((number, 1) for number in numbers))])
    assert (tmp_path / "stretch").stat().st_size < 300
    (piece,) = Stretch.read(tmp_path / "stretch").column(("param", "x"))
    assert array_of(piece.numbers).tolist() == numbers
    assert piece.numbers.dtype == np.uint32


def test_a_stretch_that_is_cut_or_flipped_is_refused(tmp_path):
    path = tmp_path / "stretch"
    columns = [(("param", name), pack(enumerate([0.1, "text", 3, (1, 2)]))) for name in ("a", "b")]
    write(path, columns)
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        with pytest.raises(DamagedIndexError):
            Stretch.read(path)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
        with pytest.raises(DamagedIndexError):
            [Stretch.read(path).column(key) for key, _ in columns]
    path.unlink()
    with pytest.raises(DamagedIndexError):
        Stretch.read(path)


def test_kinds_and_arrays():
    kinds = {piece.kind: piece for piece in pack(enumerate([1, 2**63, "x", str(Digest.of(b"")), (1,)]))}
    assert sorted(kinds) == [DIGEST, INT, OTHER, TEXT]
    assert kinds[OTHER].values.tolist() == [0, 1]  # by their bytes, of which an integer's come first
    assert kinds[INT].values.dtype == np.int64
