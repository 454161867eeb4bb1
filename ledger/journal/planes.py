"""Arrays in less room: the bytes of all numbers that stand at one place of theirs lie together.

The low bytes of measured numbers have no order, and stay as they are; the high ones hardly differ, and shrink
to next to nothing. Decoding costs a copy, and no more.
"""

import struct
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

Array = NDArray[Any]

_WIDTHS = {8: (4, 2, 1, 1), 4: (2, 1, 1), 2: (1, 1), 1: (1,)}
"""How many bytes of a number are kept together, the lowest ones first."""
_PLAIN, _ALIKE, _ZSTD = 0, 1, 2
_HEAD = struct.Struct("<BI")
"""How a part is kept, and its bytes."""
_LEVEL = 1


def pack(values: Array) -> bytes:
    """The bytes of numbers, little-endian."""
    size = values.dtype.itemsize
    rows = np.ascontiguousarray(values).view(np.uint8).reshape(-1, size)
    parts: list[bytes] = []
    start = 0
    for width in _WIDTHS[size]:
        plain = np.ascontiguousarray(rows[:, start : start + width]).tobytes()
        how, kept = _kept(plain, width)
        parts += [_HEAD.pack(how, len(kept)), kept]
        start += width
    return b"".join(parts)


def unpack(view: memoryview, kind: "np.dtype[Any]", count: int) -> tuple[Array, int]:
    """So many numbers, and the bytes that they took.

    Raises
    ------
    ValueError
        If they are not there.
    """
    size = kind.itemsize
    parts: list[NDArray[Any]] = []
    offset = 0
    for width in _WIDTHS[size]:
        if offset + _HEAD.size > len(view):
            raise ValueError("numbers that end early")
        how, length = _HEAD.unpack_from(view, offset)
        offset += _HEAD.size
        part = _plain(view[offset : offset + length], how, width, count)
        parts.append(np.frombuffer(part, f"<u{width}"))
        offset += length
    values = np.empty(count, kind)
    start = 0
    for width, numbers in zip(_WIDTHS[size], parts, strict=True):
        values.view(numbers.dtype)[start // width :: size // width] = numbers
        start += width
    return values, offset


def _kept(plain: bytes, width: int) -> tuple[int, bytes]:
    if plain == plain[:width] * (len(plain) // width):
        return _ALIKE, plain[:width]
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(plain)
    return (_ZSTD, packed) if len(packed) < len(plain) * 15 // 16 else (_PLAIN, plain)


def _plain(part: memoryview, how: int, width: int, count: int) -> bytes | memoryview:
    size = width * count
    if (how == _PLAIN and len(part) == size) or (how == _ALIKE and len(part) == min(width, size)):
        return part
    try:
        if how == _ZSTD and zstandard.frame_content_size(part) == size:
            return zstandard.ZstdDecompressor().decompress(part, max_output_size=size)
    except zstandard.ZstdError as error:
        raise ValueError("numbers that cannot be decompressed") from error
    raise ValueError("numbers of another size")
