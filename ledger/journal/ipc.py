"""Arrow IPC files batch by batch: what a batch would take decompressed is asked before any of it is made.

A file says of its own buffers how long they are. pyarrow allocates what it is told, so that a flipped bit, or
somebody, could have it take all memory: the few fields of the metadata that tell are read here first.
"""

import struct
from collections.abc import Iterator, Sequence
from mmap import mmap
from typing import NamedTuple

import pyarrow as pa
import pyarrow.ipc

MOST = 1 << 29
"""Bytes that the buffers of a compressed batch may take; an entry has at most 2^28."""

DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError, MemoryError)
"""What reading a damaged file may raise."""

_MAGIC = b"ARROW1"
_CONTINUED = 0xFFFFFFFF
_BATCH = 3
"""The type of a message that is a record batch."""
_FOOTER_BATCHES, _MESSAGE_TYPE, _MESSAGE_HEADER = 3, 1, 2
_BATCH_ROWS, _BATCH_BUFFERS, _BATCH_COMPRESSION = 0, 2, 3
"""Fields of the tables of Arrow's format, by their number."""
_RAW = -1
"""The length that a buffer tells if it alone was not compressed."""


class Reader:
    """A file whose batches are decoded when they are asked for.

    Parameters
    ----------
    content
        Of the file.
    columns
        Those that are wanted, in the file's order; all where it is None. No other one is decompressed.

    Raises
    ------
    One of `DAMAGE`
        If it is no such file.
    """

    def __init__(self, content: bytes | mmap, columns: Sequence[str] | None = None) -> None:
        buffer = pa.py_buffer(content)
        self._content = memoryview(content)
        self._file = pa.ipc.open_file(buffer, options=pa.ipc.IpcReadOptions(use_threads=False))
        self.schema: pa.Schema = self._file.schema
        if columns is not None:
            wanted = [self.schema.get_field_index(name) for name in columns]
            options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=wanted)
            self._file = pa.ipc.open_file(buffer, options=options)
        self._blocks = _blocks(self._content)
        if len(self) != self._file.num_record_batches:
            raise ValueError("a footer that tells two numbers of batches")

    def __len__(self) -> int:
        return len(self._blocks) // _BLOCK.size

    def batch(self, place: int) -> pa.RecordBatch:
        """One batch. Raises one of `DAMAGE` if it cannot be had."""
        block = self._block(place)
        start = block.offset + block.metadata
        _check_batch(_message(self._content[block.offset : start]), self._content[start : start + block.body])
        return self._file.get_batch(place)

    def rows(self, place: int) -> int:
        """How many rows a batch says that it has. Raises one of `DAMAGE`."""
        block = self._block(place)
        batch = _message(self._content[block.offset : block.offset + block.metadata]).table(_MESSAGE_HEADER)
        told = None if batch is None else batch.field(_BATCH_ROWS)
        return 0 if batch is None or told is None else _number("<q", batch.view, told)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return map(self.batch, range(len(self)))

    def _block(self, place: int) -> "_Block":
        block = _Block(*_BLOCK.unpack_from(self._blocks, place * _BLOCK.size))
        if min(block) < 0 or sum(block) > len(self._content):
            raise ValueError("a batch beyond the file's end")
        return block


def messages(content: pa.Buffer) -> Iterator[pa.RecordBatch]:
    """The batches of a file without its footer, one behind the other. Raises one of `DAMAGE`."""
    reader = iter(pa.ipc.MessageReader.open_stream(content.slice(8)))  # behind the magic, a file is a stream
    first = next(reader, None)
    if first is None:
        raise ValueError("no schema")
    schema = pa.ipc.read_schema(first)
    for message in reader:
        if message.type == "record batch":
            _check_batch(_root(memoryview(message.metadata)), memoryview(message.body))
            yield pa.ipc.read_record_batch(message, schema)


class _Block(NamedTuple):
    """Where a batch lies."""

    offset: int
    metadata: int
    """Bytes of it, which come first."""
    body: int
    """Bytes of the buffers behind."""


class _Table(NamedTuple):
    """A table of a flatbuffer."""

    view: memoryview
    place: int

    def field(self, number: int) -> int | None:
        """Where a field lies; None where it has its default."""
        fields = self.place - _number("<i", self.view, self.place)
        if 4 + 2 * number >= _number("<H", self.view, fields):
            return None
        offset = _number("<H", self.view, fields + 4 + 2 * number)
        return self.place + offset if offset else None

    def table(self, number: int) -> "_Table | None":
        """The table that a field points to."""
        place = self.field(number)
        return None if place is None else _Table(self.view, place + _number("<I", self.view, place))

    def structs(self, number: int, size: int) -> memoryview:
        """The structs, of so many bytes each, of the vector that a field points to."""
        place = self.field(number)
        if place is None:
            return self.view[:0]
        place += _number("<I", self.view, place)
        start, count = place + 4, _number("<I", self.view, place)
        whole = self.view[start : start + count * size]
        if len(whole) != count * size:
            raise ValueError("a list that is longer than what holds it")
        return whole


_BLOCK = struct.Struct("<qi4xq")
_BUFFER = struct.Struct("<qq")


def _blocks(content: memoryview) -> memoryview:
    """Where the batches lie, as the footer tells it."""
    end = len(content) - len(_MAGIC) - 4
    start = end - _number("<i", content, end)
    if start < 0:
        raise ValueError("a footer that is longer than the file")
    return _root(content[start:end]).structs(_FOOTER_BATCHES, _BLOCK.size)


def _message(metadata: memoryview) -> _Table:
    """The table behind the length that stands in front of it in a file."""
    return _root(metadata[8 if _number("<I", metadata, 0) == _CONTINUED else 4 :])


def _root(view: memoryview) -> _Table:
    return _Table(view, _number("<I", view, 0))


def _check_batch(message: _Table, body: memoryview) -> None:
    """Check what a batch would take. Raises ValueError if that is too much, or cannot be told."""
    kind = message.field(_MESSAGE_TYPE)
    batch = message.table(_MESSAGE_HEADER)
    if kind is None or _number("<B", message.view, kind) != _BATCH or batch is None:
        raise ValueError("not a batch")
    buffers = list(_BUFFER.iter_unpack(batch.structs(_BATCH_BUFFERS, _BUFFER.size)))
    if any(min(each) < 0 or sum(each) > len(body) for each in buffers):
        raise ValueError("a buffer beyond its batch")
    if batch.field(_BATCH_COMPRESSION) is None:
        return  # what is not compressed is read where it lies
    told = [_number("<q", body, offset) for offset, length in buffers if length]
    if min(told, default=0) < _RAW or sum(told) > MOST:
        raise ValueError(f"buffers of {sum(told)} bytes, where {MOST} are allowed")


def _number(form: str, view: memoryview, place: int) -> int:
    try:
        if place < 0:
            raise ValueError("in front of what there is")
        found: int = struct.unpack_from(form, view, place)[0]
    except struct.error as error:
        raise ValueError("behind what there is") from error
    return found
