"""The table of all trials, as an Arrow table that a browser can sort without a copy.

Integers are of 32 bits where they fit and else floats, since a browser has no quick integers of 64; text is
coded; a column in which kinds of values meet is text.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.journal import pieces
from ledger.journal.pieces import Piece, array_of
from ledger.model.jsonform import to_json
from ledger.ops.columns import FIELD, PARAMETER, Key
from ledger.ops.scope import as_recorded
from ledger.ui.data import Query
from ledger.ui.data.remembered import remembered
from ledger.ui.data.rows import Rows, read
from ledger.ui.source import Source

_INT32 = np.iinfo(np.int32)
_EXACT = 1 << 53
_PREFIX = {FIELD: "", PARAMETER: "param.", "last": "metric."}


def answer(source: Source, query: Query) -> pa.Table:
    """All trials, or those of an ``experiment``, oldest first.

    Returns
    -------
    pyarrow.Table
        Columns ``number`` (by which `filtered` names rows), ``id`` (32 bytes), fields, ``param.NAME``, and
        ``metric.NAME`` for last values. ``started`` is in milliseconds since 1970, UTC. The schema's metadata
        ``numbers`` says what the numbers are of.
    """
    if experiment := query.get("experiment"):
        return table(read(source, experiment))
    return remembered(source, "trials", lambda: table(read(source)))


def table(rows: Rows) -> pa.Table:
    """Columns of such rows."""
    count = len(rows.numbers)
    place = np.full(int(rows.numbers[-1]) + 1 if count else 0, -1, np.int64)
    place[rows.numbers] = np.arange(count)
    numbers = rows.numbers.astype(np.int32)
    names, arrays = (
        ["number", "id"],
        [
            pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(numbers)]),
            pa.Array.from_buffers(pa.binary(32), count, [None, pa.py_buffer(rows.ids)]),
        ],
    )
    for key, told in rows.columns.items():
        found = [each for each in (_placed(piece, place) for piece in told) if len(each[0])]
        if found:
            names.append(_PREFIX[key[0]] + _plain(key[1]))
            arrays.append(_column(key, found, count))
    kind = "index" if rows.indexed else "read"
    return pa.Table.from_arrays(arrays, names=names).replace_schema_metadata({"numbers": kind})


Placed = tuple[NDArray[np.int64], Piece]


def _placed(piece: Piece, place: NDArray[np.int64]) -> Placed:
    """Rows, and the values that a piece has for them."""
    numbers = array_of(piece.numbers)
    numbers = numbers[numbers < len(place)]
    rows = place[numbers]
    there = rows >= 0
    return (rows, piece) if there.all() and len(rows) == len(piece.numbers) else _taken(piece, place)


def _taken(piece: Piece, place: NDArray[np.int64]) -> Placed:
    numbers = array_of(piece.numbers)
    rows = np.where(numbers < len(place), place[np.minimum(numbers, max(len(place) - 1, 0))], -1)
    return rows[rows >= 0], piece.taken(rows >= 0)


def _column(key: Key, found: Sequence[Placed], count: int) -> pa.Array:
    kinds = {piece.kind for _, piece in found}
    if kinds == {pieces.BOOL}:
        valid, values = _spread(found, count, np.dtype(np.bool_))
        return pa.Array.from_buffers(pa.bool_(), count, [_bits(valid), _bits(values)])
    if kinds == {pieces.TIME}:
        valid, values = _spread(found, count, np.dtype(np.float64))
        return _floats(valid, values / 1000)
    if kinds <= {pieces.INT, pieces.FLOAT} and (numbers := _numbers(kinds, found, count)) is not None:
        return numbers
    return _texts(key, found, count)


def _numbers(kinds: set[str], found: Sequence[Placed], count: int) -> pa.Array | None:
    integers = [piece.values for _, piece in found if piece.kind == pieces.INT]
    low = min((int(each.min()) for each in integers), default=0)
    high = max((int(each.max()) for each in integers), default=0)
    if pieces.FLOAT not in kinds and low >= _INT32.min and high <= _INT32.max:
        valid, values = _spread(found, count, np.dtype(np.int32))
        return pa.Array.from_buffers(pa.int32(), count, [_bits(valid), pa.py_buffer(values)])
    if low < -_EXACT or high > _EXACT:
        return None
    return _floats(*_spread(found, count, np.dtype(np.float64)))


def _floats(valid: NDArray[np.bool_], values: NDArray[Any]) -> pa.Array:
    return pa.Array.from_buffers(pa.float64(), len(values), [_bits(valid), pa.py_buffer(values)])


def _spread(
    found: Sequence[Placed], count: int, kind: "np.dtype[Any]"
) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    valid, values = np.zeros(count, np.bool_), np.zeros(count, kind)
    for rows, piece in found:
        valid[rows] = True
        values[rows] = piece.values
    return valid, values


def _texts(key: Key, found: Sequence[Placed], count: int) -> pa.Array:
    """Coded text: each distinct value once."""
    mixed = len(found) > 1
    codes, distinct = np.full(count, -1, np.int32), list[bytes]()
    for rows, piece in found:
        used, back = np.unique(piece.values, return_inverse=True)
        codes[rows] = back + len(distinct)
        distinct += [_said(as_recorded(piece, each), key, mixed) for each in used.tolist()]
    offsets = np.zeros(len(distinct) + 1, np.int32)
    np.cumsum([len(each) for each in distinct], out=offsets[1:])
    words = pa.Array.from_buffers(
        pa.string(), len(distinct), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(distinct))]
    )
    places = np.where(codes < 0, 0, codes).astype(np.int32)
    indices = pa.Array.from_buffers(pa.int32(), count, [_bits(codes >= 0), pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, words)


def _said(value: Any, key: Key, mixed: bool) -> bytes:
    if isinstance(value, str) and not mixed:
        return _plain(value).encode()
    if key == (FIELD, "tag") and isinstance(value, tuple):
        return _plain(", ".join(map(str, value))).encode()
    return _plain(
        value if isinstance(value, str) else json.dumps(to_json(value), ensure_ascii=False)
    ).encode()


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bits(mask: NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(mask, bitorder="little"))
