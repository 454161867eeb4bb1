"""Text line by line: equal once what the clock wrote into it is masked, with numbers within the tolerance."""

import io
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import BinaryIO

from ledger.compare import bytes as byte_by_byte
from ledger.compare.account import Account, shown
from ledger.compare.base import Comparison, Unfit
from ledger.compare.leaves import of_content
from ledger.compare.spelled import apart_of, number
from ledger.compare.streams import buffered

# A number begins where no digit is in front of it: else each digit of a long one would be tried in turn.
_CLOCK = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?"
    rb"|\d{4}-\d\d-\d\d|\d{1,2}:\d\d(:\d\d([.,]\d+)?)?"
    rb"|(?<!\d)\d+(\.\d+)?( ?(ns|us|\xc2\xb5s|ms|s|sec|secs|seconds|min|minutes|h)\b)"
    rb"|(?<!\d)\d+(\.\d+)? ?(it/s|s/it|step/s|steps/s|samples/s|MB/s|kB/s|ms/step)"
    rb"|0x[0-9a-f]{6,16}\b"
    rb"|\b[Pp][Ii][Dd](=|: ?| )\d+\b"
)
"""Dates, times of day, durations, rates, addresses, and what is called the id of a process."""
_NUMBER = re.compile(
    rb"(?<![\w.])[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?(?!\w|\.\d)|(?<![\w.])[-+]?(?:nan|inf)(?!\w)",
    re.IGNORECASE,
)
"""Numbers that are no part of a word, of a version or of an address."""
_MOST = 64 << 20
"""Bytes of a stream that are compared by line; more is left to its digest."""
_LONGEST = 1 << 18
"""Bytes of a line; in a longer one, of which a piece at a time is compared, everything counts."""


def mask_clock(text: bytes) -> bytes:
    """`text` with dates, times of day, durations, rates, addresses and ids of processes written as ``#``."""
    return _CLOCK.sub(b"#", text)


def compare_masked(expected: BinaryIO, got: BinaryIO) -> Comparison:
    """Compare two streams line by line, with dates, durations, rates and addresses masked."""
    left, right = expected.read(_MOST + 1), got.read(_MOST + 1)
    if left == right and len(left) <= _MOST:
        return Comparison(same=True, exact=True, detail=None)
    if max(len(left), len(right)) > _MOST:
        return Comparison(same=False, exact=False, detail="too long to compare by line")
    for place, first, second in _pairs(io.BytesIO(left), io.BytesIO(right), _MOST + 1):
        if first is None or second is None:
            return Comparison(same=False, exact=False, detail=f"one of them ends before line {place}")
        if first != second and mask_clock(first) != mask_clock(second):
            return Comparison(same=False, exact=False, detail=f"they part at line {place}")
    return Comparison(same=True, exact=False, detail="only clock text differs")


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    last = 0
    for place, one, other in _pairs(expected, got, _LONGEST):
        continued, last = place == last, place
        if one == other:
            continue
        if not one and not other:  # the last line has an end in one of them only
            account.ignore("line ends")
            continue
        if one is None or other is None:
            longer = "second" if one is None else "first"
            account.differ(f"line {place}", f"only the {longer} goes on")
            return
        if b"\0" in one or b"\0" in other:
            raise Unfit(f"no text: a NUL in line {place}")
        if continued or max(len(one), len(other)) >= _LONGEST:
            # A number may lie across two pieces.
            account.differ(f"line {place}", _parting(one, other))
        else:
            _compare_line(f"line {place}", one, other, account)


compare = of_content(_compare)
"""Compare two texts line by line; what the clock wrote, and how lines end, does not count."""


def _compare_line(place: str, one: bytes, other: bytes, account: Account) -> None:
    if one.endswith(b"\r") != other.endswith(b"\r"):
        account.ignore("line ends")
    sides = one.removesuffix(b"\r"), other.removesuffix(b"\r")
    left, right = (mask_clock(each) for each in sides)
    if sides[0] != sides[1] and left == right:
        account.ignore("clock texts")
    if left == right:
        return
    numbers = [_NUMBER.findall(each) for each in (left, right)]
    if len(numbers[0]) != len(numbers[1]) or _NUMBER.sub(b"#", left) != _NUMBER.sub(b"#", right):
        account.differ(place, _parting(left, right))
        return
    values = [[number(each.decode("ascii")) or 0 for each in side] for side in numbers]
    account.add(place, apart_of(values[0], values[1], account.tolerance))


def _parting(left: bytes, right: bytes) -> str:
    """Both lines from a little in front of where they part."""
    shared = min(len(left), len(right))
    start = max(byte_by_byte.first_difference(left[:shared], right[:shared]) - 10, 0)
    ends = [each[start : start + 200].decode("utf-8", "replace") for each in (left, right)]
    mark = "…" if start else ""
    return f"{shown(mark + ends[0])} and {shown(mark + ends[1])}"


def _pairs(
    expected: BinaryIO, got: BinaryIO, longest: int
) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """Number of a line, counted from 1, and that line of both without its end."""
    lines = zip_longest(_lines(expected, longest), _lines(got, longest), fillvalue=(0, None))
    for (place, first), (other_place, second) in lines:
        yield place or other_place, first, second


def _lines(file: BinaryIO, longest: int) -> Iterator[tuple[int, bytes]]:
    """Split at line ends; there is an empty line behind the last of them."""
    place, ended = 1, True
    with buffered(file) as reader:
        while line := reader.readline(longest):
            yield place, line.removesuffix(b"\n")
            ended = line.endswith(b"\n")
            place += ended
        if ended:
            yield place, b""
