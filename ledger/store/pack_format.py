"""The bytes of a pack: records one behind another, a sorted index of them, a trailer.

::

    pack    = magic record* index trailer
    record  = head (64 bytes), then the stored bytes
    index   = count prefixes (uint64), then count entries of 56 bytes, both sorted by digest, then kind
    trailer = count, offset of the index, digest of the index, magic

``schemas/README.md`` is normative.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple

from blake3 import blake3

from ledger.model import Digest
from ledger.model.digest import SIZE

MAGIC: Final = b"LDGPACK1"
_RECORD: Final = b"LDGO"
_HEAD: Final = Struct("<4sIQ32sBB2x")
_CHECK: Final = 12
HEAD_SIZE: Final = _HEAD.size + _CHECK
ENTRY: Final = Struct("<32sQQIBB2x")
TRAILER: Final = Struct("<QQ32s8x8s")
PREFIX_SIZE: Final = 8
ROW: Final = PREFIX_SIZE + ENTRY.size
"""Bytes of the index that one record costs."""

OBJECT: Final = 1
"""A kind of record: an object's content."""
CHUNK: Final = 2
"""A kind of record: content that only lists name."""
LIST: Final = 3
"""A kind of record: the chunks of an object, under the object's digest."""
WHOLE: Final = (OBJECT, LIST)
"""Kinds of record that are an object."""
PIECES: Final = (CHUNK, OBJECT)
"""Kinds of record that a list may name."""
_KINDS: Final = (OBJECT, CHUNK, LIST)

MOST_PLAIN: Final = 1 << 24
"""Plain bytes of the content in one record, at most."""
MOST_STORED: Final = (1 << 32) - 1
"""Stored bytes of one record, at most; only a list, of an object of many TiB, could reach it."""


class Entry(NamedTuple):
    """Where a pack has a record, and what it is."""

    digest: Digest
    """Of the plain bytes; of a list, of the object that its chunks make up."""
    offset: int
    """Where the record's head begins."""
    plain: int
    """Plain bytes; of a list, those of the object."""
    stored: int
    """Bytes behind the head."""
    kind: int
    encoding: int
    """How they are stored, see `encoding`."""

    @property
    def end(self) -> int:
        """Where the record ends."""
        return self.offset + HEAD_SIZE + self.stored


def encode_head(entry: Entry) -> bytes:
    """What stands in front of a record's bytes."""
    digest, _, plain, stored, kind, encoding = entry
    head = _HEAD.pack(_RECORD, stored, plain, digest, kind, encoding)
    return head + blake3(head).digest(_CHECK)


def decode_head(head: bytes | memoryview, offset: int) -> Entry | None:
    """Read the head that was found at `offset`; None if it is none, or damaged."""
    if len(head) < HEAD_SIZE or head[:4] != _RECORD:
        return None
    if blake3(head[: _HEAD.size]).digest(_CHECK) != head[_HEAD.size : HEAD_SIZE]:
        return None
    _, stored, plain, digest, kind, encoding = _HEAD.unpack_from(head)
    entry = Entry(Digest(digest), offset, plain, stored, kind, encoding)
    return entry if _is_possible(entry) else None


def _is_possible(entry: Entry) -> bool:
    return entry.kind in _KINDS and (entry.kind == LIST or entry.plain <= MOST_PLAIN)


def find_head(block: bytes, start: int) -> int:
    """Where in a block the next record may begin; -1 if nowhere."""
    return block.find(_RECORD, start)


def encode_end(entries: Iterable[Entry], offset: int) -> tuple[bytes, Digest]:
    """What follows the records, and the digest of the index, which names the pack.

    Parameters
    ----------
    entries
        Of all records, in any order.
    offset
        Where the records end.
    """
    rows = sorted(entries, key=lambda each: (each.digest, each.kind))
    index = b"".join([each.digest[PREFIX_SIZE - 1 :: -1] for each in rows])
    index += b"".join([ENTRY.pack(*each) for each in rows])
    digest = Digest.of(index)
    return index + TRAILER.pack(len(rows), offset, digest, MAGIC), digest


def decode_trailer(trailer: bytes, size: int) -> tuple[int, int, Digest] | None:
    """Count of records, offset and digest of the index of a pack of `size` bytes; None if it is torn."""
    try:
        count, offset, digest, magic = TRAILER.unpack(trailer)
    except StructError:
        return None
    fits = magic == MAGIC and offset >= len(MAGIC) and offset + count * ROW + TRAILER.size == size
    return (count, offset, Digest(digest)) if fits else None


def decode_entry(index: bytes | memoryview, position: int) -> Entry | None:
    """Read the entry at a byte position of an index; None if it cannot be one."""
    digest, offset, plain, stored, kind, encoding = ENTRY.unpack_from(index, position)
    entry = Entry(Digest(digest), offset, plain, stored, kind, encoding)
    return entry if _is_possible(entry) else None


def prefix_of(digest: Digest) -> int:
    """The number by which an index is searched: the digest's first 8 bytes, the first one the highest."""
    return int.from_bytes(digest[:PREFIX_SIZE], "big")


# A list of chunks: a digest of what follows, then for each chunk its digest and its plain bytes.
_PIECE: Final = Struct("<32sI")


def encode_list(pieces: Iterable[tuple[Digest, int]]) -> bytes:
    """Write down the chunks of an object, in order."""
    body = b"".join([_PIECE.pack(*each) for each in pieces])
    return Digest.of(body) + body


def decode_list(stored: bytes, plain: int) -> list[tuple[Digest, int]] | None:
    """Read the chunks of an object of `plain` bytes; None if the list is damaged."""
    body = memoryview(stored)[SIZE:]
    if stored[:SIZE] != Digest.of(body) or len(body) % _PIECE.size:
        return None
    pieces = [(Digest(digest), size) for digest, size in _PIECE.iter_unpack(body)]
    fits = all(0 < size <= MOST_PLAIN for _, size in pieces)
    return pieces if fits and sum(size for _, size in pieces) == plain else None


def sorted_entries(index: bytes | memoryview, count: int) -> Iterator[Entry]:
    """All entries of an index that can be one."""
    for position in range(count * PREFIX_SIZE, count * ROW, ENTRY.size):
        entry = decode_entry(index, position)
        if entry is not None:
            yield entry
