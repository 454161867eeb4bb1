"""MATLAB's ``.mat`` of version 5 by its variables: when it was written, and how it is packed, does not count.

A file is a header of 128 bytes, then elements, each with its type and size; a variable is an element of
others, and may be packed by zlib. See "MAT-File Format" (MathWorks), "Level 5 MAT-File Format".
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from math import prod
from struct import unpack
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import numpy

from ledger.compare import bytes as byte_by_byte
from ledger.compare import nested
from ledger.compare.account import Account, joined
from ledger.compare.array import Array, Block, at_once, held
from ledger.compare.base import Unfit
from ledger.compare.leaves import MOST_LEAVES, Kind, Leaf, compare_sides, of_content
from ledger.compare.parts import exactly, items_at, size_of
from ledger.compare.whole import inflated_blocks

_HEAD: Final = 128
_TITLE: Final = 116
"""Bytes of text in it, which tell the date."""
_Order = Literal["<", ">"]
_ORDERS: Final[dict[bytes, _Order]] = {b"IM": "<", b"MI": ">"}
_STORED: Final = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",
}
"""How numbers and letters lie in the file, by the type of an element."""
_MATRIX, _PACKED = 14, 15
_CODINGS: Final = {
    1: "latin-1",
    2: "latin-1",
    3: "utf-16",
    4: "utf-16",
    5: "utf-32",
    6: "utf-32",
    16: "utf-8",
    17: "utf-16",
    18: "utf-32",
}
_CELL, _STRUCT, _OBJECT, _TEXT, _SPARSE = 1, 2, 3, 4, 5
_NUMBERS: Final = {
    6: "f8",
    7: "f4",
    8: "i1",
    9: "u1",
    10: "i2",
    11: "u2",
    12: "i4",
    13: "u4",
    14: "i8",
    15: "u8",
}
"""Types of arrays of numbers, by their class: they may lie in the file as smaller ones."""
_OPAQUE: Final = 17
"""A class whose arrays have no dimensions; what is in it is not documented."""
_LOGICAL, _GLOBAL, _COMPLEX = 0x200, 0x400, 0x800
_MOST_DIMENSIONS: Final = 64
_LONGEST: Final = 4096
"""Bytes of a name; MATLAB allows for 2048."""
_MOST_NAMES: Final = 1 << 20
"""Bytes of the names of all fields of a struct."""
_MOST_TEXT: Final = 16 << 20
"""Bytes of names, places and text that are held."""
_MOST_ARRAYS: Final = 100_000
"""A kilobyte is held for each."""
_MOST_UNPACKED: Final = 16 << 30
_DEEPEST: Final = 100


class _Element(NamedTuple):
    """Where the content of an element lies."""

    kind: int
    start: int
    size: int


class _Elements:
    """The elements in a part of a file, one by one."""

    def __init__(self, file: BinaryIO, order: _Order, start: int, end: int) -> None:
        self.file, self.order, self.at, self.end = file, order, start, end

    def inside(self, element: _Element) -> "_Elements":
        return _Elements(self.file, self.order, element.start, element.start + element.size)

    def next(self) -> _Element:
        if self.end - self.at < 8:
            raise Unfit("it ends early")
        self.file.seek(self.at)
        kind, size = unpack(f"{self.order}II", exactly(self.file, 8, 8, "an element"))
        start, padded = self.at + 8, size + (0 if kind == _PACKED else -size % 8)
        if kind >> 16:  # a small one lies in its own head
            kind, size, start, padded = kind & 0xFFFF, kind >> 16, self.at + 4, 4
        if size > padded or start + size > self.end:
            raise Unfit("an element ends early")
        self.at = min(start + padded, self.end)
        return _Element(kind, start, size)

    def bytes(self, element: _Element, most: int, what: str) -> bytes:
        self.file.seek(element.start)
        return exactly(self.file, element.size, most, what)

    def whole_numbers(self, most: int, what: str) -> tuple[int, ...]:
        """Those of the next element, which are of 32 bits."""
        found = self.next()
        if found.kind not in (5, 6) or not found.size or found.size % 4:
            raise Unfit(f"{what} cannot be read")
        code = "i" if found.kind == 5 else "I"
        return unpack(f"{self.order}{found.size // 4}{code}", self.bytes(found, 4 * most, what))


class _Reader:
    """Reads variables as leaves; what they take in memory besides their numbers is bounded."""

    def __init__(self) -> None:
        self._room, self._arrays = _MOST_TEXT, _MOST_ARRAYS

    def variable(self, elements: _Elements) -> Iterator[tuple[str, Leaf]]:
        """The next element."""
        for place, leaf in self._matrix("", elements, 0):
            self._arrays -= isinstance(leaf, Array)
            if self._arrays < 0:
                raise Unfit(f"more than {_MOST_ARRAYS} arrays")
            yield place, leaf

    def _matrix(self, place: str, elements: _Elements, depth: int) -> Iterator[tuple[str, Leaf]]:
        if depth > _DEEPEST:
            raise Unfit("nested too deep")
        found = elements.next()
        if found.kind != _MATRIX:
            raise Unfit(f"an element of type {found.kind} where an array must be")
        if not found.size and depth:  # what a cell has that was never filled
            yield place, held(b"", "<f8", (0, 0), fortran=True)
            return
        inside = elements.inside(found)
        flags = inside.whole_numbers(2, "what kind of array it is")[0]
        kind = flags & 0xFF
        shape: tuple[int, ...] = ()
        if kind != _OPAQUE:
            shape = inside.whole_numbers(_MOST_DIMENSIONS, "a shape")
            if min(shape) < 0:
                raise Unfit("a negative length")
        name = _name(inside.bytes(inside.next(), _LONGEST, "a name"))
        place = place if depth else name or "(no name)"
        self._take(len(place))
        if flags & _GLOBAL:
            yield f"{place} (global)", True
        if kind in _NUMBERS:
            yield from self._numbers(place, inside, flags, shape, _NUMBERS[kind])
        elif kind == _TEXT:
            yield place, self._text(inside, shape)
        elif kind == _SPARSE:
            yield from self._sparse(place, inside, flags, shape)
        elif kind == _CELL:
            yield place, Kind(f"a cell array {list(shape)}")
            for number in range(prod(shape)):
                yield from self._matrix(joined(place, str(number)), inside, depth + 1)
        elif kind in (_STRUCT, _OBJECT):
            yield from self._struct(place, inside, kind, shape, depth)
        else:
            yield f"{place} (class {kind})", str(list(shape))
            start, size = inside.at, inside.end - inside.at
            blocks = partial(items_at, inside.file, start, size, 1)
            yield place, Array(dtype="|V1", shape=(size,), blocks=blocks)
            inside.at = inside.end
        if inside.at != inside.end:
            raise Unfit("more in an array than is known")

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise Unfit(f"more than {_MOST_TEXT >> 20} MiB of names and text")

    def _numbers(
        self, place: str, inside: _Elements, flags: int, shape: tuple[int, ...], kind: str
    ) -> Iterator[tuple[str, Leaf]]:
        parts = [inside.next() for _ in range(2 if flags & _COMPLEX else 1)]
        for each in parts:
            if each.kind not in _STORED or each.size != prod(shape) * int(_STORED[each.kind][1]):
                raise Unfit(f"an array of shape {list(shape)} has {each.size} bytes")
        stored: list[numpy.dtype[Any]] = [numpy.dtype(inside.order + _STORED[each.kind]) for each in parts]
        wanted: numpy.dtype[Any] = numpy.dtype(inside.order + kind)
        if flags & _LOGICAL and stored[0].str == "|u1":
            wanted = stored[0] = numpy.dtype("|b1")
        wanted = numpy.result_type(wanted, *stored).newbyteorder(inside.order)
        if shape == (1, 1) and len(parts) == 1 and wanted.char == "d":
            # Most values of structs are such ones; held as arrays, they would take far more.
            content = inside.bytes(parts[0], 8, "a number")
            yield place, float(numpy.frombuffer(content, stored[0])[0])
            return
        if len(parts) == 2 and wanted.kind == "f":
            wanted = numpy.dtype(f"{inside.order}c{2 * wanted.itemsize}")
        halves = list(zip(parts, stored, strict=True))
        sides = [(place, halves)]
        if len(parts) == 2 and wanted.kind != "c":
            sides = [(f"{place}.real", halves[:1]), (f"{place}.imag", halves[1:])]
        for inner, some in sides:
            blocks: Callable[[], Iterator[Block]] = partial(_blocks, inside.file, some, prod(shape), wanted)
            if len(some) == 1 and some[0][1] == wanted:
                blocks = partial(items_at, inside.file, some[0][0].start, prod(shape), wanted.itemsize)
            yield inner, Array(dtype=wanted.str, shape=shape, blocks=blocks, fortran=len(shape) > 1)

    def _text(self, inside: _Elements, shape: tuple[int, ...]) -> Leaf:
        """Lines of text; letters lie column by column."""
        found = inside.next()
        coding = _CODINGS.get(found.kind)
        if coding is None:
            raise Unfit("text of an unknown kind")
        self._take(found.size)
        if coding in ("utf-16", "utf-32"):
            coding += "-le" if inside.order == "<" else "-be"
        text = inside.bytes(found, _MOST_TEXT, "text").decode(coding, "backslashreplace")
        if shape[0] == 1 and len(shape) == 2:
            return text
        if len(text) != prod(shape):
            return f"{list(shape)} {text}"
        return "\n".join(text[row :: shape[0]] for row in range(shape[0]))

    def _sparse(
        self, place: str, inside: _Elements, flags: int, shape: tuple[int, ...]
    ) -> Iterator[tuple[str, Leaf]]:
        yield place, Kind(f"a sparse array {list(shape)}")
        for name in ("row", "column"):
            found = inside.next()
            if found.kind not in (5, 6):
                raise Unfit("a sparse array has no places")
            count = found.size // 4
            blocks = partial(items_at, inside.file, found.start, count, 4)
            kind = inside.order + _STORED[found.kind]
            yield joined(place, name), Array(dtype=kind, shape=(count,), blocks=blocks)
        here = inside.at
        found = inside.next()
        if flags & _LOGICAL and flags & _COMPLEX == 0 and found.size < 8 * count:
            # MATLAB calls them numbers of eight bytes, and writes one byte each.
            blocks = partial(items_at, inside.file, found.start, found.size, 1)
            yield joined(place, "data"), Array(dtype="|b1", shape=(found.size,), blocks=blocks)
            return
        inside.at = here
        stored = int(_STORED.get(found.kind, "f8")[1])
        yield from self._numbers(joined(place, "data"), inside, flags, (found.size // stored,), "f8")

    def _struct(
        self, place: str, inside: _Elements, kind: int, shape: tuple[int, ...], depth: int
    ) -> Iterator[tuple[str, Leaf]]:
        what = "a struct"
        if kind == _OBJECT:
            what = f"an object {_name(inside.bytes(inside.next(), _LONGEST, 'a class'))}"
        (length,) = inside.whole_numbers(1, "the length of a name")
        names = inside.bytes(inside.next(), _MOST_NAMES, "the names of fields")
        if not 1 <= length <= _LONGEST or len(names) % length:
            raise Unfit("names of fields cannot be read")
        fields = [
            _name(names[start : start + length].partition(b"\0")[0]) for start in range(0, len(names), length)
        ]
        self._take(len(names))
        empty = f" of {', '.join(fields)}" if not prod(shape) else ""
        yield place, Kind(f"{what} {list(shape)}{empty}")
        for number in range(prod(shape) if fields else 0):
            here = place if prod(shape) == 1 else joined(place, str(number))
            for field in fields:
                yield from self._matrix(joined(here, field), inside, depth + 1)


def _name(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def _blocks(
    file: BinaryIO, parts: list[tuple[_Element, numpy.dtype[Any]]], count: int, wanted: numpy.dtype[Any]
) -> Iterator[Block]:
    """Numbers as another type than they are stored as; complex ones of two parts."""
    step = at_once(wanted.itemsize)
    for start in range(0, count, step):
        sides = []
        for part, kind in parts:
            file.seek(part.start + start * kind.itemsize)
            size = min(step, count - start) * kind.itemsize
            sides.append(numpy.frombuffer(exactly(file, size, size, "an array"), kind))
        numbers = numpy.empty(len(sides[0]), wanted)
        if len(sides) == 2:
            numbers.real, numbers.imag = sides
        else:
            numbers[:] = sides[0]
        yield numbers.tobytes()


def read(file: BinaryIO, stack: ExitStack) -> Iterator[tuple[str, Leaf]]:
    """Values of all variables, by name; what is packed is unpacked into a file that the stack closes."""
    head = byte_by_byte.read(file, _HEAD)
    order = _ORDERS.get(head[126:])
    if order is None:
        raise Unfit("no MATLAB file of version 5")
    if (version := unpack(f"{order}H", head[124:126])[0]) != 0x100:
        raise Unfit(f"a MATLAB file of version {version >> 8}.{version & 0xFF} of its format, not 1.0")
    size, reader = size_of(file), _Reader()
    packed: list[_Element] = []
    plain: list[int] = []
    elements = _Elements(file, order, _HEAD, size)
    while elements.at < size:
        here = elements.at
        found = elements.next()
        if found.kind == _PACKED:
            packed.append(found)
        elif found.kind == _MATRIX:
            plain.append(here)
        else:
            raise Unfit(f"an element of type {found.kind} where a variable must be")
        if len(packed) + len(plain) > MOST_LEAVES:
            raise Unfit(f"more than {MOST_LEAVES} variables")
    for here in plain:
        yield from reader.variable(_Elements(file, order, here, size))
    if packed:
        blocks = _inflated(file, packed)
        unpacked = stack.enter_context(nested.unpacked(blocks, size))
        elements = _Elements(unpacked, order, 0, size_of(unpacked))
        while elements.at < elements.end:
            yield from reader.variable(elements)


def _inflated(file: BinaryIO, packed: Iterable[_Element]) -> Iterator[bytes]:
    for each in packed:
        yield from inflated_blocks(items_at(file, each.start, each.size, 1), _MOST_UNPACKED)


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    titles = []
    for each in (expected, got):
        titles.append(byte_by_byte.read(each, _TITLE))
        each.seek(0)
    with ExitStack() as stack:
        compare_sides(read(expected, stack), read(got, stack), account)
    if titles[0] != titles[1]:
        account.ignore("dates and titles")


compare = of_content(_compare)
