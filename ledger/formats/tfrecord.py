"""The frames of a TFRecord file: each a length, its checksum, a payload and the payload's checksum.

Source: tensorflow/core/lib/io/record_writer.h and RFC 3720, appendix B.4 (CRC-32C).
"""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from ledger.formats import Malformed

HEAD = Struct("<QI")
TAIL = Struct("<I")
LARGEST = 1 << 17
"""Bytes of a payload past which it is not read at once."""
CHECKED = 1 << 16
"""Bytes at either end of a file whose payloads are held against their checksums: a table in Python takes
60 ns for each byte, and what a crash leaves is at the end."""
_CHUNK = 1 << 19
_MOST_LENGTHS = 10_000


class Large(NamedTuple):
    """A payload that was not read."""

    place: int
    """Of its first byte in the file."""
    length: int


def payloads(file: BinaryIO, start: int, size: int) -> Iterator[bytes | Large]:
    """Payloads of all frames between `start` and `size`, in bounded memory; large ones are jumped over.

    Lengths are checked all, payloads at either end only.

    Raises
    ------
    Malformed
        At the first frame that is torn or damaged; the text names its place.
    """
    lengths: dict[int, int] = {}
    unpack = HEAD.unpack_from
    buffer, at, base = b"", 0, start  # `base` is the place of the buffer in the file
    early, late = start + CHECKED, size - CHECKED
    while True:
        if len(buffer) - at < 12:
            base += at
            buffer = _from(file, base, min(_CHUNK, size - base))
            at = 0
            if not buffer:
                return
            if len(buffer) < 12:
                raise Malformed(f"its record at byte {base} is torn")
        length, checksum = unpack(buffer, at)
        if lengths.get(length) != checksum:
            if masked(buffer[at : at + 8]) != checksum:
                raise Malformed(
                    f"its record at byte {base + at} is damaged: the checksum of its length differs"
                )
            if len(lengths) < _MOST_LENGTHS:
                lengths[length] = checksum
        end = at + 16 + length
        if end > len(buffer):
            base += at
            if base + 16 + length > size:
                raise Malformed(f"its record at byte {base} is torn")
            at = 0
            if length > LARGEST:
                yield Large(base + 12, length)
                base, buffer = base + 16 + length, b""
                continue
            buffer = _from(file, base, min(_CHUNK, size - base))
            end = 16 + length
            if end > len(buffer):
                raise Malformed(f"its record at byte {base} is torn")
        payload = buffer[at + 12 : end - 4]
        place = base + at
        if (place < early or place + length >= late) and length <= CHECKED:
            (checksum,) = TAIL.unpack_from(buffer, end - 4)
            if masked(payload) != checksum:
                raise Malformed(f"its record at byte {place} is damaged: its checksum differs")
        yield payload
        at = end


def _from(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = entry >> 1 ^ (0x82F63B78 if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


_TABLE = _table()


def masked(data: bytes) -> int:
    """The CRC-32C of `data`, masked as TFRecord does."""
    table, state = _TABLE, 0xFFFFFFFF
    for each in data:
        state = table[(state ^ each) & 0xFF] ^ state >> 8
    state ^= 0xFFFFFFFF
    return ((state >> 15 | state << 17) + 0xA282EAD8) & 0xFFFFFFFF
