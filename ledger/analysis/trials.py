"""Trials as an Arrow table."""

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from ledger.model.text import to_bytes

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("experiment", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("exit_code", pa.int64()),
        pa.field("started", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("duration_s", pa.float64()),
        pa.field("peak_memory", pa.int64()),
    ]
)
"""The columns that every table has."""


def table(fixed: Mapping[str, Sequence[Any]], sparse: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Put columns together.

    Parameters
    ----------
    fixed
        Values of each column of `SCHEMA`; times are microseconds since 1970, UTC.
    sparse
        Values of further columns; None where a trial has none.

    Returns
    -------
    pyarrow.Table
        The columns of `SCHEMA`, then the further ones. One of these is of booleans, integers, numbers or
        text; where values of more than one kind meet, or lists, all are JSON text.
    """
    columns = [_array(each.type, fixed[each.name]) for each in SCHEMA]
    schema = SCHEMA
    for name, values in sparse.items():
        column = _column(values)
        columns.append(column)
        schema = schema.append(pa.field(name, column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = {type(each) for each in values if each is not None}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {bool}:
        return _array(pa.bool_(), values)
    if kinds == {int} and all(each is None or -(2**63) <= each < 2**63 for each in values):
        return _array(pa.int64(), values)
    if kinds <= {int, float} and float in kinds:
        return _array(pa.float64(), [None if each is None else _float(each) for each in values])
    if kinds == {str}:
        return _array(pa.string(), values)
    told = [None if each is None else json.dumps(each, ensure_ascii=False) for each in values]
    return _array(pa.string(), told)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Make an array from buffers: `pyarrow.array` would import pandas where that is installed."""
    if kind == pa.string():
        held = [
            b"" if each is None else to_bytes(each).decode("utf-8", "replace").encode() for each in values
        ]
        offsets = array("i", [0, *accumulate(map(len, held))])
        content = [pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(held))]
    elif kind == pa.bool_():
        content = [_bits(values)]
    else:
        code = "d" if kind == pa.float64() else "q"
        content = [pa.py_buffer(array(code, [0 if each is None else each for each in values]).tobytes())]
    valid = _bits([each is not None for each in values])
    return pa.Array.from_buffers(kind, len(values), [valid, *content])


def _bits(values: Sequence[Any]) -> pa.Buffer:
    bits = bytearray((len(values) + 7) // 8)
    for place, each in enumerate(values):
        if each:
            bits[place // 8] |= 1 << place % 8
    return pa.py_buffer(bytes(bits))
