"""Bundles as somebody may make them who does not wish well; written from ``schemas/README.md`` alone."""

import importlib.util
import struct
from pathlib import Path

import cbor2

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).with_name("packs.py"))
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)
reader = packs.reader

FORMAT = {"format": "ledger.bundle", "version": 1}


def path_of(leaves, index):
    """The inclusion proof of a leaf, from the bottom up."""
    if len(leaves) == 1:
        return []
    split = reader.split_of(len(leaves))
    if index < split:
        return [*path_of(leaves[:split], index), reader.root_of(leaves[split:])]
    return [*path_of(leaves[split:], index - split), reader.root_of(leaves[:split])]


def document(bodies, **fields):
    """The document of a log that has these entries and no others."""
    leaves = [reader.leaf_of(body) for body in bodies]
    origin = cbor2.loads(bodies[0])["origin"]
    head = {"origins": [{"origin": origin, "size": len(leaves), "root": reader.root_of(leaves)}]}
    entries = [
        {"index": place, "body": body, "path": path_of(leaves, place)} for place, body in enumerate(bodies)
    ]
    started = [
        leaf
        for leaf, body in zip(leaves, bodies, strict=True)
        if cbor2.loads(body)["kind"] == "trial.started"
    ]
    return FORMAT | {"head": head, "signatures": [], "trials": started, "entries": entries} | fields


def record(content, kind=packs.OBJECT, plain=None):
    return packs.hashed(content), kind, 0, len(content) if plain is None else plain, content


def list_record(digest, pieces):
    """A list of (digest, size), whatever they are."""
    body = b"".join(struct.pack("<32sI", *each) for each in pieces)
    stored = packs.hashed(body) + body
    return digest, packs.LIST, 0, sum(size for _, size in pieces), stored


def packed(document, *records):
    """A bundle; `document` may be bytes that are none."""
    content = document if isinstance(document, bytes) else reader.encode(document)
    return packs.pack([record(content), *records])


def unpacked(content):
    """The document and the other objects of a bundle."""
    objects = reader.read_packs([content])
    found = cbor2.loads(objects.pop(content[24:56]))
    return found, objects


def changed(content, entry=lambda _place, found: found, extra=()):
    """A bundle of the same entries, each passed through a function, proven anew; and more objects."""
    found, objects = unpacked(content)
    bodies = []
    for place, each in enumerate(found["entries"]):
        bodies.append(reader.encode(entry(place, cbor2.loads(each["body"]))))
    old, new = (
        [reader.leaf_of(body) for body in some]
        for some in ([each["body"] for each in found["entries"]], bodies)
    )
    for place, body in enumerate(bodies[1:], 1):
        for before, after in zip(old, new, strict=True):
            body = body.replace(before, after)
        bodies[place] = body
    kept = [record(each) for each in {*objects.values(), *extra}]
    return packed(document(bodies), *kept)
