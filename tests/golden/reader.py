"""A reader of ledgers written from ``schemas/README.md`` alone: it imports nothing of this project.

python tests/golden/reader.py PROJECT/.ledger
"""

import struct
import sys
from pathlib import Path

import cbor2
import pyarrow.ipc
from blake3 import blake3


class Damaged(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Damaged(what)


def hashed(content):
    return blake3(content).digest()


def leaf_of(body):
    return hashed(b"\x00" + body)


def root_of(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashed(b"")
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashed(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def root_of_frontier(peaks):
    node = peaks[-1] if peaks else hashed(b"")
    for peak in reversed(peaks[:-1]):
        node = hashed(b"\x01" + peak + node)
    return node


def read_sheet(content, magic):
    need(content[:4] == magic, "magic of a sheet")
    (length,) = struct.unpack("<I", content[4:8])
    need(hashed(content[: 8 + length])[:16] == content[8 + length : 24 + length], "check of a sheet")
    document = cbor2.loads(content[8 : 8 + length])
    need(document["v"] == 1, "version of a sheet")
    return document


def read_frames(content):
    """(position, leaf, body) of the whole frames from the begin on."""
    offset = 0
    while offset + 64 <= len(content):
        fields = content[offset : offset + 48]
        magic, length, position, leaf = struct.unpack("<4sIQ32s", fields)
        body = content[offset + 64 : offset + 64 + length]
        if magic != b"LDGF" or hashed(fields)[:16] != content[offset + 48 : offset + 64]:
            break
        if len(body) != length or leaf_of(body) != leaf:
            break
        yield position, leaf, body
        offset += 64 + length


def read_segment(path):
    table = pyarrow.ipc.open_file(path.read_bytes()).read_all()
    columns = (table[name].to_pylist() for name in ("seq", "leaf", "body"))
    return zip(*columns, strict=True)


def read_log(log):
    """(leaf, entry) of each entry, in order; all hashes are checked."""
    head = read_sheet((log / "head").read_bytes(), b"LDGH")
    sealed = {"size": 0, "segments": []}
    if (log / "sealed").exists():
        sealed = read_sheet((log / "sealed").read_bytes(), b"LDGS")
    rows = []
    for first, end, digest in sealed["segments"]:
        path = log / f"{first:020d}-{end:020d}.arrow"
        need(hashed(path.read_bytes()) == digest, f"digest of {path.name}")
        rows += read_segment(path)
    tail = log / f"tail-{max(head['first'], sealed['size']):020d}"
    if tail.exists():
        rows += read_frames(tail.read_bytes())
    found = []
    for place, (position, leaf, body) in enumerate(rows):
        need(position == place, f"position {place}")
        need(leaf_of(body) == leaf, f"leaf {place}")
        entry = cbor2.loads(body)
        need(entry["v"] == 1 and entry["origin"].hex() == log.name, f"envelope {place}")
        found.append((leaf, entry))
    leaves = [leaf for leaf, _ in found]
    need(len(leaves) >= head["size"], "entries that head tells of")
    need(root_of_frontier(head["frontier"]) == root_of(leaves[: head["size"]]), "root of head")
    return found


def read(ledger):
    """The entries of each log, by origin, and the objects, by digest."""
    need((ledger / "format").read_text() == "1\n", "format")
    logs = {path.name: read_log(path) for path in sorted((ledger / "journal").iterdir())}
    objects = {}
    for path in (ledger / "objects").glob("??/*"):
        content = path.read_bytes()
        need(hashed(content).hex() == path.parent.name + path.name, f"object {path.name}")
        objects[hashed(content)] = content
    return logs, objects


def read_series(content):
    """Points of each metric: (writer, step, time, value), in order."""
    length, magic = struct.unpack("<Q8s", content[-16:])
    need(magic == b"LDGRSER1", "magic of a series")
    end = len(content) - 16 - length
    keys = cbor2.loads(content[end:-16])["keys"]
    points = {}
    for key, step, time, value in struct.iter_unpack("<qqqd", content[:end]):
        name, writer = keys[key]
        points.setdefault(name, []).append((writer, step, time, value))
    return points


if __name__ == "__main__":
    for origin, entries in read(Path(sys.argv[1]))[0].items():
        print(origin, len(entries), f"b3:{root_of([leaf for leaf, _ in entries]).hex()}")
