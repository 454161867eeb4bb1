"""NumPy's ``.npy``: an array by its items; see `numpy.lib.format`."""

import ast
import operator
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any, BinaryIO, Final

import numpy
from numpy.lib.format import descr_to_dtype

from ledger.compare import bytes as byte_by_byte
from ledger.compare.array import Array, Block, at_once
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, of_leaves
from ledger.compare.parts import exactly, items, items_at

_LONGEST: Final = 65_536
"""Bytes of a header; larger ones `numpy` asks to be trusted."""


def read(file: BinaryIO, place: str = "") -> Iterator[tuple[str, Leaf]]:
    """The array of a file; of a structured one, one array for each field."""
    kind, shape, fortran = header(file)
    start = file.tell()
    if kind.hasobject:
        from ledger.compare.pickled.pickles import read as read_pickle

        yield (f"{place}.shape" if place else "shape"), str(list(shape))
        yield from read_pickle(file, place)
        return
    yield from leaves(place, kind, shape, fortran, partial(items_at, file, start, prod(shape), kind.itemsize))


def streamed(file: BinaryIO, kind: numpy.dtype[Any], shape: tuple[int, ...], fortran: bool) -> Leaf:
    """The array of a file that is read once from its start to its end, behind its header."""
    blocks = partial(items, file, prod(shape), kind.itemsize)
    return next(leaves("", kind, shape, fortran, blocks))[1]


def header(file: BinaryIO) -> tuple[numpy.dtype[Any], tuple[int, ...], bool]:
    """Type, shape, and whether the first index varies fastest; then the file is at the items."""
    magic = byte_by_byte.read(file, 8)
    if magic[:6] != b"\x93NUMPY" or magic[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise Unfit("no .npy file")
    size = 2 if magic[6] == 1 else 4
    length = int.from_bytes(exactly(file, size, size, "the header"), "little")
    text = exactly(file, length, _LONGEST, "the header")
    try:
        found = ast.literal_eval(text.decode("utf-8" if magic[6] == 3 else "latin-1").strip())
        shape, fortran = tuple(map(operator.index, found["shape"])), bool(found["fortran_order"])
        kind = descr_to_dtype(found["descr"])
    except Exception as error:  # noqa: BLE001 - whatever a hostile header makes numpy and ast raise
        raise Unfit(f"no .npy header: {type(error).__name__}") from None
    return kind, shape, fortran


def leaves(
    place: str,
    kind: numpy.dtype[Any],
    shape: tuple[int, ...],
    fortran: bool,
    blocks: Callable[[], Iterator[Block]],
) -> Iterator[tuple[str, Leaf]]:
    """The leaves of an array without objects."""
    if min(shape, default=0) < 0:
        raise Unfit("a negative length")
    if kind.names is None and kind.subdtype is None:
        yield place, Array(dtype=kind.str, shape=shape, blocks=blocks, fortran=fortran and len(shape) > 1)
        return
    for name in kind.names or ():
        base, more = kind[name].subdtype or (kind[name], ())
        inside = partial(_field, blocks, kind, name)
        if fortran and len(shape) > 1 and more:
            raise Unfit("records of arrays in Fortran order")
        yield from leaves(f"{place}.{name}" if place else name, base, (*shape, *more), fortran, inside)


def _field(blocks: Callable[[], Iterator[Block]], kind: numpy.dtype[Any], name: str) -> Iterator[Block]:
    """One field of each record, in blocks of `at_once` of its items."""
    left = b""
    base = (kind[name].subdtype or (kind[name],))[0]
    step = at_once(base.itemsize) * base.itemsize
    for block in blocks():
        if len(block) % kind.itemsize:
            raise Unfit("an array ends early")
        left += numpy.frombuffer(block, kind)[name].tobytes()
        while len(left) >= step and step:
            yield left[:step]
            left = left[step:]
    if left:
        yield left


compare = of_leaves(read)
