"""What varies in the lines of a text from run to run, as patterns for `masks`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ledger.compare.texts.masks import NUMBER, STRING, masked, same
from ledger.compare.texts.text import mask_clock

MOST: Final = 50
"""Patterns of one text; one that varies in more lines is no text to be masked."""
_MOST_BYTES: Final = 16 << 20
_OFTEN: Final = 3
"""Lines of one form from which on their other numbers need not be the same either."""
_LONGEST: Final = 1 << 16
"""Letters of all patterns of one JSON text, of which a line may be all."""
_TOKEN: Final = re.compile(rf"{NUMBER}|\w+|\s+|.", re.DOTALL)
_JSON_TOKEN: Final = re.compile(rf"{STRING}|{NUMBER}|\w+|\s+|.", re.DOTALL)
_ONE_NUMBER: Final = re.compile(NUMBER)
_ONE_STRING: Final = re.compile(STRING)


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
    lines = _variants(texts)
    if lines is None:
        return None
    forms = [form for variants in lines for form in _form(variants)]
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
    lines = _variants(texts)
    if lines is None:
        return None
    found: dict[str, None] = {}
    length = 0
    for variants in lines:
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


def _variants(texts: Sequence[bytes]) -> list[tuple[str, ...]] | None:
    """Each line as it is in all texts; None if they are too large, no text, or not of as many lines."""
    if max(map(len, texts)) > _MOST_BYTES:
        return None
    try:
        lines = [text.decode().split("\n") for text in texts]
    except UnicodeDecodeError:
        return None
    return list(zip(*lines, strict=True)) if len({len(each) for each in lines}) == 1 else None


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
            pieces.append(f"({NUMBER})")
        elif all(_ONE_STRING.fullmatch(each) for each in column):
            pieces.append(f"({STRING})")
        else:
            return None
    return "".join(pieces)


def _exact(column: Sequence[str]) -> str:
    if len(set(column)) == 1:
        return re.escape(column[0])
    return f"({NUMBER})" if all(_ONE_NUMBER.fullmatch(each) for each in column) else r"(.+?)"


def _general(column: Sequence[str]) -> str:
    return NUMBER if len(set(column)) == 1 and _ONE_NUMBER.fullmatch(column[0]) else _exact(column)
