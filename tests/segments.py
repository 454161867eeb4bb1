"""Rows, and segments of them, as this release writes them and as the first one did."""

import pyarrow as pa
import pyarrow.ipc

from ledger.journal import arrow
from ledger.journal.merkle import leaf_hash, root
from ledger.journal.rows import Row
from ledger.model import Entry, Note
from ledger.model.codec import encode_entry

ORIGIN = bytes(range(16))


def make_rows(count, first=0, text="a note"):
    found = []
    for seq in range(first, first + count):
        payload = Note(text=f"{text} {seq}", author="ann", experiment="mnist" if seq % 2 else None)
        body = encode_entry(Entry(time=seq * 10, nonce=bytes(16), origin=ORIGIN, payload=payload))
        found.append(Row(seq, leaf_hash(body), body))
    return found


def described(rows):
    return arrow.metadata(ORIGIN, rows[0].seq, rows[-1].seq + 1, root(row.leaf for row in rows))


def make_segment(path, rows):
    arrow.write(path, arrow.batches(rows), described(rows))
    return path.read_bytes()


def make_plain_segment(path, rows, most=1 << 13):
    """A segment whose buffers are not compressed."""
    with pa.ipc.new_file(path, arrow.schema().with_metadata(described(rows))) as writer:
        for start in range(0, len(rows), most):
            writer.write_batch(arrow.batch(rows[start : start + most]))
    return path.read_bytes()


def rows_of(content):
    return [row for batch in arrow.checked(content) for row in arrow.rows(batch)]


def decompress(path):
    """Rewrite a segment without compression, so that one entry can be damaged; its digest is another one."""
    found = pa.ipc.open_file(path.read_bytes()).read_all()
    with pa.ipc.new_file(path, found.schema) as writer:
        writer.write_table(found)
