"""What varies in the lines of a text from run to run, as patterns; and texts with that masked."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from ledger.compare.base import Tolerance
from ledger.compare.numbers import Apart
from ledger.compare.spelled import apart_of, number
from ledger.compare.texts.text import mask_clock

MOST: Final = 50
"""Patterns of one text; one that varies in more lines is no text to be masked."""
_MOST_BYTES: Final = 16 << 20
_OFTEN: Final = 3
"""Lines of one form from which on their other numbers need not be the same either."""
_NUMBER: Final = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_TOKEN: Final = re.compile(rf"{_NUMBER}|\w+|\s+|.", re.DOTALL)
_ONE_NUMBER: Final = re.compile(_NUMBER)
_GROUP: Final = re.compile(rf"\\.|\((?P<number>{re.escape(_NUMBER)}\))?(?!\?)", re.DOTALL)
"""In a pattern: what is escaped, or where a group begins, and whether it is one of a number."""
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_ONE_STRING: Final = re.compile(_STRING)
_JSON_TOKEN: Final = re.compile(rf"{_STRING}|{_NUMBER}|\w+|\s+|.", re.DOTALL)
_LONGEST: Final = 1 << 16
"""Letters of all patterns of one JSON text, of which a line may be all."""
_ENDLESS: Final = re.compile(r"(?<![^\W_])(?:nan|inf|infinity)(?![^\W_])", re.IGNORECASE)
_EXACT: Final = Tolerance()


def derive(texts: Sequence[bytes]) -> tuple[str, ...] | None:
    """Patterns of the lines that are not the same in all texts, clock text left aside.

    Parameters
    ----------
    texts
        Of several runs.

    Returns
    -------
    tuple of str or None
        Regular expressions that match whole lines; what varies are their groups. None if masking does not
        make the texts equal, or would take too many patterns.
    """
    if max(map(len, texts)) > _MOST_BYTES:
        return None
    try:
        lines = [text.decode().split("\n") for text in texts]
    except UnicodeDecodeError:
        return None
    if len({len(each) for each in lines}) != 1:
        return None
    forms = [form for variants in zip(*lines, strict=True) for form in _form(variants)]
    often = Counter(general for _, general in forms)
    masks = tuple(dict.fromkeys(general if often[general] >= _OFTEN else form for form, general in forms))
    if len(masks) > MOST:
        return None
    first, *others = [b"\n".join(masked(text, masks)) for text in texts]
    return masks if all(each == first for each in others) else None


def derive_json(texts: Sequence[bytes]) -> tuple[str, ...] | None:
    """Patterns of the lines that are not the same in all texts, which are JSON.

    Parameters
    ----------
    texts
        Of several runs.

    Returns
    -------
    tuple of str or None
        Regular expressions that match whole lines; what varies are their groups, each a string or a number.
        None if anything else varies, or it would take too many patterns.
    """
    if max(map(len, texts)) > _MOST_BYTES:
        return None
    try:
        lines = [text.decode().split("\n") for text in texts]
    except UnicodeDecodeError:
        return None
    if len({len(each) for each in lines}) != 1:
        return None
    found: dict[str, None] = {}
    length = 0
    for variants in zip(*lines, strict=True):
        if len(set(variants)) == 1:
            continue
        form = _json_form(variants)
        if form is None:
            return None
        if form not in found:
            found[form] = None
            length += len(form)
        if len(found) > MOST or length > _LONGEST:
            return None
    patterns = tuple(found)
    # A line may match the pattern of another one in some texts.
    return patterns if all(same(texts[0], each, patterns, clock=False) is None for each in texts) else None


def readable(mask: str) -> str:
    """A pattern for people: ``#`` is what varies, ``N`` any number."""
    text = (
        mask.replace(f"({_NUMBER})", "#")
        .replace(f"({_STRING})", "#")
        .replace("(.+?)", "#")
        .replace("(.*)", "#")
        .replace(_NUMBER, "N")
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


def _form(variants: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pattern of one line, and the same with all its numbers free; nothing if it does not vary."""
    variants = [mask_clock(each.encode()).decode() for each in variants]
    if len(set(variants)) == 1:
        return
    tokens = [_TOKEN.findall(each) for each in variants]
    if len({len(each) for each in tokens}) == 1:
        columns = list(zip(*tokens, strict=True))
        yield "".join(map(_exact, columns)), "".join(map(_general, columns))
        return
    shortest = min(map(len, tokens))
    front = next((n for n in range(shortest) if len({each[n] for each in tokens}) > 1), shortest)
    left = shortest - front
    back = next((n for n in range(left) if len({each[-1 - n] for each in tokens}) > 1), left)
    columns = [(each,) for each in tokens[0]]
    ends = columns[:front], columns[len(columns) - back :]
    yield (
        "(.*)".join("".join(map(_exact, each)) for each in ends),
        "(.*)".join("".join(map(_general, each)) for each in ends),
    )


def _json_form(variants: Sequence[str]) -> str | None:
    """The pattern of one line of JSON; None if other than strings and numbers vary in it."""
    tokens = [_JSON_TOKEN.findall(each) for each in variants]
    if len({len(each) for each in tokens}) != 1:
        return None
    pieces: list[str] = []
    for column in zip(*tokens, strict=True):
        if len(set(column)) == 1:
            pieces.append(re.escape(column[0]))
        elif all(_ONE_NUMBER.fullmatch(each) for each in column):
            pieces.append(f"({_NUMBER})")
        elif all(_ONE_STRING.fullmatch(each) for each in column):
            pieces.append(f"({_STRING})")
        else:
            return None
    return "".join(pieces)


def _exact(column: Sequence[str]) -> str:
    if len(set(column)) == 1:
        return re.escape(column[0])
    return f"({_NUMBER})" if all(_ONE_NUMBER.fullmatch(each) for each in column) else r"(.+?)"


def _general(column: Sequence[str]) -> str:
    return _NUMBER if len(set(column)) == 1 and _ONE_NUMBER.fullmatch(column[0]) else _exact(column)
