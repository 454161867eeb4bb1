"""Contents that are looked at as a whole, so that they must not be large."""

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.base import Unfit

MOST_BYTES = 64_000_000
_BLOCK, _PIECE = 1 << 20, 1 << 16


def whole(file: BinaryIO, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file at its start.

    Raises
    ------
    Unfit
        If it has more than `most`.
    """
    content = byte_by_byte.read(file, most + 1)
    if len(content) > most:
        raise Unfit(f"it has more than {most} bytes")
    return content


def inflated(packed: bytes | memoryview, most: int) -> bytes:
    """What was compressed with zlib, see `inflated_blocks`."""
    return b"".join(inflated_blocks((packed,), most))


def inflated_blocks(parts: Iterable[bytes | memoryview], most: int) -> Iterator[bytes]:
    """What was compressed with zlib and cut into parts; bytes behind its end do not count.

    Raises
    ------
    Unfit
        If it is damaged, ends early, or has more than `most` bytes.
    """
    stream, total = zlib.decompressobj(), 0
    try:
        for piece in _pieces(parts):
            rest = piece
            while rest and not stream.eof:
                block = stream.decompress(rest, _BLOCK)
                total += len(block)
                if total > most:
                    raise Unfit(f"a compressed part of it has more than {most} bytes")
                yield block
                rest = stream.unconsumed_tail
        yield stream.flush()
    except zlib.error as error:
        raise Unfit("a compressed part of it is damaged") from error
    if not stream.eof:
        raise Unfit("a compressed part of it ends early")


def _pieces(parts: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Small ones: what is not yet decompressed of one is copied at each step."""
    for part in parts:
        for start in range(0, len(part), _PIECE):
            yield bytes(part[start : start + _PIECE])
