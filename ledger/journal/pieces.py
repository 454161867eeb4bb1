"""Values of many trials under one key, as arrays: one *piece* for each kind of value.

A piece pairs trial numbers, ascending, with values. Numbers without a hole are a range and take no room; text
and whatever has no array of its own are codes into a table of the distinct ones, sorted, so that the order of
codes is the order of texts.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cbor2
import numpy as np
from numpy.typing import NDArray

from ledger.model import Value
from ledger.model.codec import encode, from_document
from ledger.model.digest import PREFIX, Digest

NULL, BOOL, INT, FLOAT, TIME, TEXT, DIGEST, OTHER = (
    "null",
    "bool",
    "int",
    "float",
    "time",
    "text",
    "digest",
    "other",
)
"""The kinds: nothing, which has numbers alone; three plain ones; microseconds since 1970; text; text that is
a digest; lists, and integers of more than 64 bits."""
CODED = (TEXT, DIGEST, OTHER)

Numbers = range | NDArray[np.uint32]
Array = NDArray[Any]

_DIGEST_TEXT = len(PREFIX) + 64
_HEX = frozenset("0123456789abcdef")
_INT64 = range(-(2**63), 2**63)


class Moment(int):
    """A time, in microseconds since 1970."""


class Table(NamedTuple):
    """Distinct values as bytes, sorted."""

    kind: str
    offsets: Array | None
    """Where each begins, and the end; None for digests, 32 bytes each."""
    content: bytes | memoryview

    def __len__(self) -> int:
        return len(self.content) // 32 if self.offsets is None else len(self.offsets) - 1

    def raw(self, place: int) -> bytes:
        """The bytes of one."""
        if self.offsets is None:
            return bytes(self.content[32 * place : 32 * place + 32])
        return bytes(self.content[int(self.offsets[place]) : int(self.offsets[place + 1])])

    def value(self, place: int) -> Value:
        """One as it was recorded."""
        return unpacked(self.kind, self.raw(place))


class Piece(NamedTuple):
    """Values of one kind under one key."""

    kind: str
    numbers: Numbers
    values: Array
    """As many; of a coded kind, places in the table; empty for nothing."""
    table: Table | None = None

    def value(self, place: int) -> Value:
        """One value as it was recorded; of a time, its microseconds."""
        if self.kind == NULL:
            return None
        found = self.values[place].item()
        return self.table.value(found) if self.table is not None else found

    def taken(self, kept: NDArray[np.bool_]) -> "Piece":
        """The pairs that a mask keeps."""
        values = self.values if self.kind == NULL else self.values[kept]
        return self._replace(numbers=array_of(self.numbers)[kept], values=values)


def packed(value: str | tuple[Value, ...] | int) -> tuple[str, bytes]:
    """Kind and bytes of a value that is coded."""
    if isinstance(value, str):
        digits = value[len(PREFIX) :]
        if len(value) == _DIGEST_TEXT and value.startswith(PREFIX) and _HEX.issuperset(digits):
            return DIGEST, bytes.fromhex(digits)
        return TEXT, value.encode("utf-8", "surrogatepass")
    return OTHER, encode(value)


def unpacked(kind: str, raw: bytes) -> Value:
    """The value of such bytes."""
    if kind == TEXT:
        return raw.decode("utf-8", "surrogatepass")
    if kind == DIGEST:
        return str(Digest(raw))
    found: Value = from_document(Value, cbor2.loads(raw), "value")  # type: ignore[arg-type]
    return found


def pack(pairs: Iterable[tuple[int, Value]]) -> list[Piece]:
    """Pieces of (trial number, value) pairs, ascending by number."""
    plain: dict[str, tuple[list[int], list[Any]]] = {}
    for number, value in pairs:
        kind = _kind(value)
        held: Any = value
        if kind is OTHER:
            kind, held = packed(value)  # type: ignore[arg-type]
        numbers, values = plain.setdefault(kind, ([], []))
        numbers.append(number)
        values.append(held)
    return [_piece(kind, *plain[kind]) for kind in sorted(plain)]


def place_of(numbers: Numbers) -> Any:
    """What picks trial numbers out of an array that has a place for each trial."""
    return slice(numbers.start, numbers.stop) if isinstance(numbers, range) else numbers


def array_of(numbers: Numbers) -> NDArray[np.uint32]:
    """Trial numbers as an array."""
    if isinstance(numbers, range):
        return np.arange(numbers.start, numbers.stop, dtype=np.uint32)
    return numbers


def compact(numbers: NDArray[np.uint32]) -> Numbers:
    """Trial numbers as a range, where there is no hole and none comes twice."""
    count = len(numbers)
    first = int(numbers[0]) if count else 0
    # Ascending numbers without a repetition fill their span exactly if it is as long as they are many.
    if not count or (int(numbers[-1]) - first == count - 1 and bool(np.all(np.diff(numbers) == 1))):
        return range(first, first + count)
    return numbers


def joined(pieces: Sequence[Piece]) -> Piece:
    """Pieces of one kind as one, sorted by number; a number keeps the order of its values."""
    kind = pieces[0].kind
    numbers = np.concatenate([array_of(each.numbers) for each in pieces])
    tables = [each.table for each in pieces if each.table is not None]
    if tables:
        table, places = _united(kind, [each for each in pieces if each.table is not None])
        values = np.concatenate(places)
    else:
        table = None
        values = np.concatenate([each.values for each in pieces])
    if len(numbers) > 1 and bool(np.any(numbers[1:] < numbers[:-1])):
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        values = values[order] if len(values) else values
    return Piece(kind=kind, numbers=compact(numbers), values=values, table=table)


def table_of(kind: str, distinct: Sequence[bytes]) -> Table:
    """The table of sorted bytes."""
    if kind == DIGEST:
        return Table(kind, None, b"".join(distinct))
    offsets = np.zeros(len(distinct) + 1, np.int64)
    np.cumsum([len(each) for each in distinct], out=offsets[1:])
    return Table(kind, offsets, b"".join(distinct))


def table_of_rows(rows: Array) -> tuple[Table, Array]:
    """The table of digests, one a row of 32 bytes, and the place of each in it."""
    distinct, places = _unique_rows(rows)
    return Table(DIGEST, None, distinct.tobytes()), places


def _kind(value: Value) -> str:
    if value is None:
        return NULL
    kind = type(value)
    if kind is float:
        return FLOAT
    if kind is bool:
        return BOOL
    if kind is Moment:
        return TIME
    if kind is int and value in _INT64:
        return INT
    return OTHER


def _piece(kind: str, numbers: list[int], values: list[Any]) -> Piece:
    which = compact(np.array(numbers, np.uint32))
    if kind == NULL:
        return Piece(kind, which, np.empty(0, np.int8))
    if kind in CODED:
        distinct = sorted(set(values))
        codes = {each: place for place, each in enumerate(distinct)}
        places = np.fromiter((codes[each] for each in values), np.int64, len(values))
        return Piece(kind, which, places, table_of(kind, distinct))
    types = {BOOL: np.bool_, INT: np.int64, FLOAT: np.float64, TIME: np.int64}
    return Piece(kind, which, np.array(values, types[kind]))


def _united(kind: str, pieces: Sequence[Piece]) -> tuple[Table, list[Array]]:
    """One table for all, without what none uses any more, and each piece's places in it."""
    used = [np.unique(each.values) for each in pieces]
    if kind == DIGEST:
        held = [
            np.frombuffer(each.table.content, "V32")[place]
            for each, place in zip(pieces, used, strict=True)
            if each.table
        ]
        table, back = table_of_rows(np.concatenate(held).view(np.dtype((np.void, 32))))
    else:
        raws = [
            each.table.raw(int(place))
            for each, places in zip(pieces, used, strict=True)
            if each.table
            for place in places
        ]
        names = sorted(set(raws))
        codes = {each: place for place, each in enumerate(names)}
        back = np.fromiter((codes[each] for each in raws), np.int64, len(raws))
        table = table_of(kind, names)
    result, start = [], 0
    for each, places in zip(pieces, used, strict=True):
        mapped = back[start : start + len(places)]
        start += len(places)
        result.append(mapped[np.searchsorted(places, each.values)])
    return table, result


def _unique_rows(rows: Array) -> tuple[Array, Array]:
    """Distinct rows of 32 bytes, sorted as bytes, and the place of each row among them."""
    words = np.frombuffer(rows.tobytes(), ">u8").reshape(-1, 4)
    first = words[:, 0].astype(np.uint64)
    order = np.argsort(first)
    if bool(np.any(first[order][1:] == first[order][:-1])):
        order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], first))
    ordered = words[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = np.any(ordered[1:] != ordered[:-1], axis=1)
    back = np.empty(len(order), np.int64)
    back[order] = np.cumsum(new) - 1
    return np.frombuffer(ordered[new].tobytes(), "V32"), back
