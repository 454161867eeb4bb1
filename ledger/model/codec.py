"""Canonical bytes ↔ nouns.

The bytes are deterministic CBOR (cbor2's canonical mode: shortest integers and floats, definite lengths,
map keys sorted by length and then by bytes). A noun is a map with text keys; a field that has its default is
left out, so that a later release can add one without renaming what is already stored. A `ManifestEntry` is an
array of its fields, trailing defaults left out. Text that is no UTF-8 (file names) becomes a byte string.
Errors name the path inside the document.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import cbor2

from ledger.errors import FormatError, LedgerError, NewerFormatError
from ledger.model.digest import Digest
from ledger.model.entry import KNOWN, Entry, Unknown
from ledger.model.manifest import ManifestEntry
from ledger.model.trial import Value

VERSION = 1
"""Of the entry format; a reader refuses a newer one."""

T = TypeVar("T")
Decoder = Callable[[Any, str], Any]


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
        "data": payload.data if isinstance(payload, Unknown) else to_document(payload),
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
        raise FormatError("not an entry", cause=f"expected a map, got {_kind_of(document)}")
    version = document.get("v")
    if isinstance(version, int) and version > VERSION:
        raise NewerFormatError(
            f"an entry of format {version}",
            cause=f"this release reads formats up to {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    if version != VERSION:
        raise FormatError("not an entry", cause=f"v: expected {VERSION}, got {version!r}")
    kind, data = document.get("kind"), document.get("data")
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise FormatError("not an entry", cause="expected a kind and its data")
    payload = from_document(KNOWN[kind], data, kind) if kind in KNOWN else Unknown(kind=kind, data=data)
    rest = {key: document[key] for key in ("time", "nonce", "origin", "seen") if key in document}
    return _entry_decoder()(rest | {"payload": payload}, "entry")


def to_document(noun: Any) -> Any:
    """Plain maps, arrays, text, numbers and bytes of a noun."""
    if isinstance(noun, ManifestEntry):
        row: list[Any] = [_text(noun.path), noun.mode, noun.size, noun.digest and bytes(noun.digest)]
        return row if noun.omitted is None else [*row, noun.omitted]
    if isinstance(noun, StrEnum):
        return noun.value
    if isinstance(noun, str):
        return _text(noun)
    if isinstance(noun, Digest):
        return bytes(noun)
    if isinstance(noun, tuple | list):
        return [to_document(each) for each in noun]
    if isinstance(noun, dict):
        return {key: to_document(value) for key, value in noun.items()}
    if is_dataclass(noun):
        return {
            name: to_document(value)
            for name, default in _defaults(type(noun))
            if (value := getattr(noun, name)) is not default and value != default
        }
    return noun


def from_document(kind: type[T], document: Any, path: str | None = None) -> T:
    """Check a plain document and read a noun of type `kind` from it.

    Raises
    ------
    FormatError
        If it does not fit; the cause names the path inside the document.
    """
    result: T = _decoder(kind)(document, path or kind.__name__.lower())
    return result


def _load(content: bytes) -> Any:
    try:
        return cbor2.loads(content)
    except (cbor2.CBORError, ValueError, EOFError, OverflowError, RecursionError, MemoryError) as error:
        raise FormatError("not canonical CBOR", cause=str(error)) from error


def _text(text: str) -> str | bytes:
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, each.default) for each in fields(kind))


@cache
def _entry_decoder() -> Decoder:
    hints = typing.get_type_hints(Entry)
    return _fields_decoder(Entry, {name: hint for name, hint in hints.items() if name != "payload"})


@cache
def _decoder(hint: Any) -> Decoder:
    """Build the function that checks and reads one type, once."""
    if hint is Any:
        return lambda document, _: _frozen(document)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        # The only union of plain scalars is Value, whose recursive alias never compares equal to itself.
        return _value if bool in arguments and str in arguments else _optional_decoder(arguments)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is dict:
        return lambda document, path: (
            _expect(isinstance(document, dict), "a map", document, path) and document
        )
    if hint is Digest:
        return _digest
    if hint is ManifestEntry:
        return _row
    if is_dataclass(hint):
        return _fields_decoder(typing.cast("type[Any]", hint), typing.get_type_hints(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_decoder(hint)
    return _scalar_decoder(hint)


def _fields_decoder(kind: type[Any], hints: dict[str, Any]) -> Decoder:
    plan = [
        (each.name, _decoder(hints[each.name]) if each.name in hints else None, each.default is MISSING)
        for each in fields(kind)
    ]

    def read(document: Any, path: str) -> Any:
        _expect(isinstance(document, dict), "a map", document, path)
        values: dict[str, Any] = {}
        for name, decoder, required in plan:
            if name in document:
                value = document[name]
                values[name] = decoder(value, f"{path}.{name}") if decoder else value
            elif required:
                raise FormatError(f"{kind.__name__} does not fit", cause=f"{path}.{name} is missing")
        try:
            return kind(**values)
        except LedgerError as error:
            raise FormatError(error.message, cause=f"{path}: {error.cause}") from error

    return read


def _optional_decoder(arguments: tuple[Any, ...]) -> Decoder:
    others = [each for each in arguments if each is not type(None)]
    if len(others) != 1:
        raise TypeError(f"no codec for a union of {others}")
    inner = _decoder(others[0])
    return lambda document, path: None if document is None else inner(document, path)


def _tuple_decoder(arguments: tuple[Any, ...]) -> Decoder:
    if arguments[-1] is Ellipsis:
        inner = _decoder(arguments[0])

        def read_many(document: Any, path: str) -> Any:
            _expect(isinstance(document, list | tuple), "an array", document, path)
            return tuple(inner(each, f"{path}[{place}]") for place, each in enumerate(document))

        return read_many
    inners = [_decoder(each) for each in arguments]

    def read_fixed(document: Any, path: str) -> Any:
        fits = isinstance(document, list | tuple) and len(document) == len(inners)
        _expect(fits, f"an array of {len(inners)}", document, path)
        return tuple(
            inner(each, f"{path}[{place}]")
            for place, (inner, each) in enumerate(zip(inners, document, strict=True))
        )

    return read_fixed


def _enum_decoder(kind: type[StrEnum]) -> Decoder:
    def read(document: Any, path: str) -> Any:
        if isinstance(document, str) and document in kind._value2member_map_:
            return kind(document)
        raise FormatError(
            f"{kind.__name__} does not fit",
            cause=f"{path}: expected one of {', '.join(kind)}, got {document!r}",
        )

    return read


def _scalar_decoder(kind: Any) -> Decoder:
    if kind is str:
        return _string
    if kind is float:
        return _number
    if kind not in (int, bool, bytes):
        raise TypeError(f"no codec for {kind!r}")

    def read(document: Any, path: str) -> Any:
        _expect(type(document) is kind, _NAMES[kind], document, path)
        return document

    return read


def _number(document: Any, path: str) -> float:
    _expect(type(document) in (float, int), "a number", document, path)
    return float(document)


def _map(document: Any, path: str) -> Any:
    _expect(isinstance(document, dict), "a map", document, path)
    return document


def _string(document: Any, path: str) -> str:
    if type(document) is str:
        return document
    if type(document) is bytes:
        return document.decode("utf-8", "surrogateescape")
    raise FormatError("a field does not fit", cause=f"{path}: expected text, got {_kind_of(document)}")


def _digest(document: Any, path: str) -> Digest:
    _expect(isinstance(document, bytes) and len(document) == 32, "a digest of 32 bytes", document, path)
    return Digest(document)


def _row(document: Any, path: str) -> ManifestEntry:
    fits = isinstance(document, list | tuple) and len(document) in (4, 5)
    _expect(fits, "an array of path, mode, size, digest and perhaps omitted", document, path)
    digest = document[3]
    omitted = document[4] if len(document) == 5 else None
    _expect(type(document[1]) is int, "an integer mode", document[1], f"{path}[1]")
    _expect(type(document[2]) is int, "an integer size", document[2], f"{path}[2]")
    _expect(omitted is None or isinstance(omitted, str), "text", omitted, f"{path}[4]")
    return ManifestEntry(
        path=_string(document[0], f"{path}[0]"),
        mode=document[1],
        size=document[2],
        digest=None if digest is None else _digest(digest, f"{path}[3]"),
        omitted=omitted,
    )


def _value(document: Any, path: str) -> Value:
    if document is None or isinstance(document, bool | int | float):
        return document
    if isinstance(document, str | bytes):
        return _string(document, path)
    _expect(isinstance(document, list | tuple), "a value", document, path)
    return tuple(_value(each, f"{path}[{place}]") for place, each in enumerate(document))


def _frozen(document: Any) -> Any:
    if isinstance(document, list | tuple):
        return tuple(_frozen(each) for each in document)
    return document


def _expect(holds: bool, what: str, got: Any, path: str) -> bool:
    if not holds:
        raise FormatError("a field does not fit", cause=f"{path}: expected {what}, got {_kind_of(got)}")
    return True


def _kind_of(document: Any) -> str:
    if document is None:
        return "nothing"
    names = {
        dict: "a map",
        list: "an array",
        str: "text",
        bytes: "bytes",
        int: "an integer",
        float: "a number",
    }
    return names.get(type(document), type(document).__name__) + (
        f" {document!r}" if isinstance(document, str | int | float) and len(repr(document)) < 60 else ""
    )
