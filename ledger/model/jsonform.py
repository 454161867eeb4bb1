"""The JSON form of nouns: digests as text, NaN and infinities as strings, times as RFC 3339."""

import math
from base64 import b64encode
from enum import StrEnum
from typing import Any

from ledger.model.digest import Digest
from ledger.model.frozen import fields, is_frozen
from ledger.model.text import is_utf8, to_bytes

_FIRST = -62_135_596_800_000_000
_LAST = 253_402_300_799_999_999
"""The first and the last microsecond that a date of four digits can name, since 1970."""


def to_json(noun: Any) -> Any:
    """Plain JSON values of a noun, every field written out.

    Text that is no UTF-8 is shown with replacement characters, and ``NAME_bytes`` beside it holds base64 of
    its bytes.
    """
    if isinstance(noun, Digest):
        return str(noun)
    if isinstance(noun, StrEnum):
        return noun.value
    if isinstance(noun, bytes):
        return noun.hex()
    if isinstance(noun, float):
        return number(noun)
    if isinstance(noun, str):
        return _readable(noun)
    if isinstance(noun, tuple | list):
        return [to_json(each) for each in noun]
    if isinstance(noun, dict):
        return with_bytes({_readable(str(key)): value for key, value in noun.items()})
    if is_frozen(noun):
        return with_bytes({each.name: getattr(noun, each.name) for each in fields(noun)})
    return noun


def with_bytes(values: dict[str, Any]) -> dict[str, Any]:
    """JSON form of a map; beside each text that is no UTF-8 comes ``NAME_bytes``.

    Beside an array that holds such a text, at any depth, comes an array of the same shape with the bytes of
    every text, and null for what is none.
    """
    document: dict[str, Any] = {}
    for name, value in values.items():
        document[name] = to_json(value)
        if not _is_readable(value):
            document[f"{name}_bytes"] = _base64(value)
    return document


def number(value: float) -> float | str:
    """`value`, or one of ``NaN``, ``Infinity``, ``-Infinity``, which JSON has no number for."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def rfc3339(nanoseconds: int) -> str:
    """UTC time as ``2026-01-31T12:00:00.000000Z``; the years 1 to 9999 are all that this form has."""
    from datetime import UTC, datetime, timedelta

    microseconds = min(max(nanoseconds // 1000, _FIRST), _LAST)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _readable(text: str) -> str:
    return text if is_utf8(text) else to_bytes(text).decode("utf-8", "replace")


def _is_readable(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(_is_readable(each) for each in value)
    return not isinstance(value, str) or is_utf8(value)


def _base64(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_base64(each) for each in value]
    return b64encode(to_bytes(value)).decode("ascii") if isinstance(value, str) else None
