"""Numbers of a file, or of what lies in one: read block by block."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Final

import numpy

from ledger.compare.base import Unfit
from ledger.compare.numbers import BFLOAT16
from ledger.model.frozen import frozen

_BLOCK: Final = 1 << 21
_BLOCK_BYTES: Final = 8 << 20
_MAPPED: Final = 4
"""So many times as much makes a block that takes no memory of its own: less often is there something to be
done for each block, while other threads wait for it."""
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
    """Starts reading: blocks of whole items, no more than `at_once`; of which sizes is up to the source.
    Raises `Unfit` where the file ends early. Called once at most, and not while another array of the same
    file is being read."""
    fortran: bool = False
    """Whether the first index varies fastest, not the last."""


def at_once(size: int, *, mapped: bool = False) -> int:
    """How many items of `size` bytes each make a block, at most.

    Parameters
    ----------
    size
        In bytes; 0 for empty text.
    mapped
        Whether the block is not read, but mapped.

    Raises
    ------
    Unfit
        If not even one of them can be held.
    """
    if size > MOST_HELD:
        raise Unfit(f"items of {size} bytes each")
    times = _MAPPED if mapped else 1
    return min(times * _BLOCK, max(1, times * _BLOCK_BYTES // (size or 1)))


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
    """Blocks of two arrays of one shape, those of both sides with the same items.

    Raises
    ------
    Unfit
        If one of them ends early, or has more items than its shape tells.
    """
    left, right = _Source(expected), _Source(got)
    count = prod(expected.shape) if left.size and right.size else 0  # empty text, however much of it
    while count:
        most = min(left.ready(), right.ready(), count)
        count -= most
        yield left.take(most, last=not count), right.take(most, last=not count)


class _Source:
    """What is left of the blocks of an array."""

    def __init__(self, array: Array) -> None:
        self.size = item_size(array.dtype)
        self._blocks = array.blocks()
        self._block: Block = b""

    def ready(self) -> int:
        """How many items are at hand."""
        if not len(self._block):
            self._block = next(self._blocks, b"")
        count, odd = divmod(len(self._block), self.size)
        if odd or not count:
            raise Unfit(f"an array ends early: a block has {len(self._block)} bytes")
        return count

    def take(self, count: int, *, last: bool) -> Block:
        """So many of these, which are all that are left or not."""
        size = count * self.size
        if size == len(self._block):
            block, self._block = self._block, b""
            return block
        if last:
            raise Unfit(f"an array does not end: {len(self._block)} of {size} bytes")
        view = memoryview(self._block)
        self._block = view[size:]
        return view[:size]


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
