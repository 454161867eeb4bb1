"""Byte for byte: what every media type falls back on."""

import os
from typing import BinaryIO

from ledger.compare.base import Comparison, Tolerance

_BLOCK = 1 << 20


def compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
    """Compare two contents byte for byte; a tolerance means nothing to bytes.

    Where they differ, the detail says at which offset first, and both sizes if those differ.
    """
    del tolerance
    offset = 0
    while True:
        left, right = read(expected, _BLOCK), read(got, _BLOCK)
        if left != right:
            return _differing(expected, got, offset, left, right)
        if not left:
            return Comparison(same=True, exact=True, detail=None)
        offset += len(left)


def read(file: BinaryIO, count: int) -> bytes:
    """`count` bytes, fewer only at the end: a raw stream may return less at a time."""
    block = file.read(count)
    while len(block) < count:
        more = file.read(count - len(block))
        if not more:
            break
        block += more
    return block


def _differing(expected: BinaryIO, got: BinaryIO, offset: int, left: bytes, right: bytes) -> Comparison:
    shared = min(len(left), len(right))
    place = offset + first_difference(left[:shared], right[:shared])
    sizes = offset + len(left) + _rest(expected), offset + len(right) + _rest(got)
    detail = f"bytes differ from offset {place} on"
    if place == min(sizes):
        detail = f"the first {place} bytes are the same" if place else "one is empty"
    if sizes[0] != sizes[1]:
        detail += f"; {sizes[0]} and {sizes[1]} bytes"
    return Comparison(same=False, exact=False, detail=detail)


def first_difference(left: bytes, right: bytes) -> int:
    """Offset of the first byte that differs in two texts of one length; that length if none does."""
    low, high = 0, len(left)
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _rest(file: BinaryIO) -> int:
    """Bytes that are left; of what cannot seek, by reading them: there is no other way to know."""
    if file.seekable():
        here = file.tell()
        return max(0, file.seek(0, os.SEEK_END) - here)
    count = 0
    while block := file.read(_BLOCK):
        count += len(block)
    return count
