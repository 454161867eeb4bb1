"""What is left of a damaged segment: every row whose body hashes to its leaf and whose position is known."""

import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from mmap import mmap

import cbor2
import pyarrow as pa
import zstandard

from ledger.journal import arrow, ipc
from ledger.journal.merkle import leaf_hash
from ledger.journal.rows import Row

_BODY = re.compile(rb"[\xa6\xa7]\x61v")
"""How the canonical bytes of an entry begin: a map of six or seven, the shortest key first."""
_FRAME = re.compile(rb"\x28\xb5\x2f\xfd")
"""How what zstd has compressed begins."""
_UNREADABLE = (cbor2.CBORError, ValueError, TypeError, EOFError, OverflowError, RecursionError, MemoryError)


def salvage(content: bytes | mmap, first: int, end: int) -> list[Row]:
    """The rows of a damaged segment of positions `first` to `end` - 1 whose bodies hash to their leaves.

    The file is read through its footer; then, batch after batch, without it; then without any metadata.
    """
    found: dict[int, Row] = {}
    wanted = range(first, end)
    for opened in (_by_footer, _by_stream):
        try:
            for part in opened(content):
                found.update((row.seq, row) for row in _whole_rows(part))
        except ipc.DAMAGE:
            continue  # what this way cannot reach, the next may
        if found.keys() >= set(wanted):
            break
    for bare in (_by_content, _by_frames):
        if len(found) < len(wanted):
            rows = {first + place: Row(first + place, *each) for place, each in enumerate(bare(content))}
            # Nothing but their number tells the positions of these.
            if len(rows) == len(wanted) and found.items() <= rows.items():
                found = rows
    return [found[seq] for seq in sorted(found) if seq in wanted]


def _whole_rows(part: pa.RecordBatch) -> Iterator[Row]:
    kept: list[tuple[int, Row]] = []
    try:
        kept.extend((place, row) for place, row in enumerate(arrow.rows(part)) if row.whole)
    except ipc.DAMAGE:
        pass  # the rows behind a place that cannot be reached are lost
    votes = Counter(row.seq - place for place, row in kept)
    for place, row in kept:
        yield row._replace(seq=votes.most_common(1)[0][0] + place)


def _by_footer(content: bytes | mmap) -> Iterator[pa.RecordBatch]:
    reader = ipc.Reader(content)
    for place in range(len(reader)):
        try:
            yield reader.batch(place)
        except ipc.DAMAGE:
            continue  # this batch is lost; the next may be whole


def _by_stream(content: bytes | mmap) -> Iterator[pa.RecordBatch]:
    yield from ipc.messages(pa.py_buffer(content))


def _by_content(content: bytes | mmap) -> Iterator[tuple[bytes, bytes]]:
    """Leaf and body of each entry whose leaf stands behind it: what needs no metadata at all."""
    return _entries(content, content)


def _by_frames(content: bytes | mmap) -> Iterator[tuple[bytes, bytes]]:
    """The same of what is compressed: the leaves are in the frame behind that of the bodies."""
    bodies = b""
    for frame in _frames(content):
        yield from _entries(bodies, frame)
        bodies = frame


def _frames(content: bytes | mmap) -> Iterator[bytes]:
    """What is in each frame whose buffer tells the size that the frame tells."""
    view, decompressor = memoryview(content), zstandard.ZstdDecompressor()
    for start in (match.start() for match in _FRAME.finditer(content)):
        told = int.from_bytes(view[max(0, start - 8) : start], "little", signed=True)
        try:
            if 0 < told <= ipc.MOST and zstandard.frame_content_size(view[start : start + 18]) == told:
                yield decompressor.decompress(view[start:], max_output_size=told)
        except zstandard.ZstdError:
            continue  # the marker stood there by chance, or the frame is lost


def _entries(content: bytes | mmap, leaves: bytes | mmap) -> Iterator[tuple[bytes, bytes]]:
    """Leaf and body of each entry whose leaf comes in `leaves`, in the same order."""
    source = BytesIO(content)
    place = told = 0
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
        column = leaves.find(leaf, max(told, start) if leaves is content else told)
        if column >= 0:
            yield bytes(leaf), body
            place, told = start + len(body), column
