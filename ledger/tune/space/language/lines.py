"""On which line of a TOML file something stands: `tomllib` does not say.

So it is asked. Of the beginnings of the file that are TOML by themselves, the shortest one that has the key
ends where the key's value does, and the key stands on the first line that the beginning before does not have.
Whatever way a key is written, quoted, dotted, inline or over several lines, `tomllib` is right about it.
"""

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line, from 1, of what is found by keys and places in lists.

    Parameters
    ----------
    text
        The file's content, which is TOML.
    path
        Keys from the outermost, and for what is in a list, its place. What is not there is looked for
        without its last keys.
    """
    keys = [each for each in path if isinstance(each, str)]
    lines = text.replace("\r\n", "\n").split("\n")
    document = _parsed(text)
    while keys and not _has(document, keys):
        keys.pop()
    if not keys:
        return None
    first, last = _statement(lines, keys)
    numbers = [each for each in path if isinstance(each, int)]
    if numbers and len(keys) < len(path):
        return _element(lines, first, last, keys, numbers[0])
    return first


def _statement(lines: Sequence[str], keys: Sequence[str]) -> tuple[int, int]:
    """The first and the last line of the statement that brings a key in."""
    below, above = 0, len(lines)  # a beginning of `below` lines has it not, one of `above` lines has it
    while above - below > 1:
        middle = (below + above) // 2
        while middle > below and (document := _parsed("\n".join(lines[:middle]))) is None:
            middle -= 1
        if middle == below:
            # Nothing from here to the middle ends a statement.
            middle = (below + above) // 2
            while middle < above and (document := _parsed("\n".join(lines[:middle]))) is None:
                middle += 1
            if middle == above:
                break
        if _has(document, keys):
            above = middle
        else:
            below = middle
    while below < above - 1 and not lines[below].partition("#")[0].strip():
        below += 1
    return below + 1, above


def _element(lines: Sequence[str], first: int, last: int, keys: Sequence[str], number: int) -> int:
    """The line on which an element of a list ends."""
    for line in range(first, last):
        document = _parsed("\n".join([*lines[:line], "]"]))
        found: Any = document if document is not None and _has(document, keys) else {}
        for key in keys if found else ():
            found = found[key]
        if isinstance(found, list) and len(found) > number:
            return line
    return last


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _has(document: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True
