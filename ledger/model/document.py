"""Plain documents → nouns: one function for each type, built once from the annotations of its fields."""

import types
import typing
from collections.abc import Callable
from enum import StrEnum
from functools import cache, partial
from typing import Any, TypeVar, cast

from ledger.errors import FormatError, LedgerError
from ledger.model.digest import Digest
from ledger.model.entry import Entry, Payload
from ledger.model.frozen import MISSING, fields, is_frozen
from ledger.model.manifest import ManifestEntry
from ledger.model.text import canonical, from_bytes
from ledger.model.trial import Value

_BITS = 14_284
"""Of an integer: Python writes out no more than 4300 digits."""

T = TypeVar("T")
Decoder = Callable[[Any, str], Any]


def from_document(kind: type[T], document: Any, path: str | None = None) -> T:
    """Check a plain document and read a noun of type `kind` from it.

    Raises
    ------
    FormatError
        If it does not fit; the cause names the path inside the document.
    """
    path = path or kind.__name__.lower()
    try:
        return cast(T, _decoder(cast(Any, kind))(document, path))
    except RecursionError:  # CBOR can say that an array holds itself
        raise FormatError("a field does not fit", cause=f"{path}: it is nested too deep") from None


def read_entry(document: dict[str, Any], payload: Payload) -> Entry:
    """Read the envelope of an entry, whose payload is read already.

    Raises
    ------
    FormatError
        If it does not fit.
    """
    envelope = {key: document[key] for key in ("time", "nonce", "origin", "seen") if key in document}
    for key in ("nonce", "origin"):
        fits = isinstance(envelope.get(key), bytes) and len(envelope[key]) == 16
        _expect(fits, "16 bytes", envelope.get(key), f"entry.{key}")
    return cast(Entry, _entry_decoder()(envelope | {"payload": payload}, "entry"))


@cache
def _entry_decoder() -> Decoder:
    hints = typing.get_type_hints(Entry)
    return _fields_decoder(Entry, {name: hint for name, hint in hints.items() if name != "payload"})


@cache
def _decoder(hint: Any) -> Decoder:
    """Build the function that checks and reads one type, once."""
    if hint is Any:
        return _plain
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        # The only union of plain scalars is Value, whose recursive alias never compares equal to itself.
        return _value if bool in arguments and str in arguments else _optional_decoder(arguments)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if hint is dict:
        return _map(_foreign)
    if origin is dict:
        return _map(_plain)
    if hint is Digest:
        return _digest
    if hint is ManifestEntry:
        return _row
    if is_frozen(hint):
        return _fields_decoder(cast("type[Any]", hint), typing.get_type_hints(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_decoder(hint)
    return _scalar_decoder(hint)


def _fields_decoder(kind: type[Any], hints: dict[str, Any]) -> Decoder:
    plan = [
        (
            each.name,
            _decoder(hints[each.name]) if each.name in hints else None,
            _plain_types(hints.get(each.name)),
            each.default is MISSING,
        )
        for each in fields(kind)
    ]

    def read(document: Any, path: str) -> Any:
        _expect(isinstance(document, dict), "a map", document, path)
        values: dict[str, Any] = {}
        for name, decoder, plain, required in plan:
            if name in document:
                value = document[name]
                if type(value) in plain or decoder is None:
                    values[name] = value
                else:
                    values[name] = decoder(value, f"{path}.{name}")
            elif required:
                raise FormatError(f"{kind.__name__} does not fit", cause=f"{path}.{name} is missing")
        try:
            return kind(**values)
        except LedgerError as error:
            raise FormatError(error.message, cause=f"{path}: {error.cause}") from error

    return read


def _plain_types(hint: Any) -> frozenset[type[Any]]:
    """Types whose values stand for themselves in a field, so that no decoder need look at them."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if bool in arguments and str in arguments:
            return frozenset({bool, float, str, type(None)})
        return frozenset({type(None)}).union(*(_plain_types(each) for each in arguments))
    return frozenset({hint}) if hint in (str, float, bool, bytes) else frozenset()


def _optional_decoder(arguments: tuple[Any, ...]) -> Decoder:
    others = [each for each in arguments if each is not type(None)]
    if set(others) == {int, float}:
        return _exact_number
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
    members = {str(each.value): each for each in kind}

    def read(document: Any, path: str) -> Any:
        if isinstance(document, str) and document in members:
            return members[document]
        raise FormatError(
            f"{kind.__name__} does not fit",
            cause=f"{path}: expected one of {', '.join(kind)}, got {kind_of(document)}",
        )

    return read


def _scalar_decoder(kind: Any) -> Decoder:
    if kind is str:
        return _string
    if kind is float:
        return _number
    if kind is int:
        return _integer
    if kind not in (bool, bytes):
        raise TypeError(f"no codec for {kind!r}")

    def read(document: Any, path: str) -> Any:
        _expect(type(document) is kind, _NAMES[kind], document, path)
        return document

    return read


def _integer(document: Any, path: str) -> int:
    _expect(type(document) is int, "an integer", document, path)
    _expect(document.bit_length() <= _BITS, "an integer that can be written out", document, path)
    return cast(int, document)


def _number(document: Any, path: str) -> float:
    _expect(type(document) in (float, int), "a number", document, path)
    try:
        return float(document)
    except OverflowError:
        raise FormatError("a field does not fit", cause=f"{path}: an integer that is no float") from None


def _exact_number(document: Any, path: str) -> int | float | None:
    """An integer that stays one, a float, or nothing."""
    if document is None or type(document) is float:
        return document
    return _integer(document, path)


def _map(inner: Decoder) -> Decoder:
    def read(document: Any, path: str) -> Any:
        _expect(isinstance(document, dict), "a map", document, path)
        return inner(document, path)

    return read


def _string(document: Any, path: str) -> str:
    if type(document) is str:
        return document
    if type(document) is bytes:
        return from_bytes(document)
    raise FormatError("a field does not fit", cause=f"{path}: expected text, got {kind_of(document)}")


def _digest(document: Any, path: str) -> Digest:
    _expect(isinstance(document, bytes) and len(document) == 32, "a digest of 32 bytes", document, path)
    return Digest(document)


def _row(document: Any, path: str) -> ManifestEntry:
    fits = isinstance(document, list | tuple) and len(document) >= 4
    _expect(fits, "an array of path, mode, size, digest and perhaps omitted", document, path)
    digest = document[3]
    omitted = document[4] if len(document) > 4 else None
    _expect(omitted is None or isinstance(omitted, str), "text", omitted, f"{path}[4]")
    return ManifestEntry(
        path=_string(document[0], f"{path}[0]"),
        mode=_integer(document[1], f"{path}[1]"),
        size=_integer(document[2], f"{path}[2]"),
        digest=None if digest is None else _digest(digest, f"{path}[3]"),
        omitted=omitted,
    )


def _value(document: Any, path: str) -> Value:
    if document is None or type(document) in (bool, float):
        return cast(Value, document)
    if type(document) is int:
        return _integer(document, path)
    if isinstance(document, str | bytes):
        return _string(document, path)
    _expect(isinstance(document, list | tuple), "a value", document, path)
    return tuple(_value(each, f"{path}[{place}]") for place, each in enumerate(document))


def _plain(document: Any, path: str, *, bytes_are_text: bool = True) -> Any:
    """Check what may be anything: CBOR has dates, patterns, sets and more, none of which a noun holds.

    Nouns of this release put no bytes where anything may be; what is there is text that is no UTF-8.
    """
    if document is None or type(document) in (str, bool, float):
        return document
    if type(document) is int:
        return _integer(document, path)
    if type(document) is bytes:
        text = from_bytes(document)
        return text if bytes_are_text and canonical(text) == document else document
    inner = partial(_plain, bytes_are_text=bytes_are_text)
    if isinstance(document, list | tuple):
        return tuple(inner(each, f"{path}[{place}]") for place, each in enumerate(document))
    _expect(isinstance(document, dict), "a map, an array, text, bytes or a number", document, path)
    return {_key(key, path): inner(value, f"{path}.{key}") for key, value in document.items()}


_foreign = partial(_plain, bytes_are_text=False)
"""What an entry of an unknown kind holds: who wrote it may mean bytes."""


def _key(key: Any, path: str) -> str:
    if type(key) is bytes:
        text = from_bytes(key)
        _expect(canonical(text) == key, "a text key", key, path)
        return text
    _expect(type(key) is str, "a text key", key, path)
    return cast(str, key)


def _expect(holds: bool, what: str, got: Any, path: str) -> bool:
    if not holds:
        raise FormatError("a field does not fit", cause=f"{path}: expected {what}, got {kind_of(got)}")
    return True


def kind_of(document: Any) -> str:
    """What a document is, in a few words for an error."""
    if document is None:
        return "nothing"
    name = _NAMES.get(type(document), type(document).__name__)
    if isinstance(document, int) and document.bit_length() > 64:
        return "an integer of more than 64 bits"
    brief = isinstance(document, str | int | float) and len(repr(document)) < 60
    return f"{name} {document!r}" if brief else name


_NAMES: dict[type[Any], str] = {
    dict: "a map",
    list: "an array",
    str: "text",
    bytes: "bytes",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
}
