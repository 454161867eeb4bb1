"""The first rows of a SQLite database's tables; nothing in it is run."""

import sqlite3
from itertools import islice
from typing import Any, Final

from ledger.compare.base import Unfit
from ledger.compare.looks import COLUMNS, cut, fitting
from ledger.compare.tables.sqlite import columns_of, connected, rows_of, tables_of

_TABLES: Final = 20
_ROWS: Final = 20
"""Of one table."""


def look(descriptor: int) -> dict[str, Any]:
    """The tables of an open file.

    Returns
    -------
    dict
        ``kind`` (tables), ``format``, ``tables`` (each of ``name``, ``columns``, ``rows`` as lists of text or
        None, ``more``, and ``why`` its rows cannot be read), ``more`` (how many tables there are beside).

    Raises
    ------
    Unfit
        If it has no readable tables.
    """
    try:
        with connected(f"file:/proc/self/fd/{descriptor}?mode=ro&immutable=1", seconds=10) as database:
            names = tables_of(database)
            told = fitting(_table(name, database) for name in names[:_TABLES])
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise Unfit(f"no readable database: {cut(str(error))}") from None
    return {"kind": "tables", "format": "SQLite", "tables": told, "more": len(names) - len(told)}


def _table(name: str, database: sqlite3.Connection) -> dict[str, Any]:
    rows: list[list[str | None]] = []
    columns: list[str] = []
    why = None
    try:
        columns = columns_of(name, database)[:COLUMNS]
        rows += ([_cell(each) for each in row] for row in islice(rows_of(name, columns, database), _ROWS + 1))
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        why = f"its rows cannot be read: {cut(str(error))}"
    return {
        "name": cut(_clean(name)),
        "columns": [cut(_clean(each)) for each in columns],
        "rows": rows[:_ROWS],
        "more": len(rows) > _ROWS,
        "why": why,
    }


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    return cut(value[:100].hex() if isinstance(value, bytes) else _clean(str(value)))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
