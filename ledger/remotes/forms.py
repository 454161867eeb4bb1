"""The bytes of what a remote holds beside objects: its marker, segments of logs, and heads.

All of it is read as what a stranger wrote: nothing is allocated by a count that its own bytes do not hold.
"""

import re
import struct
from collections.abc import Sequence

import zstandard
from blake3 import blake3

from ledger.errors import DamagedError, LedgerError, NewerFormatError
from ledger.model import Digest, Head, OriginHead
from ledger.model.codec import decode, encode
from ledger.remotes.names import Span

VERSION = 1
"""Of a remote's layout, its segments and heads."""

MOST_PLAIN = (1 << 28) + (1 << 20)
"""Bytes of a segment's entries; the longest entry fits."""
MOST_BYTES = MOST_PLAIN + (1 << 20)
"""Bytes of a segment; zstd may add a little."""

_MARKER = re.compile(rb"ledger remote ([0-9]{1,9})\n(?:([0-9a-f]{32})\n)?")
MOST_MARKER = 256
"""Bytes."""
_BEAT = re.compile(rb"ledger heartbeat ([0-9]{1,9})\n(?:([0-9]{1,18}) ([0-9]{1,6}(?:\.[0-9]{1,6})?)\n)?")
MOST_BEAT = 128
"""Bytes."""
MOST_SIGNATURE = 1 << 24
"""Bytes of a signature and its head."""

_SEGMENT = struct.Struct("<4sI16sQQQ32s32s")
_HEAD = struct.Struct("<4sI16sQ32s")
_CHECK = 16
HEAD_BYTES = _HEAD.size + _CHECK
_LENGTH = struct.Struct("<I")


def encode_marker(id: bytes) -> bytes:
    """Bytes of the blob ``format``."""
    return f"ledger remote {VERSION}\n{id.hex()}\n".encode()


def decode_marker(content: bytes, where: str) -> bytes:
    """The remote's id, 16 bytes, from the blob ``format``.

    Raises
    ------
    NewerFormatError
        If a later release made the remote.
    DamagedError
        If it is no remote's.
    """
    found = _MARKER.match(content)
    if found is not None:
        _check_version(int(found[1]), where)
    if found is None or found[2] is None or int(found[1]) != VERSION:
        raise DamagedError(
            f"{where} is no ledger's remote",
            cause=f"expected 'ledger remote {VERSION}' and an id in its blob format, got {content[:40]!r}",
            hint="name a place that is empty, or another ledger's remote",
        )
    return bytes.fromhex(found[2].decode())


def encode_segment(span: Span, bodies: Sequence[bytes]) -> bytes:
    """Bytes of a segment."""
    lengths = struct.pack(f"<{len(bodies)}I", *map(len, bodies))
    plain = b"".join((lengths, *bodies))
    fields = _SEGMENT.pack(
        b"LDRS", VERSION, span.origin, span.first, span.end, len(plain), Digest.of(plain), span.root
    )
    return fields + _check(fields) + zstandard.ZstdCompressor(level=3).compress(plain)


def decode_segment(span: Span, content: bytes, where: str) -> list[bytes]:
    """The bodies of a segment, as they are; the caller hashes them against the root.

    Raises
    ------
    NewerFormatError
        If a later release wrote it.
    DamagedError
        If its bytes are not those of that segment.
    """
    size = _SEGMENT.size + _CHECK
    fields = content[: _SEGMENT.size]
    if len(content) < size or fields[:4] != b"LDRS" or content[_SEGMENT.size : size] != _check(fields):
        raise _bad(where, "a segment whose check holds", "other bytes")
    _, version, origin, first, end, length, digest, root = _SEGMENT.unpack(fields)
    _check_version(version, where)
    if (origin, first, end, root) != (span.origin, span.first, span.end, bytes(span.root)):
        raise _bad(where, "the entries that its name says", f"{first} to {end} of {origin.hex()}")
    count = end - first
    if not _LENGTH.size * count <= length <= MOST_PLAIN:
        raise _bad(where, f"{count} entries in at most {MOST_PLAIN} bytes", f"{length} bytes")
    plain = _plain(memoryview(content)[size:], length, where)
    if Digest.of(plain) != digest:
        raise _bad(where, str(Digest(digest)), str(Digest.of(plain)))
    lengths = struct.unpack_from(f"<{count}I", plain)
    if _LENGTH.size * count + sum(lengths) != length:
        raise _bad(where, f"{length} bytes of entries", f"{_LENGTH.size * count + sum(lengths)}")
    bodies, place = [], _LENGTH.size * count
    for each in lengths:
        bodies.append(plain[place : place + each])
        place += each
    return bodies


def encode_head(head: OriginHead) -> bytes:
    """Bytes of a head."""
    fields = _HEAD.pack(b"LDRH", VERSION, head.origin, head.size, head.root)
    return fields + _check(fields)


def check_head(head: OriginHead, content: bytes, where: str) -> None:
    """Refuse a head that is not what its name says.

    Raises
    ------
    NewerFormatError
        If a later release wrote it.
    DamagedError
        If it is another one.
    """
    fields = content[: _HEAD.size]
    if content[:4] == b"LDRH" and len(content) >= HEAD_BYTES and content[_HEAD.size :][:16] == _check(fields):
        _check_version(_HEAD.unpack(fields)[1], where)
    if content != encode_head(head):
        raise _bad(where, f"{head.size} entries with root {head.root}", "other bytes")


def encode_signature(head: Head, signature: str) -> bytes:
    """Bytes of a signature: the length of the head's canonical bytes, they, the signature."""
    signed = encode(head)
    return _LENGTH.pack(len(signed)) + signed + signature.encode("ascii", "replace")


def decode_signature(content: bytes, where: str) -> tuple[Head, str]:
    """A head and its signature, which is not checked.

    Raises
    ------
    DamagedError
        If it is none, or written in another way than here.
    """
    try:
        (length,) = _LENGTH.unpack_from(content)
        head = decode(Head, content[_LENGTH.size : _LENGTH.size + length])
        signature = content[_LENGTH.size + length :].decode("ascii")
    except (struct.error, UnicodeDecodeError, LedgerError) as error:
        raise _bad(where, "a head and its signature", str(error)) from error
    told = [each.origin for each in head.origins]
    if not told or told != sorted(set(told)) or encode_signature(head, signature) != content:
        raise _bad(where, "a head and its signature", "another form of them")
    return head, signature


def encode_beat(count: int, every_s: float) -> bytes:
    """Bytes of a sign of life: one that counts up every so many seconds."""
    return f"ledger heartbeat {VERSION}\n{count} {every_s:.3f}\n".encode()


def decode_beat(content: bytes, where: str) -> tuple[int, float]:
    """The count of a sign of life, and after how many seconds it is to be another.

    Raises
    ------
    NewerFormatError
        If a later release wrote it.
    DamagedError
        If it is none.
    """
    found = _BEAT.match(content)
    if found is not None:
        _check_version(int(found[1]), where)
    if found is None or found[2] is None:
        raise _bad(where, "a count and its seconds", repr(content[:40]))
    return int(found[2]), float(found[3])


def _plain(content: memoryview, length: int, where: str) -> bytes:
    try:
        told = zstandard.frame_content_size(content)
        if told != length:
            raise _bad(where, f"a frame of {length} bytes", f"one of {told}")
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=length)
    except zstandard.ZstdError as error:
        raise _bad(where, "bytes that can be decoded", str(error)) from error


def _check_version(version: int, where: str) -> None:
    if version > VERSION:
        raise NewerFormatError(
            f"{where} has format {version}",
            cause=f"this release reads remotes up to format {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )


def _check(fields: bytes) -> bytes:
    return blake3(fields).digest(_CHECK)


def _bad(where: str, expected: str, got: str) -> DamagedError:
    return DamagedError(f"{where} is damaged", cause=f"expected {expected}, got {got}")
