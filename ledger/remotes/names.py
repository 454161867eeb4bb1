"""What blobs of a remote are called; a name that is not one of these is nobody's."""

import re

from ledger.model import Digest, OriginHead
from ledger.model.frozen import frozen

FORMAT = "format"
HEADS = "heads/"
LOGS = "logs/"
OBJECTS = "objects/"
SIGNED = "heads/signed/"
BEATS = "heartbeats/"

MOST_ENTRIES = 1 << 62

_OBJECT = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{62})")
_HEAD = re.compile(r"heads/([0-9a-f]{32})/([0-9]{20})-([0-9a-f]{64})")
_SIGNED = re.compile(r"heads/signed/([0-9a-f]{64})")
_BEAT = re.compile(r"heartbeats/([0-9a-f]{32})/([0-9a-f]{64})")
_SEGMENT = re.compile(r"logs/([0-9a-f]{32})/([0-9]{20})-([0-9]{20})-([0-9a-f]{64})")


@frozen
class Span:
    """Some entries of a log, and the log that they end: what a segment holds."""

    origin: bytes
    first: int
    """Position of the first one."""
    end: int
    """Position behind the last one."""
    root: Digest
    """Of the log's first `end` leaves: two logs of one origin that differ have no segment in common."""


def of_object(digest: Digest) -> str:
    """Name of an object."""
    digits = digest.hex()
    return f"{OBJECTS}{digits[:2]}/{digits[2:]}"


def of_head(head: OriginHead) -> str:
    """Name of an origin's head."""
    return f"{HEADS}{head.origin.hex()}/{head.size:020d}-{head.root.hex()}"


def of_segment(span: Span) -> str:
    """Name of a segment."""
    return f"{segments_of(span.origin)}{span.first:020d}-{span.end:020d}-{span.root.hex()}"


def segments_of(origin: bytes) -> str:
    """Directory of a log's segments."""
    return f"{LOGS}{origin.hex()}/"


def object_of(name: str) -> Digest | None:
    """The object of that name; None if it is none's."""
    found = _OBJECT.fullmatch(name)
    return Digest(bytes.fromhex(found[1] + found[2])) if found else None


def of_signature(digest: Digest) -> str:
    """Name of a signature; the digest is that of its blob."""
    return f"{SIGNED}{digest.hex()}"


def signature_of(name: str) -> Digest | None:
    """Digest of the signature of that name; None if it is none's."""
    found = _SIGNED.fullmatch(name)
    return Digest(bytes.fromhex(found[1])) if found else None


def of_beat(origin: bytes, trial: Digest) -> str:
    """Name of the sign of life of a trial that runs."""
    return f"{BEATS}{origin.hex()}/{trial.hex()}"


def beat_of(name: str) -> tuple[bytes, Digest] | None:
    """Origin and trial of the sign of life of that name; None if it is none's."""
    found = _BEAT.fullmatch(name)
    return (bytes.fromhex(found[1]), Digest(bytes.fromhex(found[2]))) if found else None


def head_of(name: str) -> OriginHead | None:
    """The head of that name; None if it is none's."""
    found = _HEAD.fullmatch(name)
    if found is None or not 0 < int(found[2]) <= MOST_ENTRIES:
        return None
    root = Digest(bytes.fromhex(found[3]))
    return OriginHead(origin=bytes.fromhex(found[1]), size=int(found[2]), root=root)


def span_of(name: str) -> Span | None:
    """The segment of that name; None if it is none's."""
    found = _SEGMENT.fullmatch(name)
    if found is None or not int(found[2]) < int(found[3]) <= MOST_ENTRIES:
        return None
    root = Digest(bytes.fromhex(found[4]))
    return Span(origin=bytes.fromhex(found[1]), first=int(found[2]), end=int(found[3]), root=root)
