"""Entries as Arrow: sealed segments, and the table that people query.

Arrays are made from buffers and read through them: `pyarrow.array` would import pandas where that is
installed, and offsets that Python checks crash nothing.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from mmap import mmap
from pathlib import Path
from typing import Any

import cbor2
import pyarrow as pa
import pyarrow.ipc

from ledger.journal.merkle import leaf_hash
from ledger.journal.rows import Row, facts
from ledger.model.digest import Digest
from ledger.model.schema import load

VERSION = 1
BATCH_ROWS = 1 << 13
BATCH_BYTES = 64 << 20

DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError, MemoryError)
"""What reading a damaged segment may raise."""

_TYPES: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "utf8": pa.string(),
    "fixed_size_binary[32]": pa.binary(32),
    "timestamp[ns, UTC]": pa.timestamp("ns", "UTC"),
    "large_binary": pa.large_binary(),
}
_BODY = re.compile(rb"[\xa6\xa7]\x61v")
"""How the canonical bytes of an entry begin: a map of six or seven, the shortest key first."""
_UNREADABLE = (cbor2.CBORError, ValueError, TypeError, EOFError, OverflowError, RecursionError, MemoryError)
_STORED = ("seq", "body", "leaf")
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


def batches(rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Rows as record batches of bounded size."""
    held: list[Row] = []
    size = 0
    for row in rows:
        if held and (len(held) == BATCH_ROWS or size + len(row.body) > BATCH_BYTES):
            yield batch(held)
            held, size = [], 0
        held.append(row)
        size += len(row.body)
    if held:
        yield batch(held)


def batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows as one record batch."""
    each = [facts(row.body, row.leaf) for row in rows]
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
    """Write a segment to a new file; the caller syncs it.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    with (
        open(path, "xb") as sink,
        pa.ipc.new_file(sink, schema().with_metadata(described)) as writer,
    ):
        for each in content:
            writer.write_batch(each)


def read(content: Any) -> pa.Table:
    """The table of a whole segment, without a copy. Raises one of `DAMAGE` if it is none."""
    return pa.ipc.open_file(pa.py_buffer(content)).read_all()


def checked(content: Any) -> pa.Table:
    """The table of a whole segment, fit to be computed with. Raises one of `DAMAGE` if it is none."""
    found = read(content)
    if not found.schema.equals(schema()):
        raise ValueError("not the columns of a segment")
    found.validate(full=True)
    return found


def rows(content: pa.Table | pa.RecordBatch) -> Iterator[Row]:
    """Rows of a table or batch that has the columns of a segment. Raises one of `DAMAGE`."""
    for part in content.to_batches() if isinstance(content, pa.Table) else (content,):
        seqs, bodies, leaves = (part.column(part.schema.get_field_index(name)) for name in _STORED)
        numbers = memoryview(seqs.buffers()[1]).cast("B").cast("q")
        offsets = memoryview(bodies.buffers()[1]).cast("B").cast("q")
        held, hashes = memoryview(bodies.buffers()[2] or b""), memoryview(leaves.buffers()[1])
        for place in range(part.num_rows):
            leaf = hashes[32 * (place + leaves.offset) : 32 * (place + leaves.offset) + 32]
            start, stop = offsets[place + bodies.offset], offsets[place + bodies.offset + 1]
            yield Row(numbers[place + seqs.offset], bytes(leaf), bytes(held[start:stop]))


def salvage(content: bytes | mmap, first: int, end: int) -> list[Row]:
    """The rows of a damaged segment of positions `first` to `end` - 1 whose bodies hash to their leaves.

    The file is read through its footer; then, batch after batch, without it; then without any metadata.
    """
    found: dict[int, Row] = {}
    for opened in (_by_footer, _by_stream):
        try:
            for part in opened(pa.py_buffer(content)):
                found.update((row.seq, row) for row in _whole_rows(part))
        except DAMAGE:
            continue  # what this way cannot reach, the next may
    if len(found) < end - first:
        bare = {first + place: Row(first + place, *each) for place, each in enumerate(_by_content(content))}
        # Nothing but their number tells the positions of these.
        if len(bare) == end - first and found.items() <= bare.items():
            found = bare
    return [found[seq] for seq in sorted(found) if first <= seq < end]


def differing(content: pa.Table) -> Iterator[tuple[int, str]]:
    """Seq and column of each derived value that its body does not say. Raises one of `DAMAGE`."""
    for part in content.to_batches():
        stored = list(rows(part))
        expected = batch(stored)
        for name in expected.schema.names:
            got, said = part.column(name), expected.column(name)
            if not got.equals(said):
                for place, row in enumerate(stored):
                    if not got.slice(place, 1).equals(said.slice(place, 1)):
                        yield row.seq, name


def table(parts: Iterable[tuple[bytes, pa.Table | Sequence[Row]]]) -> pa.Table:
    """Segments and rows, each of one origin, as one table with a column `origin` behind `seq`."""
    columns = schema()
    columns = columns.insert(1, _ORIGIN)
    whole = [
        _with_origin(origin, part, columns)
        for origin, content in parts
        for part in (content.to_batches() if isinstance(content, pa.Table) else batches(content))
    ]
    return pa.Table.from_batches(whole, schema=columns)


def _with_origin(origin: bytes, part: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    named = pa.Array.from_buffers(_ORIGIN.type, part.num_rows, [None, pa.py_buffer(origin * part.num_rows)])
    arrays = [part.column(name) if name != _ORIGIN.name else named for name in columns.names]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _whole_rows(part: pa.RecordBatch) -> Iterator[Row]:
    kept: list[tuple[int, Row]] = []
    try:
        kept.extend((place, row) for place, row in enumerate(rows(part)) if row.whole)
    except DAMAGE:
        pass  # the rows behind a place that cannot be reached are lost
    votes = Counter(row.seq - place for place, row in kept)
    for place, row in kept:
        yield row._replace(seq=votes.most_common(1)[0][0] + place)


def _by_footer(content: pa.Buffer) -> Iterator[pa.RecordBatch]:
    reader = pa.ipc.open_file(content)
    for place in range(min(reader.num_record_batches, content.size)):
        try:
            yield reader.get_batch(place)
        except DAMAGE:
            continue  # this batch is lost; the next may be whole


def _by_stream(content: pa.Buffer) -> Iterator[pa.RecordBatch]:
    yield from pa.ipc.open_stream(content.slice(8))  # behind the magic, a file is a stream


def _by_content(content: bytes | mmap) -> list[tuple[bytes, bytes]]:
    """Leaf and body of each entry whose leaf stands behind it: what needs no metadata at all."""
    found = []
    source = BytesIO(content)
    place = leaves = 0
    for start in (match.start() for match in _BODY.finditer(content)):
        if start < place:
            continue
        source.seek(start)
        try:
            cbor2.CBORDecoder(source).decode()
        except _UNREADABLE:
            continue  # the marker stood there by chance
        body = content[start : source.tell()]
        leaf = leaf_hash(body)
        column = content.find(leaf, max(leaves, start))
        if column >= 0:
            found.append((bytes(leaf), body))
            place, leaves = start + len(body), column
    return found


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
