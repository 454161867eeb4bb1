import importlib.util
import io
import struct
from pathlib import Path

import pytest

from ledger.formats import Malformed, tfrecord

_SPEC = importlib.util.spec_from_file_location("event_files", Path(__file__).parents[2] / "event_files.py")
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)


def test_the_checksum_is_that_of_the_standard():
    # RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up.
    for data, expected in (
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ):
        assert made.crc32c(data) == expected
        assert struct.pack("<I", tfrecord.masked(data)) == made.masked(data)


def test_payloads_come_in_their_order_and_large_ones_by_their_place():
    large = bytes(1 << 20)  # what lies in the buffer already is given whatever its size
    contents = [b"", b"a", bytes(1000), large, b"end"]
    whole = b"".join(made.frame(each) for each in contents)
    place = sum(len(each) + 16 for each in contents[:3]) + 12
    expected = [*contents[:3], tfrecord.Large(place, len(large)), b"end"]
    assert list(tfrecord.payloads(io.BytesIO(whole), 0, len(whole))) == expected


@pytest.mark.parametrize("end", range(1, 19))
def test_a_torn_frame_is_malformed_wherever_it_is_torn(end):
    whole = made.frame(b"abc")
    assert list(tfrecord.payloads(io.BytesIO(whole), 0, 19)) == [b"abc"]
    with pytest.raises(Malformed, match="its record at byte 0 is torn"):
        list(tfrecord.payloads(io.BytesIO(whole[:end]), 0, end))
