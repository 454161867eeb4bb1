"""Contents that are trees of arrays and plain values: read as leaves, compared leaf by leaf.

A format's reader turns a file into (place, leaf) pairs, each place once, without reading the arrays; those
are then read side by side, block by block.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import prod
from threading import Lock
from typing import BinaryIO

import numpy

from ledger import processors
from ledger.compare.account import Account
from ledger.compare.base import Comparison, Tolerance, Unfit
from ledger.compare.content import of_comparison
from ledger.compare.mapped import Stored
from ledger.compare.numbers import BFLOAT16, SINGLE, Apart, apart, of_bytes, spare_bits
from ledger.model.frozen import frozen

_BLOCK = 1 << 22
_BLOCK_BYTES = 16 << 20
_THREADS, _MANY = 4, 1 << 22
"""How many blocks are compared at once, at most, of arrays of so many numbers."""
MOST_LEAVES = 500_000
MOST_HELD = 64 << 20
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


class Kind(str):
    """What kind of thing is at a place; not text that a content holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


Leaf = Array | bool | int | float | complex | str | bytes | None
Leaves = Iterable[tuple[str, Leaf]]
Reader = Callable[[BinaryIO], Leaves]
"""From a file at its start, which can seek. Raises `Unfit` where the content is none of its format, or more
than is looked at."""
ContentComparator = Callable[[BinaryIO, BinaryIO, Account], None]


class ByContent:
    """A comparator: byte for byte first; contents that differ, and can be rewound, by what they hold."""

    def __init__(self, compare: ContentComparator) -> None:
        self.content = compare

    def __call__(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        """Compare, see `Comparator`."""
        return of_comparison(self._compared)(expected, got, tolerance)

    def _compared(self, expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
        account = Account(tolerance)
        self.content(expected, got, account)
        return account.comparison()


def of_content(compare: ContentComparator) -> ByContent:
    """A comparator of contents that `compare` compares.

    Parameters
    ----------
    compare
        Gets both at their start, and takes its notes in an account. Where it raises `Unfit`, bytes decide,
        and the detail says why.
    """
    return ByContent(compare)


def of_leaves(reader: Reader) -> ByContent:
    """A comparator of contents that `reader` reads, see `ByContent`."""

    def compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
        compare_sides(reader(expected), reader(got), account)

    return of_content(compare)


def compare_sides(expected: Leaves, got: Leaves, account: Account) -> None:
    """Compare the leaves of two contents."""
    sides = [_all(each) for each in (expected, got)]
    for place in dict.fromkeys((*sides[0], *sides[1])):
        if place not in sides[0] or place not in sides[1]:
            account.only(place, first=place in sides[0])
        else:
            compare_leaves(place, sides[0][place], sides[1][place], account)


def compare_leaves(place: str, expected: Leaf, got: Leaf, account: Account) -> None:
    """Compare two leaves of one place.

    Raises
    ------
    Unfit
        If one of them ends early.
    """
    if not isinstance(expected, Array) or not isinstance(got, Array):
        if isinstance(expected, Array) or isinstance(got, Array):
            expected, got = (
                Kind(f"an array {each.dtype} {list(each.shape)}") if isinstance(each, Array) else each
                for each in (expected, got)
            )
        account.values(place, expected, got)
        return
    if expected.shape != got.shape:
        account.differ(place, f"shapes {list(expected.shape)} and {list(got.shape)}")
        return
    if expected.dtype != got.dtype and not _numeric(expected.dtype, got.dtype):
        account.differ(place, f"types {expected.dtype} and {got.dtype}")
        return
    if expected.dtype != got.dtype and not _one_kind(expected.dtype, got.dtype):
        account.differ(place, f"types {expected.dtype} and {got.dtype}")
    if expected.fortran != got.fortran:
        expected, got = in_c_order(expected), in_c_order(got)
    if _numeric(expected.dtype, got.dtype):
        account.add(place, _apart(expected, got, account.tolerance))
        return
    for number, (one, other) in enumerate(_side_by_side(expected, got)):
        if one != other:
            start = number * at_once(_item_size(expected.dtype))
            account.differ(place, f"its items differ from {start} on")
            return
    account.add(place, Apart())


def _apart(expected: Array, got: Array, tolerance: Tolerance) -> Apart:
    """Compare the numbers of two arrays; of large ones several blocks at once, as numpy lets go of Python."""
    found: dict[int, Apart] = {}
    known, spare = Apart(), spare_bits(expected.dtype)
    pairs, one_at_a_time = enumerate(_side_by_side(expected, got)), Lock()
    threads = min(_THREADS, processors.allowed()) if prod(expected.shape) >= _MANY else 1

    def some() -> None:
        nonlocal known
        while True:
            with one_at_a_time:
                position, pair = next(pairs, (-1, None))
            if pair is None:
                return
            numbers = of_bytes(pair[0], expected.dtype, 0), of_bytes(pair[1], got.dtype, 1)
            stored = Stored.of(*pair) if expected.dtype == got.dtype == SINGLE else None
            part = apart(*numbers, tolerance, spare=spare, known=known, shared=threads > 1, stored=stored)
            with one_at_a_time:
                found[position] = part
                known += part

    if threads == 1:
        some()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for each in [pool.submit(some) for _ in range(threads)]:
                each.result()
    return sum((found[position] for position in sorted(found)), Apart())


def at_once(size: int) -> int:
    """How many items of `size` bytes each make a block."""
    if size > MOST_HELD:
        raise Unfit(f"items of {size} bytes each")
    return min(_BLOCK, max(1, _BLOCK_BYTES // (size or 1)))


def in_c_order(array: Array) -> Array:
    """The same array with the last index varying fastest."""
    if not array.fortran:
        return array
    size = prod(array.shape) * _item_size(array.dtype)
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
    step = at_once(_item_size(dtype)) * _item_size(dtype)
    view = memoryview(content)

    def blocks() -> Iterator[Block]:
        return (view[start : start + step] for start in range(0, len(view), step or 1))

    return Array(dtype=dtype, shape=shape, blocks=blocks, fortran=fortran)


def _side_by_side(expected: Array, got: Array) -> Iterator[tuple[Block, Block]]:
    left, right = expected.blocks(), got.blocks()
    size = prod(expected.shape)
    if not _item_size(expected.dtype):
        return  # empty text, however much of it
    step = at_once(_item_size(expected.dtype))
    if step != at_once(_item_size(got.dtype)):
        raise Unfit(f"items of {expected.dtype} and {got.dtype}")
    for start in range(0, size, step):
        count = min(step, size - start)
        yield _block(left, expected.dtype, count), _block(right, got.dtype, count)


def _block(blocks: Iterator[Block], dtype: str, count: int) -> Block:
    block = next(blocks, b"")
    wanted = count * _item_size(dtype)
    if len(block) != wanted:
        raise Unfit(f"an array ends early: {len(block)} of {wanted} bytes")
    return block


def _all(leaves: Leaves) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for place, leaf in leaves:
        if place in found:
            raise Unfit(f"{place} is there twice")
        if len(found) >= MOST_LEAVES:
            raise Unfit(f"more than {MOST_LEAVES} values")
        found[place] = leaf
    return found


def _item_size(dtype: str) -> int:
    return 2 if dtype == BFLOAT16 else numpy.dtype(dtype).itemsize


def _numeric(*dtypes: str) -> bool:
    return all(each == BFLOAT16 or numpy.dtype(each).kind in "biufc" for each in dtypes)


def _one_kind(one: str, other: str) -> bool:
    """Whether two types differ in their byte order only."""
    if BFLOAT16 in (one, other):
        return False
    return numpy.dtype(one).newbyteorder("=") == numpy.dtype(other).newbyteorder("=")
