import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compare import array as module
from ledger.compare.array import Array, at_once, held, side_by_side
from ledger.compare.base import Unfit
from ledger.compare.parts import items, items_at


def in_blocks(content, cuts, dtype="<f4", shape=None):
    """An array whose source gives it cut at these items."""
    size = module.item_size(dtype)
    places = [0, *sorted({each * size for each in cuts if 0 < each * size < len(content)}), len(content)]
    blocks = [content[start:stop] for start, stop in pairwise(places)]
    return Array(
        dtype=dtype,
        shape=(len(content) // size,) if shape is None else shape,
        blocks=lambda: iter([each for each in blocks if each]),
    )


CUTS = st.lists(st.integers(0, 40))


@given(content=st.binary(max_size=160), left=CUTS, right=CUTS, dtypes=st.permutations(["<f4", ">f4"]))
def test_both_sides_of_a_block_have_the_same_items(content, left, right, dtypes):
    content = content[: len(content) // 4 * 4]
    other = content[::-1]
    found = list(side_by_side(in_blocks(content, left, dtypes[0]), in_blocks(other, right, dtypes[1])))
    assert all(len(one) == len(two) > 0 for one, two in found)
    assert b"".join(bytes(one) for one, _ in found) == content
    assert b"".join(bytes(two) for _, two in found) == other
    assert len(found) <= len(left) + len(right) + 1


def test_items_of_two_sizes_lie_side_by_side():
    found = list(side_by_side(in_blocks(bytes(48), [3], "<f4"), in_blocks(bytes(96), [1], "<f8")))
    assert [(len(one), len(two)) for one, two in found] == [(4, 8), (8, 16), (36, 72)]


@pytest.mark.parametrize(
    ("size", "cuts", "shape", "why"),
    [
        (12, [], (4,), "ends early"),
        (12, [2], (4,), "ends early"),
        (14, [], (4,), "ends early"),
        (0, [], (1,), "ends early"),
        (20, [2], (4,), "does not end"),
    ],
)
def test_what_is_not_as_long_as_its_shape_is_told(size, cuts, shape, why):
    for wrong_first in (True, False):
        whole, wrong = in_blocks(bytes(4 * shape[0]), []), in_blocks(bytes(size), cuts, shape=shape)
        with pytest.raises(Unfit, match=why):
            list(side_by_side(*((wrong, whole) if wrong_first else (whole, wrong))))


def test_empty_text_has_no_blocks():
    assert not list(side_by_side(held(b"", "<U0", (1 << 40,)), held(b"", "<U0", (1 << 40,))))


def test_what_is_mapped_comes_in_larger_blocks(tmp_path):
    count = 2 * at_once(4, mapped=True) + 5
    (tmp_path / "numbers").write_bytes(os.urandom(1 << 16) * (count // (1 << 14) + 1))
    with open(tmp_path / "numbers", "rb") as file:
        large = [len(each) // 4 for each in items_at(file, 8, count, 4)]
        file.seek(8)
        small = [len(each) // 4 for each in items(file, count, 4)]
        assert large == [at_once(4, mapped=True)] * 2 + [5]
        assert set(small[:-1]) == {at_once(4)}
        assert sum(small) == count
        for sides in ((items_at, items), (items, items_at)):
            arrays = [
                Array(dtype="<f4", shape=(count,), blocks=opened(file.name, count, side)) for side in sides
            ]
            equal = [bytes(one) == bytes(two) for one, two in side_by_side(*arrays)]
            assert len(equal) == len(small)
            assert all(equal)


def opened(path, count, side):
    """Starts reading numbers of a file that is opened anew, so that two such arrays lie side by side."""

    def blocks():
        with open(path, "rb") as file:
            file.seek(8)
            yield from items_at(file, 8, count, 4) if side is items_at else items(file, count, 4)

    return blocks


def test_an_item_that_cannot_be_held_is_told():
    with pytest.raises(Unfit, match="items of 67108865 bytes"):
        at_once((64 << 20) + 1)
    assert at_once(64 << 20) == at_once(64 << 20, mapped=True) == 1
