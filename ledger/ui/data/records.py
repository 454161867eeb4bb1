"""Records of JSON, in lines or in one list, as a table of their first ones."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from ledger.compare.looks import COLUMNS, ROWS, cut, fitting
from ledger.ui.data import Document

LINES: Final = "application/jsonl"
KINDS: Final = frozenset({"application/json", LINES})
"""Media types of what may be such a table."""
MOST: Final = 1 << 20
"""Bytes that are read."""
_BEGIN: Final = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*")
_NEXT: Final = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def table(head: bytes, *, lines: bool, whole: bool) -> Document | None:
    """The records that `head` begins with; None where it holds no objects of one level.

    Parameters
    ----------
    head
        The first bytes of a content.
    lines
        Whether each line is a record; else all are in one list.
    whole
        Whether these are all.
    """
    text = head.decode("utf-8", "replace" if whole else "ignore")
    found = _of_lines(text, whole) if lines else _of_list(text)
    try:
        records = list(islice(found, ROWS + 1))
    except (ValueError, RecursionError):
        return None
    columns = list(islice(dict.fromkeys(name for each in records for name in each), COLUMNS + 1))
    if not columns:
        return None
    rows = fitting([_cell(each, name) for name in columns[:COLUMNS]] for each in records[:ROWS])
    more = len(rows) < len(records) or not whole
    shown = [cut(name) for name in columns[:COLUMNS]]
    lacking = f"only the first {COLUMNS} columns are shown" if len(columns) > COLUMNS else None
    return {"kind": "table", "format": "JSON", "columns": shown, "rows": rows, "more": more, "why": lacking}


def _cell(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is None:
        return None
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _of_lines(text: str, whole: bool) -> Iterator[dict[str, Any]]:
    lines = text.split("\n")
    if not whole:
        lines = lines[:-1]
    for line in lines:
        if line.strip():
            yield _record(json.loads(line))


def _of_list(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, which may end early: what stands before counts."""
    begin = _BEGIN.match(text)
    if not begin:
        return
    place = begin.end()
    while place < len(text) and text[place] != "]":
        try:
            value, place = _DECODER.raw_decode(text, place)
        except ValueError:
            return
        yield _record(value)
        if not (comma := _NEXT.match(text, place)):
            return
        place = comma.end()


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
