"""What varies in the lines of a text from run to run, as patterns; and texts with that masked."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from ledger.compare.texts.text import mask_clock

MOST: Final = 50
"""Patterns of one text; one that varies in more lines is no text to be masked."""
_MOST_BYTES: Final = 16 << 20
_OFTEN: Final = 3
"""Lines of one form from which on their other numbers need not be the same either."""
_NUMBER: Final = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_TOKEN: Final = re.compile(rf"{_NUMBER}|\w+|\s+|.", re.DOTALL)
_ONE_NUMBER: Final = re.compile(_NUMBER)


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


def readable(mask: str) -> str:
    """A pattern for people: ``#`` is what varies, ``N`` any number."""
    text = mask.replace(f"({_NUMBER})", "#").replace("(.+?)", "#").replace("(.*)", "#").replace(_NUMBER, "N")
    return re.sub(r"\\(.)", r"\1", text)


def masked(text: bytes, masks: Sequence[str]) -> Iterator[bytes]:
    """Lines of a text, the clock and what `masks` say masked."""
    patterns = [re.compile(each) for each in masks]
    for line in text.split(b"\n"):
        yield _masked(line, patterns)


def same(expected: bytes, got: bytes, masks: Sequence[str]) -> int | None:
    """Number of the first line, from 1, at which two texts part although masked; None if they do not."""
    pairs = zip_longest(masked(expected, masks), masked(got, masks))
    return next((number for number, (a, b) in enumerate(pairs, 1) if a != b), None)


def _masked(line: bytes, patterns: Sequence["re.Pattern[str]"]) -> bytes:
    line = mask_clock(line)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return line
    for pattern in patterns:
        found = pattern.fullmatch(text)
        if found is not None:
            pieces, at = [], 0
            for group in range(1, pattern.groups + 1):
                start, end = found.span(group)
                pieces += [text[at:start], "#"]
                at = end
            return "".join([*pieces, text[at:]]).encode()
    return line


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


def _exact(column: Sequence[str]) -> str:
    if len(set(column)) == 1:
        return re.escape(column[0])
    return f"({_NUMBER})" if all(_ONE_NUMBER.fullmatch(each) for each in column) else r"(.+?)"


def _general(column: Sequence[str]) -> str:
    return _NUMBER if len(set(column)) == 1 and _ONE_NUMBER.fullmatch(column[0]) else _exact(column)
