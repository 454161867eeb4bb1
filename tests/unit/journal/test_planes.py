import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ledger.journal import planes

KINDS = ["b1", "<i1", "<i2", "<i4", "<i8", "<f4", "<f8"]


def unpacked(content, kind, count):
    return planes.unpack(memoryview(content), np.dtype(kind), count)


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays.arrays(kind, st.integers(0, 300))))
def test_numbers_come_back_bit_by_bit(values):
    content = planes.pack(values)
    found, length = unpacked(content + b"more", values.dtype, len(values))
    assert length == len(content)
    assert found.tobytes() == values.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_all_alike_take_no_room(kind):
    values = np.ones(10_000, kind)
    assert len(planes.pack(values)) <= 4 * 5 + values.dtype.itemsize
    assert unpacked(planes.pack(values), kind, 10_000)[0].tolist() == values.tolist()


def test_measured_numbers_take_less_room_than_they_have_bytes():
    values = np.random.default_rng(1).random(10_000)
    assert len(planes.pack(values)) < 6.9 * len(values)


@pytest.mark.parametrize("count", [0, 1, 99, 101, 1 << 40])
def test_another_number_of_them_is_refused(count):
    values = np.random.default_rng(1).integers(0, 1 << 40, 100)
    with pytest.raises(ValueError, match="another size"):
        unpacked(planes.pack(values), "<i8", count)


def test_what_is_cut_is_refused():
    content = planes.pack(np.random.default_rng(1).random(100))
    for cut in range(len(content)):
        with pytest.raises(ValueError, match="numbers"):
            unpacked(content[:cut], "<f8", 100)


def test_a_frame_that_tells_another_size_is_not_decompressed():
    frame = zstandard.ZstdCompressor().compress(bytes(1 << 30))
    content = b"\2" + len(frame).to_bytes(4, "little") + frame
    with pytest.raises(ValueError, match="another size"):
        unpacked(content, "<i1", 100)


def test_a_damaged_frame_is_refused():
    content = bytearray(planes.pack(np.arange(10_000)))
    for place in range(len(content)):
        damaged = bytes(content[:place]) + bytes([content[place] ^ 16]) + bytes(content[place + 1 :])
        try:
            found, _ = unpacked(damaged, "<i8", 10_000)
        except ValueError:
            continue
        assert len(found) == 10_000  # other numbers, which the digest of a column tells
