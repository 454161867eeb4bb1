"""JSON by its values: the order of keys and white space do not count, and numbers may be near each other."""

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

from ledger.compare import bytes as byte_by_byte
from ledger.compare.base import Comparison, Tolerance

MOST_BYTES = 16_000_000
"""Larger contents are compared byte for byte."""
_SHOWN = 3
_LONGEST = 60


class Apart(NamedTuple):
    """One place where two documents differ."""

    path: str
    """Keys and places, dotted; empty for the whole."""
    detail: str
    near: bool
    """Whether both are numbers, and within the tolerance."""


def compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
    """Compare two contents as JSON; byte for byte if either is no JSON, has a key twice, or is too large."""
    left, right = (byte_by_byte.read(each, MOST_BYTES + 1) for each in (expected, got))
    if left == right and len(left) <= MOST_BYTES:
        return Comparison(same=True, exact=True, detail=None)
    found = partings(left, right, tolerance)
    if found is None:
        again = (cast(BinaryIO, _Rejoined(*each)) for each in ((left, expected), (right, got)))
        return byte_by_byte.compare(next(again), next(again), tolerance)
    apart = [each for each in found if not each.near]
    if apart:
        return Comparison(same=False, exact=False, detail=summary(apart))
    within = f"within rtol {tolerance.rtol:g}, atol {tolerance.atol:g}"
    return Comparison(same=True, exact=False, detail=within if found else "the values are the same")


def partings(left: bytes, right: bytes, tolerance: Tolerance) -> list[Apart] | None:
    """Where two documents differ; None if they cannot be compared by their values."""
    if max(len(left), len(right)) > MOST_BYTES:
        return None
    try:
        documents = [json.loads(each, object_pairs_hook=_map) for each in (left, right)]
        return list(_partings(documents[0], documents[1], "", tolerance))
    except (ValueError, RecursionError):
        return None


def summary(apart: list[Apart]) -> str:
    """Some differences in a few words."""
    parts = [f"{each.path or 'the whole'}: {each.detail}" for each in apart[:_SHOWN]]
    more = [f"{len(apart) - _SHOWN} more"] if len(apart) > _SHOWN else []
    return "; ".join(parts + more)


class _Rejoined(io.RawIOBase):
    """A content of which the beginning was read already."""

    def __init__(self, begun: bytes, rest: BinaryIO) -> None:
        self._begun, self._rest = io.BytesIO(begun), rest

    def read(self, size: int = -1) -> bytes:
        return self._begun.read(size) or self._rest.read(size)


def _map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice: readers disagree on what that means")
    return made


def _partings(left: Any, right: Any, path: str, tolerance: Tolerance) -> Iterator[Apart]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            inside = f"{path}.{key}" if path else key
            if key not in left or key not in right:
                yield Apart(inside, f"only the {'first' if key in left else 'second'} has it", near=False)
            else:
                yield from _partings(left[key], right[key], inside, tolerance)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield Apart(path, f"{len(left)} and {len(right)} members", near=False)
            return
        for place, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _partings(one, other, f"{path}.{place}" if path else str(place), tolerance)
    elif _is_number(left) and _is_number(right):
        if not _equal(left, right):
            yield Apart(path, f"{_shown(left)} and {_shown(right)}", near=_near(left, right, tolerance))
    elif type(left) is not type(right) or left != right:
        yield Apart(path, f"{_shown(left)} and {_shown(right)}", near=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: float, right: float) -> bool:
    return left == right or (left != left and right != right)


def _near(left: float, right: float, tolerance: Tolerance) -> bool:
    try:
        return tolerance.allows(left, right)
    except OverflowError:
        return False  # whole numbers beyond what a tolerance can be multiplied with


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
