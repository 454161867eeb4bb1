"""The JSON form of nouns: digests as text, NaN and infinities as strings, times as RFC 3339."""

import math
from base64 import b64encode
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from ledger.model.digest import Digest


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
        return with_bytes({str(key): value for key, value in noun.items()})
    if is_dataclass(noun):
        return with_bytes({each.name: getattr(noun, each.name) for each in fields(noun)})
    return noun


def with_bytes(values: dict[str, Any]) -> dict[str, Any]:
    """JSON form of a map; beside each text that is no UTF-8 comes ``NAME_bytes``."""
    document: dict[str, Any] = {}
    for name, value in values.items():
        document[name] = to_json(value)
        if isinstance(value, str) and not _is_utf8(value):
            document[f"{name}_bytes"] = _base64(value)
        elif isinstance(value, tuple) and any(isinstance(each, str) and not _is_utf8(each) for each in value):
            document[f"{name}_bytes"] = [_base64(each) if isinstance(each, str) else None for each in value]
    return document


def number(value: float) -> float | str:
    """`value`, or one of ``NaN``, ``Infinity``, ``-Infinity``, which JSON has no number for."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def rfc3339(nanoseconds: int) -> str:
    """UTC time as ``2026-01-31T12:00:00.000000Z``."""
    from datetime import UTC, datetime

    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _readable(text: str) -> str:
    return text if _is_utf8(text) else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
