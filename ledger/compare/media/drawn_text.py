"""Text that draws something: equal but for the numbers in it, which may be near each other."""

import math
import re
from array import array
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Final

import numpy

from ledger.compare.account import Account, shown
from ledger.compare.numbers import Apart, apart

_VALUE = rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
OPERANDS: Final = re.compile(rb"(?<![^\s\[\](){}<>/])" + _VALUE + rb"(?![^\s\[\](){}<>/])")
"""Numbers of PostScript and PDF: words of their own."""
ATTRIBUTES: Final = re.compile(
    rb"#\w+"  # a colour or an entity, which is no number
    rb"|(?:(?<![\w#.+-])|(?<=[\s\"',\d][MmLlHhVvCcSsQqTtAaZz])|(?<=[Zz][Mm])|(?<=[\d.])(?=[+-]))" + _VALUE
)
"""Numbers of SVG: in paths they follow the letter of a command, or a number with their sign."""
MOST_BYTES: Final = 16_000_000
"""Longer texts are equal or not."""
_LONGEST = 400
_BLOCK = 1 << 16
_BEFORE, _AFTER = 10, 40

_Number = tuple[tuple[int, int], float]
"""From where to where it stands, and its value."""
_END: Final[_Number] = (0, 0), 0.0


def compare_texts(
    place: str, expected: bytes, got: bytes, account: Account, numbers: re.Pattern[bytes] = OPERANDS
) -> None:
    """Compare two texts: numbers within the tolerance, all else must be equal.

    `place` says what they are, as in `Account.add`.
    """
    if expected == got:
        return
    if max(len(expected), len(got)) > MOST_BYTES:
        account.differ(place, f"its content differs; {len(expected)} and {len(got)} bytes")
        return
    found, left, right = Apart(), array("d"), array("d")
    a = b = 0  # what lies before was compared
    for one, other in zip_longest(_numbers(expected, numbers), _numbers(got, numbers), fillvalue=_END):
        (start, end), (other_start, other_end) = one[0], other[0]
        gaps = expected[a : start if end else None], got[b : other_start if other_end else None]
        if gaps[0] != gaps[1] or (end == 0) != (other_end == 0):
            account.differ(*_parting(place, expected, got, a, b))
            return
        if end:
            left.append(one[1])
            right.append(other[1])
            a, b = end, other_end
        if len(left) == _BLOCK or not end:
            found += apart(numpy.array(left), numpy.array(right), account.tolerance)
            left, right = array("d"), array("d")
    account.add(place, found)


def without(pattern: re.Pattern[bytes], text: bytes, take: Callable[[re.Match[bytes]], bytes]) -> bytes:
    """`text` with what `take` makes of each match, in less memory than with `re.sub`."""
    made, place = bytearray(), 0
    for found in pattern.finditer(text):
        made += text[place : found.start()]
        made += take(found)
        place = found.end()
    made += text[place:]
    return bytes(made)


def _numbers(text: bytes, pattern: re.Pattern[bytes]) -> Iterator[_Number]:
    """All numbers; at last the end."""
    for found in pattern.finditer(text):
        word = found[0]
        if word[:1] == b"#" or len(word) > _LONGEST:
            continue
        number = float(word)
        if not math.isinf(number):
            yield found.span(), number
    yield _END


def _parting(place: str, expected: bytes, got: bytes, a: int, b: int) -> tuple[str, str]:
    """Where two texts part behind the places up to which they were alike, and how they go on."""
    shared = min(len(expected) - a, len(got) - b)
    sides = (numpy.frombuffer(text, "u1", shared, at) for text, at in ((expected, a), (got, b)))
    differ = numpy.not_equal(*sides)
    first = int(numpy.argmax(differ)) if differ.any() else shared
    line = expected.count(b"\n", 0, a + first) + 1
    told = []
    for text, at in ((expected, a + first), (got, b + first)):
        start = max(text.rfind(b"\n", 0, at) + 1, at - _BEFORE)
        told.append(shown(text[start : at + _AFTER].partition(b"\n")[0].decode("utf-8", "replace")))
    return f"{place}, line {line}" if place else f"line {line}", " and ".join(told)
