"""What a file holds, for people: a first part of it, as JSON; each ``look`` runs as `fenced.look` says."""

import json
from collections.abc import Iterable
from typing import Final, TypeVar

_Item = TypeVar("_Item")

ROWS: Final = 200
"""Of a table."""
COLUMNS: Final = 50
CELL: Final = 200
"""Letters of a cell, a name or a value."""
MEMBERS: Final = 500
"""Of an archive, or of a tree."""
HEAD: Final = 1 << 16
"""Bytes of a content that are shown as they are."""
_ANSWER: Final = 800_000
"""Bytes of what is listed, as JSON; the rest of an answer is small."""


def cut(text: str, most: int = CELL) -> str:
    """The text, with an ellipsis where it is longer than `most` letters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def fitting(items: Iterable[_Item]) -> list[_Item]:
    """The first items, as many as an answer has room for."""
    found: list[_Item] = []
    room = _ANSWER
    for item in items:
        room -= len(json.dumps(item)) + 2
        if room < 0:
            break
        found.append(item)
    return found
