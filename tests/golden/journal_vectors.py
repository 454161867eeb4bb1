"""The journal's test vectors in ``schemas/vectors/``: written anew, or held against what the code says.

python tests/golden/journal_vectors.py            write them
python tests/golden/journal_vectors.py --check    exit 1 if one differs
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ledger.journal import merkle, state, tail  # noqa: E402
from ledger.model import Digest, Entry, Note, OriginHead, Tag  # noqa: E402
from ledger.model.codec import encode_entry  # noqa: E402

VECTORS = ROOT / "schemas" / "vectors"
LARGEST = 300
ORIGIN = bytes(range(16))


def leaves(count):
    return [merkle.leaf_hash(place.to_bytes(8, "big")) for place in range(count)]


def tree():
    all_leaves = leaves(LARGEST)
    inclusion = [
        {
            "size": size,
            "index": index,
            "proof": [each.hex() for each in merkle.inclusion_proof(all_leaves[:size], index)],
        }
        for size, index in (
            (1, 0),
            (2, 1),
            (3, 2),
            (7, 3),
            (8, 0),
            (100, 99),
            (257, 256),
            (300, 0),
            (300, 299),
        )
    ]
    consistency = [
        {
            "first": first,
            "second": second,
            "proof": [each.hex() for each in merkle.consistency_proof(all_leaves[:second], first)],
        }
        for first, second in ((0, 5), (1, 2), (3, 7), (4, 8), (6, 6), (64, 300), (255, 256), (299, 300))
    ]
    return {
        "description": "Leaf i is BLAKE3 of the byte 0 and the 8 bytes of i, big-endian; "
        "root n is that of the first n leaves.",
        "roots": [merkle.root(all_leaves[:size]).hex() for size in range(LARGEST + 1)],
        "inclusion": inclusion,
        "consistency": consistency,
    }


def bodies():
    moment = 1_700_000_000_000_000_000
    other = OriginHead(origin=bytes(16), size=3, root=merkle.root(leaves(3)))
    payloads = (
        Note(text="a first note", author="ann"),
        Tag(trial=Digest.of(b"a trial"), name="best"),
        Note(text="日本語", author="ann"),
    )
    return [
        encode_entry(
            Entry(
                time=moment + place,
                nonce=bytes([place]) * 16,
                origin=ORIGIN,
                seen=(other,) if place == 1 else (),
                payload=payload,
            )
        )
        for place, payload in enumerate(payloads)
    ]


def frames():
    stored = [(body, merkle.leaf_hash(body)) for body in bodies()]
    encoded = [tail.encode_frame(place, leaf, body) for place, (body, leaf) in enumerate(stored)]
    whole = b"".join(encoded)
    frontier = merkle.Frontier().extend(leaf for _, leaf in stored)
    damaged = bytearray(whole)
    damaged[len(encoded[0]) + tail.HEADER] ^= 1
    headless = bytearray(whole)
    headless[len(encoded[0]) + 8] ^= 1
    head = state.HeadRecord(frontier=frontier, first=0, offset=len(whole))
    sealed = state.SealedRecord(
        frontier=frontier,
        segments=(
            state.SegmentRecord(first=0, end=2, digest=Digest.of(b"one")),
            state.SegmentRecord(first=2, end=3, digest=Digest.of(b"two")),
        ),
    )
    return {
        "description": "A log of three entries, and its files. All bytes are hexadecimal.",
        "entries": [
            {"seq": place, "body": body.hex(), "leaf": leaf.hex(), "frame": frame.hex()}
            for place, ((body, leaf), frame) in enumerate(zip(stored, encoded, strict=True))
        ],
        "root": frontier.root().hex(),
        "tails": [
            {"what": "whole", "bytes": whole.hex(), "read": [0, 1, 2], "torn": 0},
            {
                "what": "a torn end: the last frame lacks its last byte",
                "bytes": whole[:-1].hex(),
                "read": [0, 1],
                "torn": len(encoded[2]) - 1,
            },
            {
                "what": "damage: the body of entry 1 does not hash to its leaf",
                "bytes": damaged.hex(),
                "read": [0, 2],
                "torn": 0,
            },
            {
                "what": "damage: the header of entry 1 does not check",
                "bytes": headless.hex(),
                "read": [0, 2],
                "torn": 0,
            },
            {
                "what": "damage: entry 0 stands there twice",
                "bytes": (encoded[0] + whole).hex(),
                "read": [0, 1, 2],
                "torn": 0,
            },
        ],
        "head": {
            "bytes": state.encode_head(head).hex(),
            "size": frontier.size,
            "first": head.first,
            "offset": head.offset,
            "frontier": [peak.hex() for peak in frontier.peaks],
        },
        "sealed": {
            "bytes": state.encode_sealed(sealed).hex(),
            "size": frontier.size,
            "frontier": [peak.hex() for peak in frontier.peaks],
            "segments": [[each.first, each.end, each.digest.hex()] for each in sealed.segments],
        },
    }


def main(check: bool) -> list[str]:
    """Write the vectors, or return the names of those that differ."""
    differing = []
    for name, vectors in (("merkle", tree()), ("frames", frames())):
        path = VECTORS / f"{name}.json"
        text = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            differing.append(path.name)
    return differing


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found) or "as expected")
    sys.exit(bool(found))
