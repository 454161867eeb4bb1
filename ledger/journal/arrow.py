"""Entries as Arrow: sealed segments, and the table that people query.

Arrays are made from buffers and read through them: `pyarrow.array` would import pandas where that is
installed, and offsets that Python checks crash nothing.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from mmap import mmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from ledger.journal.ipc import Reader
from ledger.journal.rows import Facts, Row, facts
from ledger.model.digest import Digest
from ledger.model.schema import load

VERSION = 1
BATCH_ROWS = 256
BATCH_BYTES = 1 << 20
"""Bytes of bodies in a batch, unless one entry has more. To read an entry, its batch is decompressed: a fifth
of a millisecond. One flipped bit may cost a batch. Batches twice as large would take 1.5 % less room."""
LEVEL = 1
"""Of zstd. Level 9 takes one part in a hundred less room, and more than twice the time."""

_TYPES: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "utf8": pa.string(),
    "fixed_size_binary[32]": pa.binary(32),
    "timestamp[ns, UTC]": pa.timestamp("ns", "UTC"),
    "large_binary": pa.large_binary(),
}
STORED = ("seq", "body", "leaf")
"""The columns that are the record; every other one follows from the body."""
_ORIGIN = pa.field("origin", pa.binary(16), nullable=False)


def schema() -> pa.Schema:
    """Columns of a segment, as ``schemas/arrow/segment.v1.json`` says."""
    return pa.schema(
        [
            pa.field(each["name"], _TYPES[each["type"]], nullable=each["nullable"])
            for each in load(f"arrow/segment.v{VERSION}")["fields"]
        ]
    )


def metadata(origin: bytes, first: int, end: int, root: Digest) -> dict[bytes, bytes]:
    """What a segment says of itself."""
    return {
        b"ledger.format": str(VERSION).encode(),
        b"ledger.origin": origin.hex().encode(),
        b"ledger.first": str(first).encode(),
        b"ledger.end": str(end).encode(),
        b"ledger.root": root.hex().encode(),
    }


def batches(rows: Iterable[Row], known: Iterator[Facts] | None = None) -> Iterator[pa.RecordBatch]:
    """Rows as record batches of bounded size; `known`, where it is given, are their facts in order."""
    held: list[Row] = []
    size = 0
    for row in rows:
        if held and (len(held) == BATCH_ROWS or size + len(row.body) > BATCH_BYTES):
            yield batch(held, known)
            held, size = [], 0
        held.append(row)
        size += len(row.body)
    if held:
        yield batch(held, known)


def batch(rows: Sequence[Row], known: Iterator[Facts] | None = None) -> pa.RecordBatch:
    """Rows as one record batch."""
    each = [facts(row.body, row.leaf) if known is None else next(known) for row in rows]
    columns = [
        _integers(pa.int64(), [row.seq for row in rows]),
        _texts([fact.kind for fact in each]),
        _digests([fact.trial for fact in each]),
        _texts([fact.experiment for fact in each]),
        _digests([fact.recipe for fact in each]),
        _integers(_TYPES["timestamp[ns, UTC]"], [fact.time for fact in each]),
        _binaries(pa.large_binary(), "q", [row.body for row in rows]),
        _digests([row.leaf for row in rows]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema())


def write(path: Path, content: Iterable[pa.RecordBatch], described: dict[bytes, bytes]) -> None:
    """Write a segment to a new file, its buffers compressed; the caller syncs it.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=LEVEL))
    with (
        open(path, "xb") as sink,
        pa.ipc.new_file(sink, schema().with_metadata(described), options=options) as writer,
    ):
        for each in content:
            writer.write_batch(each)


def again(content: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of bounded size, whatever those are in which they come."""
    held: list[pa.RecordBatch] = []
    count = size = 0
    for part in content:
        bodies = part.column(part.schema.get_field_index("body"))
        ends = memoryview(bodies.buffers()[1]).cast("B").cast("q")[bodies.offset :]
        start = 0
        while start < part.num_rows:
            most = min(start + BATCH_ROWS - count, part.num_rows)
            stop = bisect_right(ends, ends[start] + BATCH_BYTES - size, start, most + 1) - 1
            if held and stop <= start:
                yield _joined(held)
                held, count, size = [], 0, 0
                continue
            stop = max(stop, start + 1)
            held.append(part.slice(start, stop - start))
            count, size = count + stop - start, size + ends[stop] - ends[start]
            start = stop
    if held:
        yield _joined(held)


def checked(content: bytes | mmap) -> Iterator[pa.RecordBatch]:
    """The batches of a segment, each fit to be computed with. Raises one of `DAMAGE` if it is none."""
    reader = Reader(content)
    if not reader.schema.equals(schema()):
        raise ValueError("not the columns of a segment")
    for part in reader:
        part.validate(full=True)
        yield part


def rows(part: pa.RecordBatch) -> Iterator[Row]:
    """Rows of a batch that has at least those columns of a segment that are the record.

    Raises one of `DAMAGE`.
    """
    seqs, bodies, leaves = (part.column(part.schema.get_field_index(name)) for name in STORED)
    numbers = memoryview(seqs.buffers()[1]).cast("B").cast("q")
    offsets = memoryview(bodies.buffers()[1]).cast("B").cast("q")
    held, hashes = memoryview(bodies.buffers()[2] or b""), memoryview(leaves.buffers()[1])
    for place in range(part.num_rows):
        leaf = hashes[32 * (place + leaves.offset) : 32 * (place + leaves.offset) + 32]
        start, stop = offsets[place + bodies.offset], offsets[place + bodies.offset + 1]
        yield Row(numbers[place + seqs.offset], bytes(leaf), bytes(held[start:stop]))


def differing(part: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    """Seq and column of each derived value that its body does not say. Raises one of `DAMAGE`."""
    stored = list(rows(part))
    expected = batch(stored)
    for name in expected.schema.names:
        got, said = part.column(name), expected.column(name)
        if not got.equals(said):
            for place, row in enumerate(stored):
                if not got.slice(place, 1).equals(said.slice(place, 1)):
                    yield row.seq, name


def table(parts: Iterable[tuple[bytes, Iterable[pa.RecordBatch]]]) -> pa.Table:
    """The batches of segments, each of one origin, as one table with a column `origin` behind `seq`."""
    columns = schema()
    columns = columns.insert(1, _ORIGIN)
    whole = [_with_origin(origin, part, columns) for origin, content in parts for part in content]
    return pa.Table.from_batches(whole, schema=columns)


def _with_origin(origin: bytes, part: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    named = pa.Array.from_buffers(_ORIGIN.type, part.num_rows, [None, pa.py_buffer(origin * part.num_rows)])
    arrays = [part.column(name) if name != _ORIGIN.name else named for name in columns.names]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _integers(kind: pa.DataType, values: Sequence[int | None]) -> pa.Array:
    held = array("q", (value or 0 for value in values)).tobytes()
    return pa.Array.from_buffers(kind, len(values), [_validity(values), pa.py_buffer(held)])


def _digests(values: Sequence[bytes | None]) -> pa.Array:
    held = b"".join(value or bytes(32) for value in values)
    return pa.Array.from_buffers(pa.binary(32), len(values), [_validity(values), pa.py_buffer(held)])


def _texts(values: Sequence[str | None]) -> pa.Array:
    return _binaries(pa.string(), "i", [None if value is None else value.encode() for value in values])


def _binaries(kind: pa.DataType, code: str, values: Sequence[bytes | None]) -> pa.Array:
    offsets = array(code, [0])
    for value in values:
        offsets.append(offsets[-1] + len(value or b""))
    held = b"".join(value or b"" for value in values)
    buffers = [_validity(values), pa.py_buffer(offsets.tobytes()), pa.py_buffer(held)]
    return pa.Array.from_buffers(kind, len(values), buffers)


def _validity(values: Sequence[Any]) -> pa.Buffer | None:
    if None not in values:
        return None
    bits = bytearray((len(values) + 7) // 8)
    for place, value in enumerate(values):
        bits[place >> 3] |= (value is not None) << (place & 7)
    return pa.py_buffer(bytes(bits))
