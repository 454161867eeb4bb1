"""The test vectors of packs and of cut points in ``schemas/vectors/``: written, or held against the code.

python tests/golden/pack_vectors.py            write them
python tests/golden/pack_vectors.py --check    exit 1 if one differs
"""

import json
import os
import struct
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from blake3 import blake3  # noqa: E402

from ledger.model import Digest  # noqa: E402
from ledger.store import encoding, steps  # noqa: E402
from ledger.store.pack import Pack  # noqa: E402
from ledger.store.pack_format import CHUNK, LIST, OBJECT, Entry, decode_list, encode_list  # noqa: E402
from ledger.store.pack_writer import PackWriter  # noqa: E402

VECTORS = ROOT / "schemas" / "vectors"
KINDS = {OBJECT: "object", CHUNK: "chunk", LIST: "list"}
TEXT = b"a line that comes again and again\n" * 20
NUMBERS = struct.pack("<150f", *(1 + number / 1000 for number in range(150)))


def stream(seed, size):
    """Bytes that any language can make: BLAKE3 of the seed, extended to `size` bytes."""
    return blake3(seed.encode()).digest(size)


def write(directory, records, pieces=()):
    """The bytes of a pack of (content, kind, encoding), and of a list of some contents."""
    path = directory / "pack"
    writer = PackWriter(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), str(path))
    for content, kind, how in records:
        writer.append(Digest.of(content), content, kind, how)
    if pieces:
        whole = b"".join(pieces)
        stored = encode_list((Digest.of(each), len(each)) for each in pieces)
        writer.copy(Entry(Digest.of(whole), 0, len(whole), len(stored), LIST, 0), stored)
    name = writer.finish()
    writer.close()
    return path.read_bytes(), name


def found(directory, content):
    """What a reader finds in a pack: whether its index is whole, and each record."""
    path = directory / "pack"
    path.write_bytes(content)
    pack = Pack(path)
    sound = pack.prove()
    records = []
    for entry in sorted(pack.records(), key=lambda each: each.offset):
        stored = pack.read(entry)
        records.append(
            {
                "digest": entry.digest.hex(),
                "offset": entry.offset,
                "kind": KINDS[entry.kind],
                "encoding": entry.encoding,
                "plain": entry.plain,
                "true": is_true(entry, stored),
            }
        )
    return {"index": sound, "records": records}


def is_true(entry, stored):
    if stored is None:
        return False
    if entry.kind == LIST:
        return decode_list(stored, entry.plain) is not None
    return Digest.of(encoding.decode(stored, entry.encoding, entry.plain)) == entry.digest


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def packs(directory):
    chunks = [b"first chunk, ", b"second chunk, ", b"first chunk, "]
    written = {
        "no record": write(directory, []),
        "one object": write(directory, [(b"content", OBJECT, 0)]),
        "the empty object and another": write(directory, [(b"", OBJECT, 0), (b"\0", OBJECT, 0)]),
        "a list of chunks, one of them twice": write(
            directory, [(chunks[0], CHUNK, 0), (chunks[1], CHUNK, 0)], chunks
        ),
        "an object that is a chunk, too": write(
            directory, [(chunks[0], OBJECT, 0), (chunks[0], CHUNK, 0)], chunks[:1] * 2
        ),
    }
    whole = written["a list of chunks, one of them twice"][0]
    two = write(directory, [(b"one", OBJECT, 0), (b"two", OBJECT, 0)])[0]
    index = len(two) - 64 - 128
    damaged = {
        "an empty file": b"",
        "another magic": b"LDGPACK2" + two[8:-8] + b"LDGPACK2",
        "the trailer is missing": two[:-64],
        "its last byte is missing": two[:-1],
        "cut within a record": two[: 8 + 67 + 66],
        "a bit of the index": flipped(two, index + 70),
        "a bit of a prefix": flipped(two, index + 3),
        "a bit of a head": flipped(two, 8 + 20),
        "a bit of a content": flipped(two, 8 + 64),
        "a bit of a list": flipped(whole, whole.index(b"LDGO", 150) + 80),
    }
    compressed = {
        "zstd": (TEXT, encoding.ZSTD),
        "numbers of 4 bytes": (NUMBERS, 4),
        "numbers of 8 bytes, and a rest": (NUMBERS + b"abc", 8),
    }
    return {
        "description": "Packs, in hexadecimal. `name` is the digest in the name of the file. `records` are "
        "what a reader finds, in the order of their offsets; `true` tells whether a content has its digest, "
        "or a list its own. `index` tells whether trailer and index are whole. `encodings` are stored bytes "
        "and what they decode to; another release of zstd may write others.",
        "packs": [
            {"what": what, "bytes": content.hex(), "name": name.hex(), **found(directory, content)}
            for what, (content, name) in written.items()
        ],
        "damaged": [
            {"what": what, "bytes": content.hex(), **found(directory, content)}
            for what, content in damaged.items()
        ],
        "encodings": [
            {"what": what, "encoding": how, "stored": stored(content, how).hex(), "plain": content.hex()}
            for what, (content, how) in compressed.items()
        ],
    }


def stored(content, how):
    """As the vectors have it, if that is right: it is zstd that says which bytes these are."""
    path = VECTORS / "packs.json"
    frozen = json.loads(path.read_text("utf-8"))["encodings"] if path.exists() else []
    for each in frozen:
        old = bytes.fromhex(each["stored"])
        if each["encoding"] == how and encoding.decode(old, how, len(content)) == content:
            return old
    got, result = encoding.encode(content, how)
    assert got == how
    return bytes(result)


CONTENTS = {
    "empty": ("", 0),
    "one byte": ("a", 1),
    "the least chunk": ("a", 16_384),
    "and one byte": ("a", 16_385),
    "the average": ("b", 65_536),
    "a million": ("c", 1_000_000),
    "three million and one": ("d", 3_000_001),
}


def chunks():
    cut = steps.cutter()

    def lengths(content):
        return [chunk.length for chunk in cut.cut_buf(content)] if content else []

    edited = stream("c", 1_000_000)
    edited = edited[:400_000] + b"inserted" + edited[400_000:]
    return {
        "description": "Where this writer cuts: FastCDC 2020, average 65536, least 16384, most 262144, "
        "normalization 1. A content is the first `size` bytes of the extended output of BLAKE3 of `seed`.",
        "average": steps.AVERAGE,
        "least": steps.LEAST,
        "most": steps.MOST,
        "normalization": steps.NORMALIZATION,
        "contents": [
            {"what": what, "seed": seed, "size": size, "lengths": lengths(stream(seed, size))}
            for what, (seed, size) in CONTENTS.items()
        ],
        "zeros": {"size": 600_000, "lengths": lengths(bytes(600_000))},
        "inserted": {
            "what": "`a million` with the 8 bytes `inserted` at 400000",
            "lengths": lengths(edited),
        },
    }


def main(check: bool) -> list[str]:
    """Write the vectors, or return the names of those that differ."""
    differ = []
    with tempfile.TemporaryDirectory() as name:
        documents = {"packs": packs(Path(name)), "chunks": chunks()}
    for each, document in documents.items():
        path = VECTORS / f"{each}.json"
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            differ.append(path.name)
    return differ


if __name__ == "__main__":
    found_different = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found_different) or "as expected")
    sys.exit(bool(found_different))
