"""Numbers that stand as text, or as plain values, side by side: read and compared many at a time."""

import re
from collections.abc import Sequence

import numpy

from ledger.compare.base import Tolerance
from ledger.compare.numbers import Apart, apart

_NUMBER = re.compile(
    r"\s*[-+]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:e[-+]?\d++)?|nan|inf(?:inity)?)\s*", re.IGNORECASE | re.ASCII
)
_MOST_DIGITS = 300
"""Longer whole numbers are read as floating-point ones: `int` takes a square of time."""
_WORD = 2**63


def number(text: str) -> int | float | None:
    """The number that `text` spells, whole or floating-point; None if it spells none.

    Examples
    --------
    >>> number("7"), number("0.50"), number("1_000")
    (7, 0.5, None)
    """
    if not _NUMBER.fullmatch(text):
        return None
    if len(text) <= _MOST_DIGITS and text.strip().lstrip("+-").isdecimal():
        return int(text)
    return float(text)


def is_number(value: object) -> bool:
    """Whether a plain value is a whole or floating-point number."""
    return type(value) is float or type(value) is int


def apart_of(expected: Sequence[int | float], got: Sequence[int | float], tolerance: Tolerance) -> Apart:
    """Compare two sequences of one length; whole numbers as such, of any size."""
    found = Apart()
    floats: list[tuple[float, float]] = []
    wholes: list[tuple[int, int]] = []
    for one, other in zip(expected, got, strict=True):
        if type(one) is float and type(other) is float:
            floats.append((one, other))
        elif type(one) is int and type(other) is int and -_WORD <= min(one, other) <= max(one, other) < _WORD:
            wholes.append((one, other))
        else:
            found += Apart.of_values(one, other, tolerance)
    for pairs, dtype in ((floats, "f8"), (wholes, "i8")):
        if pairs:
            sides = numpy.array(pairs, dtype=dtype)
            found += apart(sides[:, 0].copy(), sides[:, 1].copy(), tolerance)
    return found
