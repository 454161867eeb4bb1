"""The wire form of protocol buffers, as far as event files need it."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.formats import Malformed

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Field(NamedTuple):
    """One field of a message."""

    number: int
    kind: int
    """`VARINT`, `FIXED64`, `BYTES` or `FIXED32`."""
    start: int
    end: int
    """Where its value lies; of bytes, without their length."""
    value: int
    """Of a varint; else 0."""


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """Fields of the message in ``data[start:end]``.

    Raises
    ------
    Malformed
        Where it is none; the fields before were given.
    """
    while start < end:
        key, place = varint(data, start, end)
        number, kind, value = key >> 3, key & 7, 0
        if kind == BYTES:
            length, place = varint(data, place, end)
            start = place + length
        elif kind == VARINT:
            value, start = varint(data, place, end)
        elif kind in (FIXED64, FIXED32):
            start = place + (8 if kind == FIXED64 else 4)
        else:
            raise Malformed(f"a field of kind {kind}")
        if start > end:
            raise Malformed("a field that goes past the end")
        yield Field(number, kind, place, start, value)


def varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """An unsigned number of up to 64 bits, and the place behind it.

    Raises
    ------
    Malformed
        If there is none.
    """
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place
    raise Malformed("a number without end")


def signed(value: int) -> int:
    """A number of 64 bits as a signed one."""
    return value - (1 << 64) if value >> 63 else value
