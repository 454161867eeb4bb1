"""Packs as a test finds or makes them behind a store's back; written from ``schemas/README.md`` alone."""

import importlib.util
import struct
from pathlib import Path

from blake3 import blake3

_SPEC = importlib.util.spec_from_file_location("reader", Path(__file__).with_name("golden") / "reader.py")
reader = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reader)

OBJECT, CHUNK, LIST = 1, 2, 3


def hashed(content):
    return blake3(content).digest()


def head(digest, kind, encoding, plain, stored):
    bare = struct.pack("<4sIQ32sBB2x", b"LDGO", len(stored), plain, digest, kind, encoding)
    return bare + hashed(bare)[:12]


def pack(records):
    """A pack of (digest, kind, encoding, plain size, stored bytes), whether or not they are true."""
    content, entries = b"LDGPACK1", []
    for digest, kind, encoding, plain, stored in records:
        entries.append(
            (
                digest,
                kind,
                struct.pack("<32sQQIBB2x", digest, len(content), plain, len(stored), kind, encoding),
            )
        )
        content += head(digest, kind, encoding, plain, stored) + stored
    entries.sort()
    index = b"".join(digest[7::-1] for digest, _, _ in entries) + b"".join(row for _, _, row in entries)
    return content + index + struct.pack("<QQ32s8x8s", len(entries), len(content), hashed(index), b"LDGPACK1")


def write(objects, records):
    """Put a pack among the objects of a store; returns its path."""
    content = pack(records)
    count = len(records)
    name = hashed(content[len(content) - 64 - 64 * count : -64]).hex()
    path = objects / "packs" / f"{name}.pack"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(objects):
    return sorted((objects / "packs").glob("*.pack"))


def contents(objects):
    """All objects of a store, as its files have them: {digest: content}; those of packs are checked."""
    loose = {bytes.fromhex(path.parent.name + path.name): path.read_bytes() for path in objects.glob("??/*")}
    return loose | reader.read_packs(path.read_bytes() for path in names(objects))
