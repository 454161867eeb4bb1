import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.formats import Malformed, protobuf

_SPEC = importlib.util.spec_from_file_location("event_files", Path(__file__).parents[2] / "event_files.py")
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)


@given(number=st.integers(-(1 << 63), (1 << 63) - 1))
def test_numbers_come_back(number):
    written = made.varint(number)
    value, end = protobuf.varint(b"x" + written + b"x", 1, len(written) + 1)
    assert (protobuf.signed(value), end) == (number, len(written) + 1)


def test_fields_say_where_their_values_lie():
    data = made.integer(1, 300) + made.part(2, "ab") + made.float32(3, 1.0) + made.float64(40, 1.0)
    found = [tuple(each) for each in protobuf.fields(data, 0, len(data))]
    assert found == [
        (1, protobuf.VARINT, 1, 3, 300),
        (2, protobuf.BYTES, 5, 7, 0),
        (3, protobuf.FIXED32, 8, 12, 0),
        (40, protobuf.FIXED64, 14, 22, 0),
    ]


@pytest.mark.parametrize("data", [b"\x80", b"\x0b", b"\x0a\x05ab", b"\x09abc", b"\xff" * 12, b"\x08"])
def test_what_is_no_message_is_malformed(data):
    with pytest.raises(Malformed):
        list(protobuf.fields(data, 0, len(data)))


@given(data=st.binary(max_size=60))
def test_any_bytes_are_fields_within_them_or_malformed(data):
    try:
        found = list(protobuf.fields(data, 0, len(data)))
    except Malformed:
        return
    assert all(0 < each.start <= each.end <= len(data) for each in found)
