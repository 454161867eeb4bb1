"""Texts with what varies in their lines masked, by patterns that say what that is, see `mask_patterns`."""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from ledger.compare.base import Tolerance
from ledger.compare.numbers import Apart
from ledger.compare.spelled import apart_of, number
from ledger.compare.texts.text import mask_clock

NUMBER: Final = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
"""In a pattern: a number."""
_GROUP: Final = re.compile(rf"\\.|\((?P<number>{re.escape(NUMBER)}\))?(?!\?)", re.DOTALL)
"""In a pattern: what is escaped, or where a group begins, and whether it is one of a number."""
STRING: Final = r'"(?:[^"\\]|\\.)*"'
"""In a pattern: a string of JSON."""
_ENDLESS: Final = re.compile(r"(?<![^\W_])(?:nan|inf|infinity)(?![^\W_])", re.IGNORECASE)
_EXACT: Final = Tolerance()


def readable(mask: str) -> str:
    """A pattern for people: ``#`` is what varies, ``N`` any number."""
    text = (
        mask.replace(f"({NUMBER})", "#")
        .replace(f"({STRING})", "#")
        .replace("(.+?)", "#")
        .replace("(.*)", "#")
        .replace(NUMBER, "N")
    )
    return re.sub(r"\\(.)", r"\1", text)


def masked(text: bytes, masks: Sequence[str]) -> Iterator[bytes]:
    """Lines of a text, the clock and what `masks` say masked."""
    return (each.rest for each in _lines(text, masks))


def same(
    expected: bytes,
    got: bytes,
    masks: Sequence[str],
    tolerance: Tolerance | None = None,
    *,
    clock: bool = True,
) -> int | None:
    """Number of the first line, from 1, at which two texts part although masked; None if they do not.

    Parameters
    ----------
    expected, got
        The texts.
    masks
        What varies in their lines.
    tolerance
        How far apart the numbers may be that `masks` say vary; None for any.
    clock
        Whether the clock may be another, as in what is no JSON.
    """
    for place, (a, b) in enumerate(
        zip_longest(_lines(expected, masks, clock=clock), _lines(got, masks, clock=clock)), 1
    ):
        if a is None or b is None or a.rest != b.rest:
            return place
        if tolerance is not None and not all(tolerance.allows(*each) for _, *each in _numbers(a, b)):
            return place
    return None


def apart(
    expected: bytes, got: bytes, masks: Sequence[str], *, clock: bool = True
) -> dict[tuple[int, int], Apart]:
    """How far apart the numbers of two texts are that `masks` say vary.

    A word of one that is NaN or infinity, where the other has something else, is infinitely far from that.

    Parameters
    ----------
    expected, got
        Texts that are the same once masked.
    masks
        What varies in their lines.
    clock
        See `same`.

    Returns
    -------
    dict
        By (position of the mask, position of its group).
    """
    sides: dict[tuple[int, int], tuple[list[float], list[float]]] = {}
    for a, b in zip(_lines(expected, masks, clock=clock), _lines(got, masks, clock=clock), strict=True):
        for group, one, other in _numbers(a, b):
            left, right = sides.setdefault((a.mask, group), ([], []))
            left.append(one)
            right.append(other)
    return {place: apart_of(left, right, _EXACT) for place, (left, right) in sides.items()}


class _Line(NamedTuple):
    rest: bytes
    """What must be the same."""
    mask: int = -1
    """Which mask it matches; -1 if none."""
    groups: tuple[tuple[bool, str], ...] = ()
    """(whether only a number may be there, what is there)."""


def _numbers(a: _Line, b: _Line) -> Iterator[tuple[int, float, float]]:
    """(position of the group, one, other) of the numbers in two lines of one mask."""
    for group, ((is_number, one), (_, other)) in enumerate(zip(a.groups, b.groups, strict=False)):
        if is_number:
            yield group, number(one) or 0, number(other) or 0
        elif one != other and _endless(one) != _endless(other):
            yield group, 0.0, math.nan


def _endless(text: str) -> list[str]:
    return [each.lower() for each in _ENDLESS.findall(text)]


def _lines(text: bytes, masks: Sequence[str], *, clock: bool = True) -> Iterator[_Line]:
    patterns = [(re.compile(each), _kinds(each)) for each in masks]
    for line in text.split(b"\n"):
        yield _line(mask_clock(line) if clock else line, patterns)


def _kinds(mask: str) -> list[bool]:
    """Whether each group of a pattern is a number."""
    found = [each for each in _GROUP.finditer(mask) if not each.group().startswith("\\")]
    return [each.group("number") is not None for each in found]


def _line(line: bytes, patterns: Sequence[tuple["re.Pattern[str]", list[bool]]]) -> _Line:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return _Line(line)
    for mask, (pattern, kinds) in enumerate(patterns):
        found = pattern.fullmatch(text)
        if found is not None:
            pieces, at = [], 0
            for group in range(1, pattern.groups + 1):
                start, end = found.span(group)
                pieces += [text[at:start], "#"]
                at = end
            rest = "".join([*pieces, text[at:]]).encode()
            return _Line(rest, mask, tuple(zip(kinds, found.groups(), strict=True)))
    return _Line(line)
