"""Numbers of a file, or of what lies in one: read block by block."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Final

import numpy

from ledger.compare.base import Unfit
from ledger.compare.numbers import BFLOAT16
from ledger.model.frozen import frozen

_BLOCK: Final = 1 << 22
_BLOCK_BYTES: Final = 16 << 20
MOST_HELD: Final = 64 << 20
"""Bytes of an array that has to lie in memory as a whole."""

Block = bytes | bytearray | memoryview


@frozen
class Array:
    """Numbers, or other items of a fixed size."""

    dtype: str
    """As `numpy.dtype` takes it, with its byte order (``<f4``); or `numbers.BFLOAT16`, little-endian."""
    shape: tuple[int, ...]
    """Of all dimensions; empty for one item."""
    blocks: Callable[[], Iterator[Block]]
    """Starts reading: blocks of `at_once` items each, the last one as many as are left. Raises `Unfit` where
    the file ends early. Called once at most, and not while another array of the same file is being read."""
    fortran: bool = False
    """Whether the first index varies fastest, not the last."""


def at_once(size: int) -> int:
    """How many items of `size` bytes each make a block."""
    if size > MOST_HELD:
        raise Unfit(f"items of {size} bytes each")
    return min(_BLOCK, max(1, _BLOCK_BYTES // (size or 1)))


def in_c_order(array: Array) -> Array:
    """The same array with the last index varying fastest."""
    if not array.fortran:
        return array
    size = prod(array.shape) * item_size(array.dtype)
    if size > MOST_HELD:
        raise Unfit(f"an array of {size} bytes in Fortran order, the other one is not")
    content = b"".join(array.blocks())
    if len(content) != size:
        raise Unfit(f"an array ends early: {len(content)} of {size} bytes")
    kind = "<u2" if array.dtype == BFLOAT16 else array.dtype
    items = numpy.frombuffer(content, kind).reshape(array.shape, order="F")
    return held(items.tobytes(), array.dtype, array.shape)


def held(content: bytes | memoryview, dtype: str, shape: tuple[int, ...], *, fortran: bool = False) -> Array:
    """An array that lies in memory."""
    step = at_once(item_size(dtype)) * item_size(dtype)
    view = memoryview(content)

    def blocks() -> Iterator[Block]:
        return (view[start : start + step] for start in range(0, len(view), step or 1))

    return Array(dtype=dtype, shape=shape, blocks=blocks, fortran=fortran)


def side_by_side(expected: Array, got: Array) -> Iterator[tuple[Block, Block]]:
    """Blocks of two arrays of one shape.

    Raises
    ------
    Unfit
        If one of them ends early.
    """
    left, right = expected.blocks(), got.blocks()
    size = prod(expected.shape)
    if not item_size(expected.dtype):
        return  # empty text, however much of it
    step = at_once(item_size(expected.dtype))
    if step != at_once(item_size(got.dtype)):
        raise Unfit(f"items of {expected.dtype} and {got.dtype}")
    for start in range(0, size, step):
        count = min(step, size - start)
        yield _block(left, expected.dtype, count), _block(right, got.dtype, count)


def _block(blocks: Iterator[Block], dtype: str, count: int) -> Block:
    block = next(blocks, b"")
    wanted = count * item_size(dtype)
    if len(block) != wanted:
        raise Unfit(f"an array ends early: {len(block)} of {wanted} bytes")
    return block


def item_size(dtype: str) -> int:
    """Bytes of an item."""
    return 2 if dtype == BFLOAT16 else numpy.dtype(dtype).itemsize


def numeric(*dtypes: str) -> bool:
    """Whether items of all these types are numbers."""
    return all(each == BFLOAT16 or numpy.dtype(each).kind in "biufc" for each in dtypes)


def of_one_kind(one: str, other: str) -> bool:
    """Whether two types differ in their byte order only."""
    if BFLOAT16 in (one, other):
        return False
    return numpy.dtype(one).newbyteorder("=") == numpy.dtype(other).newbyteorder("=")
