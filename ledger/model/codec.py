"""Canonical bytes ↔ nouns.

The bytes are deterministic CBOR (cbor2's canonical mode: shortest integers and floats, definite lengths,
map keys sorted by length and then by bytes). A noun is a map with text keys; a field that has its default is
left out, so that a later release can add one without renaming what is already stored. A `ManifestEntry` is an
array of its fields, trailing defaults left out. Text that is no UTF-8 (file names) becomes a byte string.
Fields, and elements of such an array, that this release does not know are left aside. Errors name the path
inside the document.
"""

import io
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

import cbor2

from ledger.errors import FormatError, NewerFormatError
from ledger.model.digest import Digest
from ledger.model.document import from_document, kind_of, read_entry
from ledger.model.entry import KNOWN, Entry, Unknown
from ledger.model.frozen import fields, is_frozen
from ledger.model.manifest import ManifestEntry
from ledger.model.text import canonical

__all__ = [
    "decode",
    "decode_entry",
    "decode_proven",
    "digest_of",
    "encode",
    "encode_entry",
    "from_document",
    "is_canonical",
    "to_document",
]

VERSION = 1
"""Of the entry format; a reader refuses a newer one."""

T = TypeVar("T")


def encode(noun: Any) -> bytes:
    """Canonical bytes of a noun."""
    return cbor2.dumps(to_document(noun), canonical=True)


def decode(kind: type[T], content: bytes) -> T:
    """Read a noun of type `kind` from its canonical bytes.

    Raises
    ------
    FormatError
        If the bytes are no such noun; the cause names the path inside the document.
    """
    return from_document(kind, _load(content))


def digest_of(noun: Any) -> Digest:
    """Digest of the noun's canonical bytes."""
    return Digest.of(encode(noun))


def encode_entry(entry: Entry) -> bytes:
    """Canonical bytes of an entry: a map of v, kind, time, nonce, origin, seen (if any) and data."""
    payload = entry.payload
    document: dict[str, Any] = {
        "v": VERSION,
        "kind": entry.kind,
        "time": entry.time,
        "nonce": entry.nonce,
        "origin": entry.origin,
        "data": to_document(payload.data if isinstance(payload, Unknown) else payload),
    }
    if entry.seen:
        document["seen"] = to_document(entry.seen)
    return cbor2.dumps(document, canonical=True)


def decode_entry(content: bytes) -> Entry:
    """Read an entry; one of an unknown kind is kept as `Unknown`.

    Raises
    ------
    FormatError
        If the bytes are no entry.
    NewerFormatError
        If a later release wrote it.
    """
    document = _load(content)
    if not isinstance(document, dict):
        raise FormatError("not an entry", cause=f"expected a map, got {kind_of(document)}")
    version = document.get("v")
    if type(version) is int and VERSION < version < 1 << 64:
        raise NewerFormatError(
            f"an entry of format {version}",
            cause=f"this release reads formats up to {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    if type(version) is not int or version != VERSION:
        raise FormatError("not an entry", cause=f"v: expected {VERSION}, got {kind_of(version)}")
    kind, data = document.get("kind"), document.get("data")
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise FormatError("not an entry", cause="expected a kind and its data")
    if kind in KNOWN:
        payload = from_document(KNOWN[kind], data, kind)
    else:
        payload = Unknown(kind=kind, data=from_document(dict, data, kind))
    return read_entry(document, payload)


def decode_proven(content: bytes) -> Entry:
    """Read an entry that came from elsewhere: as `decode_entry`, and no other bytes may say the same."""
    entry = decode_entry(content)
    if not is_canonical(content):
        raise FormatError(
            "not canonical CBOR", cause="expected canonical bytes, got others of the same meaning"
        )
    return entry


def is_canonical(content: bytes) -> bool:
    """Whether these bytes are the only ones that say what they say."""
    try:
        return cbor2.dumps(cbor2.loads(content), canonical=True) == content
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        return False  # what no reader has to know, such as an array that holds itself, was passed over before


def to_document(noun: Any) -> Any:
    """Plain maps, arrays, text, numbers and bytes of a noun."""
    kind = type(noun)
    if kind is str:
        return noun if noun.isascii() else canonical(noun)
    if noun is None or kind is int or kind is bool:
        return noun
    if kind is ManifestEntry:
        row: list[Any] = [canonical(noun.path), noun.mode, noun.size, noun.digest and bytes(noun.digest)]
        return row if noun.omitted is None else [*row, noun.omitted]
    if isinstance(noun, StrEnum):
        return noun.value
    if isinstance(noun, str):
        return canonical(noun)
    if isinstance(noun, Digest):
        return bytes(noun)
    if isinstance(noun, tuple | list):
        return [to_document(each) for each in noun]
    if isinstance(noun, dict):
        return {canonical(key): to_document(value) for key, value in noun.items()}
    if is_frozen(noun):
        return {
            name: float(value) if is_float else to_document(value)
            for name, default, is_float in _plan(cast(Any, kind))
            if (value := getattr(noun, name)) is not default and value != default
        }
    return noun


def _load(content: bytes) -> Any:
    file = io.BytesIO(content)
    try:
        document = cbor2.CBORDecoder(file).decode()
    except (cbor2.CBORError, ValueError, EOFError, OverflowError, RecursionError, MemoryError) as error:
        raise FormatError("not canonical CBOR", cause=str(error)) from error
    if (rest := len(content) - file.tell()) > 0:
        raise FormatError("not canonical CBOR", cause=f"{rest} bytes behind its end")
    return document


@cache
def _plan(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    """Name and default of each field, and whether it is a float, in which Python lets an int pass for one."""
    return tuple((each.name, each.default, each.type is float) for each in fields(kind))
