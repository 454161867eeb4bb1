"""Columns of numbers and digests that are read in little time.

A column is one byte string where all its values fit into it: whole numbers and floats of 64 bits,
little-endian, or digests, one behind another. Where one does not fit, it is the plain list of them.
"""

import sys
from array import array
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from ledger.model import Digest
from ledger.model.digest import SIZE

Column = bytes | list[Any]

_NO_NUMBER: Final = -(1 << 63)
_NUMBERS: Final = range(_NO_NUMBER + 1, 1 << 63)
_NO_DIGEST: Final = bytes(SIZE)


def numbers(values: Sequence[int | None]) -> Column:
    """Whole numbers, or None."""
    if all(value is None or (type(value) is int and value in _NUMBERS) for value in values):
        return _packed("q", [_NO_NUMBER if value is None else value for value in values])
    return list(values)


def numbers_of(column: Column) -> Sequence[Any]:
    """What `numbers` made a column of. Raises ValueError if it is none."""
    if isinstance(column, list):
        return column
    found = _unpacked("q", column)
    return found if _NO_NUMBER not in found else [None if value == _NO_NUMBER else value for value in found]


def floats(values: Sequence[float]) -> bytes:
    """Floats."""
    return _packed("d", values)


def floats_of(column: bytes) -> list[float]:
    """What `floats` made a column of. Raises ValueError if it is none."""
    return _unpacked("d", column)


def digests(values: Sequence[bytes | None]) -> Column:
    """Digests, or None."""
    if _NO_DIGEST in values:
        return [value and bytes(value) for value in values]
    return b"".join(_NO_DIGEST if value is None else value for value in values)


def digests_of(column: Column) -> Sequence[Any]:
    """What `digests` made a column of. Raises ValueError if it is none."""
    if isinstance(column, list):
        return [None if value is None else Digest(value) for value in column]
    parts = [column[place : place + SIZE] for place in range(0, len(column), SIZE)]
    if parts and len(parts[-1]) != SIZE:
        raise ValueError("a column of digests that ends early")
    made = partial(bytes.__new__, Digest)  # their size is known to be right
    if _NO_DIGEST in parts:
        return [None if part == _NO_DIGEST else made(part) for part in parts]
    return list(map(made, parts))


def _packed(code: str, values: Sequence[float]) -> bytes:
    found = array(code, values)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def _unpacked(code: str, column: bytes) -> list[Any]:
    found = array(code)
    found.frombytes(column)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tolist()
