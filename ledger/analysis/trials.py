"""Trials, their hyperparameters and their metrics as Arrow tables."""

import json
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from ledger.model import Trial
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
"""The columns that every table of trials has."""

HYPERPARAMETERS = pa.schema(
    [
        pa.field("trial", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("role", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("number", pa.float64()),
    ]
)
"""`value` is text, or JSON of what is none; `number` is there where it is one."""

METRICS = pa.schema(
    [
        pa.field("trial", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("last", pa.float64(), nullable=False),
        pa.field("min", pa.float64(), nullable=False),
        pa.field("max", pa.float64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)


def of_trials(trials: Sequence[Trial]) -> pa.Table:
    """One row for each trial: the columns of `SCHEMA`, ``param.NAME`` and ``metric.NAME``, see `table`."""
    ends = [trial.outcome for trial in trials]
    fixed: dict[str, list[Any]] = {
        "id": [str(trial.id) for trial in trials],
        "name": [trial.name for trial in trials],
        "experiment": [trial.experiment for trial in trials],
        "status": [str(trial.status) for trial in trials],
        "exit_code": [end.exit_code if end else None for end in ends],
        "started": [trial.started // 1000 for trial in trials],
        "duration_s": [end.duration_s if end else None for end in ends],
        "peak_memory": [end.peak_memory if end else None for end in ends],
    }
    parameters = [{each.name: each.value for each in trial.hyperparameters} for trial in trials]
    metrics = [{each.name: each.last for each in end.metrics} if end else {} for end in ends]
    return table(fixed, {**_sparse("param.", parameters), **_sparse("metric.", metrics)})


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


def hyperparameters(trials: Iterable[Trial]) -> pa.Table:
    """One row for each hyperparameter of each trial, with the columns of `HYPERPARAMETERS`."""
    rows = [(str(trial.id), each) for trial in trials for each in trial.hyperparameters]
    return _long(
        HYPERPARAMETERS,
        [id for id, _ in rows],
        [each.name for _, each in rows],
        [str(each.type) for _, each in rows],
        [str(each.role) if each.role else None for _, each in rows],
        [each.source for _, each in rows],
        [each.value if isinstance(each.value, str | None) else _json(each.value) for _, each in rows],
        [_number(each.value) for _, each in rows],
    )


def metrics(trials: Iterable[Trial]) -> pa.Table:
    """One row for each metric of each trial, with the columns of `METRICS`."""
    ended = [(str(trial.id), trial.outcome) for trial in trials if trial.outcome]
    rows = [(id, each) for id, outcome in ended for each in outcome.metrics]
    return _long(
        METRICS,
        [id for id, _ in rows],
        [each.name for _, each in rows],
        [each.last for _, each in rows],
        [each.min for _, each in rows],
        [each.max for _, each in rows],
        [each.count for _, each in rows],
    )


def _sparse(prefix: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of maps, sorted by name."""
    names = sorted({name for row in rows for name in row})
    return {f"{prefix}{_plain(name)}": [row.get(name) for row in rows] for name in names}


def _plain(name: str) -> str:
    return to_bytes(name).decode("utf-8", "replace")


def _long(schema: pa.Schema, *columns: Sequence[Any]) -> pa.Table:
    arrays = [_array(each.type, column) for each, column in zip(schema, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _number(value: Any) -> float | None:
    return _float(value) if type(value) in (int, float) else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


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
    told = [None if each is None else _json(each) for each in values]
    return _array(pa.string(), told)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Make an array from buffers: `pyarrow.array` would import pandas where that is installed."""
    if kind == pa.string():
        held = [b"" if each is None else _plain(each).encode() for each in values]
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
