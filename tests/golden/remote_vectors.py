"""The test vectors of remotes in ``schemas/vectors/``: written anew, or held against what the code says.

python tests/golden/remote_vectors.py            write them
python tests/golden/remote_vectors.py --check    exit 1 if one differs
"""

import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import zstandard  # noqa: E402
from blake3 import blake3  # noqa: E402

from ledger.errors import LedgerError  # noqa: E402
from ledger.journal.merkle import Frontier, leaf_hash  # noqa: E402
from ledger.model import Digest, Entry, Note, OriginHead  # noqa: E402
from ledger.model.codec import encode_entry  # noqa: E402
from ledger.remotes import forms, names  # noqa: E402
from ledger.remotes.names import Span  # noqa: E402

PATH = ROOT / "schemas" / "vectors" / "remote.json"
ORIGIN = bytes(range(16))


def bodies():
    return [
        encode_entry(
            Entry(
                time=1_700_000_000_000_000_000 + place,
                nonce=bytes([place]) * 16,
                origin=ORIGIN,
                payload=Note(text=f"note {place}", author="ann"),
            )
        )
        for place in range(3)
    ]


def stored(plain):
    """A zstd frame that no release of zstd makes otherwise: one block as it is."""
    header = struct.pack("<IB", 0xFD2FB528, 0xA0) + struct.pack("<I", len(plain))
    return header + (1 | len(plain) << 3).to_bytes(3, "little") + plain


def segment(span, plain, **said):
    fields = struct.pack(
        "<4sI16sQQQ32s32s",
        said.get("magic", b"LDRS"),
        said.get("version", 1),
        said.get("origin", span.origin),
        said.get("first", span.first),
        said.get("end", span.end),
        said.get("length", len(plain)),
        said.get("digest", Digest.of(plain)),
        span.root,
    )
    return fields + blake3(fields).digest(16) + said.get("frame", stored(plain))


def vectors():
    held = bodies()
    root = Frontier().extend(map(leaf_hash, held)).root()
    span = Span(origin=ORIGIN, first=1, end=3, root=root)
    head = OriginHead(origin=ORIGIN, size=3, root=root)
    plain = struct.pack("<2I", *map(len, held[1:])) + b"".join(held[1:])
    whole = segment(span, plain)
    invalid = [
        ("another magic", segment(span, plain, magic=b"LDRX")),
        ("a later version", segment(span, plain, version=2)),
        ("another origin than its name", segment(span, plain, origin=bytes(16))),
        ("other positions than its name", segment(span, plain, first=0)),
        ("more bytes than a segment may have", segment(span, plain, length=1 << 40)),
        ("a frame of more bytes than the header says", segment(span, plain, length=len(plain) - 1)),
        ("another digest", segment(span, plain, digest=Digest.of(b""))),
        ("lengths that do not make up the bytes", segment(span, struct.pack("<2I", 1, 1) + plain[8:])),
        ("a check that does not hold", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]),
        ("it ends early", whole[:-1]),
        ("no frame of zstd", segment(span, plain, frame=b"plain bytes")),
    ]
    return {
        "description": "A remote's blobs: names and bytes. The segment holds entries 1 and 2 of a log of "
        "three; its bytes are one of many that hold the same, for zstd may pack otherwise.",
        "format": {"name": names.FORMAT, "bytes": forms.encode_marker(ORIGIN).hex(), "id": ORIGIN.hex()},
        "object": {"digest": str(Digest.of(b"content")), "name": names.of_object(Digest.of(b"content"))},
        "head": {"name": names.of_head(head), "bytes": forms.encode_head(head).hex()},
        "heartbeat": {
            "name": names.of_beat(ORIGIN, root),
            "bytes": forms.encode_beat(7, 30.0).hex(),
            "count": 7,
            "every_s": 30.0,
            "invalid": [
                {"what": what, "bytes": content.hex()}
                for what, content in (
                    ("a later version", b"ledger heartbeat 2\n7 30.000\n"),
                    ("a count below nothing", b"ledger heartbeat 1\n-7 30.000\n"),
                    ("no seconds", b"ledger heartbeat 1\n7\n"),
                    ("seconds that are no number", b"ledger heartbeat 1\n7 nan\n"),
                )
            ],
        },
        "segment": {
            "name": names.of_segment(span),
            "bytes": whole.hex(),
            "bodies": [each.hex() for each in held[1:]],
            "invalid": [{"what": what, "bytes": content.hex()} for what, content in invalid],
        },
        "names": {
            "invalid": [
                f"heads/{ORIGIN.hex()}/{0:020d}-{root.hex()}",
                f"heads/{ORIGIN.hex()}/{3:019d}-{root.hex()}",
                f"heads/{ORIGIN.hex()}/../{3:020d}-{root.hex()}",
                f"logs/{ORIGIN.hex()}/{3:020d}-{3:020d}-{root.hex()}",
                f"logs/{ORIGIN.hex().upper()}/{0:020d}-{3:020d}-{root.hex()}",
                f"/objects/{root.hex()[:2]}/{root.hex()[2:]}",
                f"objects/{root.hex()[:2]}/../{root.hex()[2:]}",
            ]
        },
    }


def main(check: bool) -> list[str]:
    """Write the vectors, or return the names of those that differ."""
    made = vectors()
    text = json.dumps(made, indent=1) + "\n"
    if not check:
        PATH.write_text(text, "utf-8")
        return []
    differing = [] if PATH.exists() and PATH.read_text("utf-8") == text else [PATH.name]
    return differing + unread(made)


def unread(made):
    """What the code reads otherwise than the vectors say."""
    wrong = []
    span = names.span_of(made["segment"]["name"])
    found = forms.decode_segment(span, bytes.fromhex(made["segment"]["bytes"]), "here")
    if [each.hex() for each in found] != made["segment"]["bodies"]:
        wrong.append("segment")
    for each in made["segment"]["invalid"]:
        try:
            forms.decode_segment(span, bytes.fromhex(each["bytes"]), "here")
            wrong.append(each["what"])
        except LedgerError:
            continue  # as it should
    if forms.decode_beat(bytes.fromhex(made["heartbeat"]["bytes"]), "here") != (7, 30.0):
        wrong.append("heartbeat")
    for each in made["heartbeat"]["invalid"]:
        try:
            forms.decode_beat(bytes.fromhex(each["bytes"]), "here")
            wrong.append(each["what"])
        except LedgerError:
            continue  # as it should
    for name in made["names"]["invalid"]:
        if names.head_of(name) or names.span_of(name) or names.object_of(name):
            wrong.append(name)
    again = forms.encode_segment(span, found)
    if forms.decode_segment(span, again, "here") != found or zstandard.frame_content_size(again[128:]) < 1:
        wrong.append("written again")
    return wrong


if __name__ == "__main__":
    found = main("--check" in sys.argv[1:])
    print("\n".join(f"differs: {name}" for name in found) or "as expected")
    sys.exit(bool(found))
