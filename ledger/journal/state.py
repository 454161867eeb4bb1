"""What a log says about itself in its files ``head`` and ``sealed``.

Each is one checked sheet: magic, length, canonical CBOR, check. ``head`` tells of nothing that is not
durable; ``sealed`` lists the segments.
"""

import os
import struct
from mmap import mmap
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
from blake3 import blake3

from ledger.errors import DamagedError, LedgerError, NewerFormatError
from ledger.journal.merkle import EMPTY, Frontier
from ledger.model import layout
from ledger.model.digest import Digest

VERSION = 1
"""Of a log directory: its sheets, frames and segments."""

HEAD = b"LDGH"
SEALED = b"LDGS"

_RELAY = struct.Struct("<QQQ")
_PREFIX = struct.Struct("<4sI")
_CHECK = 16


class HeadRecord(NamedTuple):
    """How far a log is known to be durable."""

    frontier: Frontier
    """Of all entries."""
    first: int
    """Position at which the tail begins."""
    offset: int
    """Bytes of the tail that hold the entries from `first` on."""


class SegmentRecord(NamedTuple):
    """One sealed segment."""

    first: int
    end: int
    """Position behind its last entry."""
    digest: Digest | None
    """Of the file; None where only its name is known."""


class SealedRecord(NamedTuple):
    """What a log has in segments."""

    frontier: Frontier = EMPTY
    """Of all sealed entries."""
    segments: tuple[SegmentRecord, ...] = ()
    """In order, without gap or overlap."""


def encode_head(record: HeadRecord) -> bytes:
    """Bytes of the file ``head``."""
    return encode_sheet(
        HEAD,
        {
            "v": VERSION,
            "size": record.frontier.size,
            "frontier": list(record.frontier.peaks),
            "first": record.first,
            "offset": record.offset,
        },
    )


def encode_sealed(record: SealedRecord) -> bytes:
    """Bytes of the file ``sealed``."""
    return encode_sheet(
        SEALED,
        {
            "v": VERSION,
            "size": record.frontier.size,
            "frontier": list(record.frontier.peaks),
            "segments": [
                [each.first, each.end, each.digest and bytes(each.digest)] for each in record.segments
            ],
        },
    )


def decode_head(content: bytes, where: str = "head") -> HeadRecord:
    """Read the file ``head``.

    Raises
    ------
    DamagedError
        If its check does not hold.
    NewerFormatError
        If a later release wrote it.
    """
    document = decode_sheet(HEAD, content, where)
    try:
        first, offset = _whole(document["first"]), _whole(document["offset"])
        return HeadRecord(frontier=_frontier(document), first=first, offset=offset)
    except (KeyError, TypeError, ValueError, LedgerError) as error:
        raise DamagedError(f"{where} is damaged", cause=f"it holds no head: {error!r}") from error


def head_position(content: bytes, where: str = "head") -> tuple[int, int]:
    """Where a ``head`` says that the tail begins, and how many entries there are. Raises as `decode_head`."""
    document = decode_sheet(HEAD, content, where)
    try:
        return _whole(document["first"]), _whole(document["size"])
    except (KeyError, ValueError) as error:
        raise DamagedError(f"{where} is damaged", cause=f"it holds no head: {error!r}") from error


def encode_relay(record: HeadRecord) -> bytes:
    """What a writer leaves in the lock file for the next: how the log is, durable or not.

    Only a writer that has appended before may believe it: the machine has not crashed since.
    """
    frontier = record.frontier
    content = b"".join((_RELAY.pack(record.first, record.offset, frontier.size), *frontier.peaks))
    return content + blake3(content).digest(_CHECK)


def decode_relay(content: bytes) -> HeadRecord | None:
    """Read what a writer has left; None if it is not whole. Bytes behind it are of a longer one."""
    if len(content) < _RELAY.size:
        return None
    first, offset, size = _RELAY.unpack_from(content)
    end = _RELAY.size + 32 * size.bit_count()
    if blake3(content[:end]).digest(_CHECK) != content[end : end + _CHECK]:
        return None
    peaks = tuple(content[place : place + 32] for place in range(_RELAY.size, end, 32))
    return HeadRecord(frontier=Frontier(size=size, peaks=peaks), first=first, offset=offset)


def decode_sealed(content: bytes, where: str = "sealed") -> SealedRecord:
    """Read the file ``sealed``.

    Raises
    ------
    DamagedError
        If its check does not hold, or its segments do not follow one another.
    NewerFormatError
        If a later release wrote it.
    """
    document = decode_sheet(SEALED, content, where)
    try:
        frontier, expected = _frontier(document), 0
        segments = []
        for first, end, digest in document["segments"]:
            if first != expected or _whole(end) <= first:
                raise ValueError(f"a segment of {first} to {end} where {expected} was next")
            segments.append(SegmentRecord(first=first, end=end, digest=Digest(digest)))
            expected = end
        if expected != frontier.size:
            raise ValueError(f"segments up to {expected} of {frontier.size}")
        return SealedRecord(frontier=frontier, segments=tuple(segments))
    except (KeyError, TypeError, ValueError, LedgerError) as error:
        raise DamagedError(f"{where} is damaged", cause=f"it lists no segments: {error!r}") from error


def encode_sheet(magic: bytes, document: dict[str, Any]) -> bytes:
    """A document as magic, length, canonical CBOR and check."""
    body = cbor2.dumps(document, canonical=True)
    content = _PREFIX.pack(magic, len(body)) + body
    return content + blake3(content).digest(_CHECK)


def decode_sheet(magic: bytes, content: bytes | mmap, where: str) -> dict[str, Any]:
    """Read a sheet; bytes behind it are left over from a longer one.

    Raises
    ------
    DamagedError
        If its check does not hold.
    NewerFormatError
        If a later release wrote it.
    """
    if len(content) >= _PREFIX.size:
        found, length = _PREFIX.unpack_from(content)
        end = _PREFIX.size + length
        if found == magic and blake3(content[:end]).digest(_CHECK) == content[end : end + _CHECK]:
            document = _loads(content[_PREFIX.size : end], where)
            version = document.get("v")
            if isinstance(version, int) and version > VERSION:
                raise NewerFormatError(
                    f"{where} has format {version}",
                    cause=f"this release reads formats up to {VERSION}",
                    hint="upgrade: python -m pip install --upgrade replay-ledger",
                )
            if version == VERSION:
                return document
    raise DamagedError(f"{where} is damaged", cause="expected its checksum to hold, got other bytes")


def sheet_end(content: bytes | mmap) -> int:
    """Length of the sheet that `content` begins with; 0 if it is too short for one."""
    if len(content) < _PREFIX.size:
        return 0
    return int(_PREFIX.unpack_from(content)[1]) + _PREFIX.size + _CHECK


def read_head(log: Path) -> HeadRecord | None:
    """The log's ``head``; None where there is none. Raises as `decode_head`, and OSError."""
    content = read_sheet(layout.log_head(log))
    return None if content is None else decode_head(content, _where(log, "head"))


def read_sealed(log: Path) -> SealedRecord | None:
    """The log's ``sealed``; None where there is none. Raises as `decode_sealed`, and OSError."""
    content = read_sheet(layout.log_sealed(log))
    return None if content is None else decode_sealed(content, _where(log, "sealed"))


def write_head(log: Path, record: HeadRecord, *, sync: bool = False) -> None:
    """Write ``head`` in place, so that no file is left half-made; a torn write fails its check.

    Call under the log's lock.
    """
    descriptor = os.open(layout.log_head(log), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        put_head(descriptor, record, os.fstat(descriptor).st_size)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_head(descriptor: int, record: HeadRecord, length: int) -> bytes:
    """Write an open ``head`` that has `length` bytes; returns the new ones. Call under the log's lock."""
    content = encode_head(record)
    os.pwrite(descriptor, content, 0)
    if length > len(content):
        os.ftruncate(descriptor, len(content))
    return content


def _loads(body: bytes, where: str) -> dict[str, Any]:
    try:
        document = cbor2.loads(body)
    except (cbor2.CBORError, ValueError, EOFError, RecursionError) as error:
        raise DamagedError(f"{where} is damaged", cause=f"expected canonical CBOR: {error}") from error
    if not isinstance(document, dict):
        raise DamagedError(f"{where} is damaged", cause="expected a map")
    return document


def _frontier(document: dict[str, Any]) -> Frontier:
    peaks = tuple(bytes(Digest(each)) for each in document["frontier"])
    size = _whole(document["size"])
    if size.bit_count() != len(peaks):
        raise ValueError(f"{len(peaks)} peaks for {size} leaves")
    return Frontier(size=size, peaks=peaks)


def _whole(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"expected a count, got {number!r}")
    return number


def read_sheet(path: Path) -> bytes | None:
    """Content of a sheet's file; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _where(log: Path, name: str) -> str:
    return f"journal/{log.name}/{name}"
