"""A stretch: what trials have under every key, for the trials that some stretch of the journal tells of.

On disk it is one file, written once: column after column, a sheet that lists them, and the sheet's offset. A
column is one contiguous slice, found by its key, mapped, and held against its digest when it is first read.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3

from ledger import fs
from ledger.errors import LedgerError
from ledger.journal import pieces, planes
from ledger.journal.pieces import Array, Piece, Table
from ledger.journal.state import decode_sheet, encode_sheet, sheet_end
from ledger.model.text import canonical, from_bytes

VERSION = 1

Key = tuple[str, str]
"""What kind of key it is, and its name."""

_MAGIC = b"LDGT"
_CHECK = 16
_NARROW = ("i1", "i2", "i4", "i8")
_TYPES = frozenset({"b1", *_NARROW, "f4", "f8"})
_SUMS = frozenset({"", "i4", "i8"})
_OFFSET = struct.Struct("<Q")


class DamagedIndexError(Exception):
    """A file of an index is not as it was written; it is made again."""


class Stretch:
    """Columns by key, in memory or mapped."""

    def __init__(self, columns: Mapping[Key, Sequence[Piece]]) -> None:
        self._columns: dict[Key, Sequence[Piece]] = dict(columns)
        self._places: dict[Key, _Place] = {}
        self._content: mmap | bytes = b""
        self.name: str | None = None
        """Of its file; None where it has none."""
        self.check = b""
        """The end of the file's sheet, which no other stretch has."""

    @classmethod
    def read(cls, path: Path) -> "Stretch":
        """Map a stretch; only the list of its columns is looked at.

        Raises
        ------
        DamagedIndexError
            If it is missing or damaged.
        """
        found = cls({})
        try:
            with open(path, "rb") as file:
                found._content = mmap(file.fileno(), 0, access=ACCESS_READ)
            (offset,) = _OFFSET.unpack(found._content[-_OFFSET.size :])
            sheet = found._content[offset : -_OFFSET.size]
            document = decode_sheet(_MAGIC, sheet, path.name)
            for space, name, *rest in document["columns"]:
                key = str(space), from_bytes(name) if isinstance(name, bytes) else str(name)
                found._places[key] = _Place(*rest)
            if sheet_end(sheet) != len(sheet):
                raise ValueError("bytes behind the sheet")
        except (OSError, LedgerError, KeyError, TypeError, ValueError, struct.error) as error:
            raise DamagedIndexError(path.name) from error
        found.name, found.check = path.name, sheet[-_CHECK:]
        return found

    def __iter__(self) -> Iterator[Key]:
        """Every key."""
        yield from self._places or self._columns

    def column(self, key: Key) -> Sequence[Piece]:
        """The pieces under a key; none where there is no such key.

        Raises
        ------
        DamagedIndexError
            If they are not as they were written.
        """
        found = self._columns.get(key)
        if found is not None:
            return found
        place = self._places.get(key)
        if place is None:
            return ()
        found = self._columns[key] = _read(self._content, place, key)
        return found

    @property
    def size(self) -> int:
        """Bytes on disk, about."""
        if self._content:
            return len(self._content)
        return sum(_room(piece) for column in self._columns.values() for piece in column)


class _Place(NamedTuple):
    offset: int
    length: int
    digest: bytes
    pieces: list[list[Any]]
    """kind, pairs, first number (-1: they are listed), numbers, values and a table's offsets as `_Listed`,
    bytes of the table's content."""


class _Listed(NamedTuple):
    """How an array is kept."""

    of: str
    """Its type; empty where there is none."""
    held: int
    """Numbers that are there; one where all are alike."""
    sum: str
    """The type of the numbers where each is told as how far it is from the one in front; else empty."""


_NOTHING = _Listed("", 0, "")


def write(path: Path, columns: Iterable[tuple[Key, Sequence[Piece]]]) -> None:
    """Write a stretch, columns in order of key.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    listed: list[list[Any]] = []
    offset = 0
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            for (space, name), column in columns:
                content, described = _encoded(column)
                digest = blake3(content).digest(_CHECK)
                listed.append([space, canonical(name), offset, len(content), digest, described])
                fs.write_all(descriptor, content)
                offset += len(content)
            sheet = encode_sheet(_MAGIC, {"v": VERSION, "columns": listed})
            fs.write_all(descriptor, sheet + _OFFSET.pack(offset))
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _encoded(column: Sequence[Piece]) -> tuple[bytes, list[list[Any]]]:
    parts: list[bytes] = []
    described: list[list[Any]] = []

    def put(values: Array, *, constant: bool = True) -> _Listed:
        narrow, listed = _narrow(values, constant=constant)
        parts.append(planes.pack(narrow))
        return listed

    for piece in column:
        listed = not isinstance(piece.numbers, range)
        first = -1 if listed else piece.numbers[0] if piece.numbers else 0
        numbers = put(pieces.array_of(piece.numbers), constant=False) if listed else _NOTHING
        values = put(piece.values)
        offsets, room = _NOTHING, 0
        if piece.table is not None:
            if piece.table.offsets is not None:
                offsets = put(piece.table.offsets, constant=False)
            room = len(piece.table.content)
            parts.append(bytes(piece.table.content))
        arrays = [list(each) for each in (numbers, values, offsets)]
        described.append([piece.kind, len(piece.numbers), first, *arrays, room])
    return b"".join(parts), described


def _read(content: mmap | bytes, place: _Place, key: Key) -> Sequence[Piece]:
    view = memoryview(content)[place.offset : place.offset + place.length]
    if len(view) != place.length or blake3(view).digest(_CHECK) != place.digest:
        raise DamagedIndexError(f"the column {key[1]}")
    try:
        found = []
        for described in place.pieces:
            piece, view = _piece(view, *described)
            found.append(piece)
        return found
    except (TypeError, ValueError) as error:
        raise DamagedIndexError(f"the column {key[1]}") from error


def _piece(
    view: memoryview, kind: str, count: int, first: int, *arrays_and_room: Any
) -> tuple[Piece, memoryview]:
    *arrays, room = arrays_and_room
    told, given, ends = (_Listed(*each) for each in arrays)
    numbers: pieces.Numbers = range(first, first + count)
    if first < 0:
        listed, view = _array(view, told)
        numbers = listed.astype(np.uint32)
    values, view = _array(view, given)
    if kind != pieces.NULL:
        values = np.broadcast_to(values, count) if given.held == 1 else values
    if len(numbers) != count or len(values) not in (count, 0):
        raise ValueError("numbers without values")
    table = None
    if kind in pieces.CODED:
        offsets = None
        if kind != pieces.DIGEST:
            offsets, view = _array(view, ends)
        table = Table(kind, offsets, view[:room])
        view = view[room:]
    return Piece(kind, numbers, values, table), view


def _array(view: memoryview, listed: _Listed) -> tuple[Array, memoryview]:
    if listed.of not in _TYPES or listed.sum not in _SUMS:
        raise ValueError(listed.of)
    values, length = planes.unpack(view, np.dtype(listed.of).newbyteorder("<"), listed.held)
    if listed.sum:
        values = np.cumsum(values, dtype=np.dtype(listed.sum))
    return values, view[length:]


def _narrow(values: Array, *, constant: bool = True) -> tuple[Array, _Listed]:
    """The same values in less room: once if they are all alike, in the smallest type that keeps them."""
    of = ""
    if not len(values):
        values = values.astype("<i1")
    elif values.dtype.kind == "f":
        values = _floats(values, constant)
    elif constant and bool(np.all(values == values[0])):
        values = values[:1] if values.dtype.kind == "b" else _integers(values[:1])
    elif values.dtype.kind != "b":
        wide = values.astype("<i8")
        whole, steps = _integers(wide), _integers(np.diff(wide, prepend=0))
        values = whole
        if steps.dtype.itemsize < whole.dtype.itemsize and (not constant or whole.dtype.itemsize == 8):
            # To add up takes time: what mostly shrinks to nothing, or is wide, is worth it.
            values, of = steps, "i8" if whole.dtype.itemsize == 8 else "i4"
    return values, _Listed(values.dtype.str[1:], len(values), of)


def _floats(values: Array, constant: bool) -> Array:
    wide = values.astype("<f8")
    with np.errstate(over="ignore"):
        small = wide.astype("<f4")
    bits = wide.view("<i8")
    if np.array_equal(small.astype("<f8").view("<i8"), bits):
        wide = small
    return wide[:1] if constant and bool(np.all(bits == bits[0])) else wide


def _integers(values: Array) -> Array:
    low, high = int(values.min()), int(values.max())
    for kind in _NARROW:
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return values.astype(f"<{kind}")
    raise ValueError("no 64-bit integers")


def _room(piece: Piece) -> int:
    numbers = 0 if isinstance(piece.numbers, range) else piece.numbers.nbytes
    return numbers + piece.values.nbytes + (len(piece.table.content) if piece.table else 0)
