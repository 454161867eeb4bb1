"""A reader of ledgers written from ``schemas/README.md`` alone: it imports nothing of this project.

python tests/golden/reader.py PROJECT/.ledger
"""

import struct
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import cbor2
import pyarrow.ipc
import zstandard
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


def node_of(left, right):
    return hashed(b"\x01" + left + right)


def split_of(size):
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def root_by_path(leaf, index, size, path):
    """Where the way from a leaf leads to; `path` from the bottom up."""
    if size == 1:
        need(index == 0 and not path, "length of a path")
        return leaf
    need(path, "length of a path")
    split = split_of(size)
    if index < split:
        return node_of(root_by_path(leaf, index, split, path[:-1]), path[-1])
    return node_of(path[-1], root_by_path(leaf, index - split, size - split, path[:-1]))


def depth_of(index, size):
    if size == 1:
        return 0
    split = split_of(size)
    return 1 + (depth_of(index, split) if index < split else depth_of(index - split, size - split))


def roots_by_path(first, second, first_root, path, whole=True):
    """Both roots that a consistency proof leads to."""
    if first == second:
        need(len(path) == (not whole), "length of a path")
        return (first_root, first_root) if whole else (path[0], path[0])
    need(path, "length of a path")
    split = split_of(second)
    if first <= split:
        old, new = roots_by_path(first, split, first_root, path[:-1], whole)
        return old, node_of(new, path[-1])
    old, new = roots_by_path(first - split, second - split, first_root, path[:-1], False)
    return node_of(path[-1], old), node_of(path[-1], new)


def encode(document):
    return cbor2.dumps(document, canonical=True)


def unpack(text):
    content = b64decode(text, validate=True)
    need(b64encode(content).decode() == text, "base64")
    return content


def nodes_of(text):
    content = unpack(text)
    need(len(content) % 32 == 0, "nodes")
    return [content[place : place + 32] for place in range(0, len(content), 32)]


def head_of(document):
    """Canonical bytes of a head, and (size, root) of each origin."""
    found = [
        {
            "origin": bytes.fromhex(each["origin"]),
            "size": each["size"],
            "root": bytes.fromhex(each["root"][3:]),
        }
        for each in document["origins"]
    ]
    names = [each["origin"] for each in found]
    need(names == sorted(set(names)), "order of origins")
    return encode({"origins": found}), {each["origin"]: (each["size"], each["root"]) for each in found}


def read_proof(document, signed_by):
    """The entries that a proof shows; `signed_by`: (message, signature) → fingerprint."""
    need((document["format"], document["version"]) == ("ledger.proof", 1), "format")
    keys = {"format", "version", "head", "signatures", "entries", "since", "trials"}
    need(set(document) == keys, "keys")
    message, logs = head_of(document["head"])
    shown, above = [], []
    need(1 <= len(document["entries"]) <= 2, "entries")
    for each in document["entries"]:
        body, path = unpack(each["body"]), nodes_of(each["path"])
        entry = cbor2.loads(body)
        need(encode(entry) == body, "canonical bytes")
        size, root = logs[entry["origin"]]
        need(0 <= each["index"] < size, "index")
        missing = depth_of(each["index"], size) - len(path)
        if above and path and 0 <= missing < len(above):
            need(path[-1] != above[-1 - missing], "a node twice")
        path += above[len(above) - missing :] if above and missing > 0 else []
        need(root_by_path(leaf_of(body), each["index"], size, path) == root, "root of an entry")
        shown.append((leaf_of(body), entry))
        above = path
    (id, start), ends = shown[0], shown[1:]
    need(start["kind"] == "trial.started", "start")
    for _, end in ends:
        need(end["kind"] in ("trial.finished", "trial.lost") and end["data"]["trial"] == id, "end")
    if document["since"]:
        _, earlier = head_of(document["since"]["head"])
        for (origin, (first, old)), text in zip(earlier.items(), document["since"]["paths"], strict=True):
            second, new = logs[origin]
            need(first <= second, "size of an earlier head")
            need(roots_by_path(first, second, old, nodes_of(text)) == (old, new), "an earlier head")
    for each in document["signatures"]:
        need(signed_by(message, each["signature"]) == each["key"], "key of a signature")
    if document["trials"] is not None:
        need(document["trials"] <= sum(size for size, _ in logs.values()), "trials")
    need((document["trials"] is None) == (start["data"].get("experiment") is None), "trials")
    return hashed(message), shown


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


def read_records(content):
    """The records of a pack, by its index: (digest, kind, encoding, plain size, stored bytes)."""
    need(content[:8] == b"LDGPACK1", "magic of a pack")
    count, offset, check, magic = struct.unpack("<QQ32s8x8s", content[-64:])
    need(magic == b"LDGPACK1" and offset + 64 * count + 64 == len(content), "trailer of a pack")
    need(hashed(content[offset:-64]) == check, "index of a pack")
    prefixes = struct.unpack_from(f"<{count}Q", content, offset)
    entries = list(struct.iter_unpack("<32sQQIBB2x", content[offset + 8 * count : -64]))
    need([(each[0], each[4]) for each in entries] == sorted((each[0], each[4]) for each in entries), "order")
    need([int.from_bytes(each[0][:8], "big") for each in entries] == list(prefixes), "prefixes")
    for digest, start, plain, stored, kind, encoding in entries:
        head = content[start : start + 52]
        need(head == struct.pack("<4sIQ32sBB2x", b"LDGO", stored, plain, digest, kind, encoding), "head")
        need(content[start + 52 : start + 64] == hashed(head)[:12], "check of a head")
        need(start + 64 + stored <= offset, "record")
        yield digest, kind, encoding, plain, content[start + 64 : start + 64 + stored]


def decode(stored, encoding, plain):
    """The plain bytes of a record's content."""
    if encoding == 0:
        return stored
    frame = zstandard.ZstdDecompressor().decompress(stored, max_output_size=plain)
    need(len(frame) == plain, "plain size")
    if encoding == 1:
        return frame
    content, start = bytearray(plain), 0
    for number in range(encoding):
        end = start + len(content[number::encoding])
        content[number::encoding] = frame[start:end]
        start = end
    return bytes(content)


def read_packs(packs):
    """The objects that some packs make up, by digest."""
    lists, pieces, objects = {}, {}, {}
    for pack in packs:
        for digest, kind, encoding, plain, stored in read_records(pack):
            if kind == 3:
                need(hashed(stored[32:]) == stored[:32], "list")
                lists[digest] = plain, list(struct.iter_unpack("<32sI", stored[32:]))
                continue
            content = decode(stored, encoding, plain)
            need(hashed(content) == digest and len(content) == plain, "content of a record")
            pieces[digest] = content
            if kind == 1:
                objects[digest] = content
    for digest, (plain, parts) in lists.items():
        need(all(len(pieces[part]) == size for part, size in parts), "size of a chunk")
        objects[digest] = b"".join(pieces[part] for part, _ in parts)
        need(hashed(objects[digest]) == digest and len(objects[digest]) == plain, "content of a list")
    return objects


def read_bundle(content, signed_by):
    """The document of a bundle, its entries by leaf, and its objects; all that proves them is checked."""
    (stored,) = struct.unpack_from("<I", content, 12)
    first = content[24:56]
    need(stored <= len(content), "first record")
    objects = read_packs([content])
    document = cbor2.loads(objects[first])
    need(encode(document) == objects[first], "canonical bytes of the document")
    need((document["format"], document["version"]) == ("ledger.bundle", 1), "format")
    need(set(document) == {"format", "version", "head", "signatures", "trials", "entries"}, "keys")
    names = [each["origin"] for each in document["head"]["origins"]]
    need(names == sorted(set(names)), "order of origins")
    logs = {each["origin"]: (each["size"], each["root"]) for each in document["head"]["origins"]}
    found, last = {}, {}
    for each in document["entries"]:
        entry, leaf = cbor2.loads(each["body"]), leaf_of(each["body"])
        need(encode(entry) == each["body"], "canonical bytes of an entry")
        size, root = logs[entry["origin"]]
        need(last.get(entry["origin"], -1) < each["index"] < size, "index")
        need(root_by_path(leaf, each["index"], size, each["path"]) == root, "root of an entry")
        last[entry["origin"]] = each["index"]
        found[leaf] = entry
    started = [leaf for leaf, entry in found.items() if entry["kind"] == "trial.started"]
    need(document["trials"] == started, "trials")
    for each in document["signatures"]:
        need(signed_by(encode(document["head"]), each["signature"]) == each["key"], "key of a signature")
    return document, found, objects


def read(ledger):
    """The entries of each log, by origin, and the objects, by digest."""
    need((ledger / "format").read_text() in ("1\n", "2\n"), "format")
    logs = {path.name: read_log(path) for path in sorted((ledger / "journal").iterdir())}
    objects = {}
    for path in (ledger / "objects").glob("??/*"):
        content = path.read_bytes()
        need(hashed(content).hex() == path.parent.name + path.name, f"object {path.name}")
        objects[hashed(content)] = content
    packs = [path.read_bytes() for path in (ledger / "objects" / "packs").glob("*.pack")]
    return logs, objects | read_packs(packs)


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
