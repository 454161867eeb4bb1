"""SQLite databases table by table; how they lie on their pages does not count, and nothing in them is run."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.streams import copied
from ledger.compare.tables.columns import Columns
from ledger.model.frozen import frozen

_MAGIC: Final = b"SQLite format 3\0"
_ROWS: Final = 256
"""Rows that are compared at once."""
_LONGEST: Final = 1 << 24
"""Bytes of one text or blob."""
_STEPS: Final = 100_000
"""Instructions of SQLite between two looks at the clock."""
_PATIENCE: Final = 60.0
"""Seconds of CPU time that reading may take, and a second more for each `_SPEED` bytes."""
_SPEED: Final = 5_000_000
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 2000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 3,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
"""As https://www.sqlite.org/security.html advises for files of others."""
_ALLOWED: Final = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_PRAGMAS: Final = ("table_xinfo", "user_version", "application_id", "encoding")
_ROWIDS: Final = ("rowid", "oid", "_rowid_")
"""The names that SQLite has for a row's number; a column may take one."""


@frozen
class _Table:
    """What is read of a table."""

    columns: tuple[str, ...]
    """Without those that are computed of others."""
    key: tuple[str, ...]
    """Its primary key; empty where rows go by their position."""
    order: tuple[str, ...]
    """Columns to sort by."""


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    with tempfile.TemporaryDirectory(prefix="ledger-") as directory:
        try:
            with (
                _opened(expected, Path(directory, "first")) as left,
                _opened(got, Path(directory, "second")) as right,
            ):
                _compare_databases(left, right, account)
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise Unfit(f"no readable database: {error}") from None
    account.ignore("page layouts")


compare = of_content(_compare)
"""Compare two SQLite databases: their schemas, and the rows of tables by primary key or position."""


def _compare_databases(left: sqlite3.Connection, right: sqlite3.Connection, account: Account) -> None:
    for pragma in ("user_version", "application_id"):
        one, other = (each.execute(f"PRAGMA {pragma}").fetchone()[0] for each in (left, right))
        if one != other:
            account.differ(pragma, f"{one} and {other}")
    if len({each.execute("PRAGMA encoding").fetchone()[0] for each in (left, right)}) > 1:
        raise Unfit("their text encodings differ, and so may the order of rows")
    schemas = [_schema(each) for each in (left, right)]
    for name in dict.fromkeys((*schemas[0], *schemas[1])):
        if name not in schemas[0] or name not in schemas[1]:
            account.only(" ".join(name), first=name in schemas[0])
            continue
        (first, virtual), (second, also) = schemas[0][name], schemas[1][name]
        if first != second:
            account.differ(" ".join(name), "its SQL differs")
        if virtual or also:
            account.ignore("virtual tables (not looked into)")
        elif name[0] == "table" and not name[1].startswith("sqlite_stat"):
            _compare_table(name[1], left, right, account)


def _schema(database: sqlite3.Connection) -> dict[tuple[str, str], tuple[str | None, bool]]:
    """SQL text, and whether it is a virtual table, by (type, name)."""
    rows = database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
    return {
        (str(kind), str(name)): (sql, str(sql).upper().lstrip().startswith("CREATE VIRTUAL"))
        for kind, name, sql in rows
    }


def _compare_table(name: str, left: sqlite3.Connection, right: sqlite3.Connection, account: Account) -> None:
    one, other = _table(name, left), _table(name, right)
    shared = [each for each in one.columns if each in other.columns]
    for each in dict.fromkeys((*one.columns, *other.columns)):
        if each not in shared:
            account.only(f"{name}.{each}", first=each in one.columns)
    if (one.key, one.order) != (other.key, other.order):
        account.differ(name, "another primary key")
        return
    key = [shared.index(each) for each in one.key]
    columns = Columns(account)
    rows = _rows(name, shared, one.order, left), _rows(name, shared, one.order, right)
    single, place = [0, 0], 1
    by_bytes = left.execute("PRAGMA encoding").fetchone()[0] == "UTF-8"
    pairs = _merged(*rows, key) if key and by_bytes else _side_by_side(*rows)
    while taken := list(islice(pairs, _ROWS)):
        block = [(a, b) for a, b in taken if a is not None and b is not None]
        single[0] += sum(b is None for _, b in taken)
        single[1] += sum(a is None for a, _ in taken)
        for number, column in enumerate(shared if block else ()):
            cells = [[each[side][number] for each in block] for side in (0, 1)]
            columns.values(f"{name}.{column}", place, cells[0], cells[1])
        place += len(taken)
    columns.close()
    for side, count in enumerate(single):
        if count:
            rows_of = f"{count} row{'s' if count > 1 else ''}"
            account.differ(name, f"only the {'second' if side else 'first'} has {rows_of} more")


def _side_by_side(left: Iterator[Any], right: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    for one in left:
        yield one, next(right, None)
    for other in right:
        yield None, other


def _merged(left: Iterator[Any], right: Iterator[Any], key: list[int]) -> Iterator[tuple[Any, Any]]:
    """Rows of one key together; both come sorted by it."""

    def rank(row: Any) -> list[tuple[int, Any]]:
        return [_rank(row[each]) for each in key]

    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        first = other is None or (one is not None and rank(one) <= rank(other))
        second = one is None or (other is not None and rank(other) <= rank(one))
        yield one if first else None, other if second else None
        one = next(left, None) if first else one
        other = next(right, None) if second else other


def _rank(value: Any) -> tuple[int, Any]:
    """Sorts as SQLite does: NULL, numbers, texts by their bytes, blobs."""
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, value
    if isinstance(value, str):
        return 2, value.encode("utf-8", "surrogateescape")
    return 3, value


def _table(name: str, database: sqlite3.Connection) -> _Table:
    columns, keys = [], []
    for _, column, kind, _, _, key, hidden in database.execute(f"PRAGMA table_xinfo({_quoted(name)})"):
        if not hidden:
            columns.append(str(column))
            keys += [(key, str(column), str(kind))] if key else []
    key = tuple(column for _, column, _ in sorted(keys, key=itemgetter(0)))
    if key:
        return _Table(columns=tuple(columns), key=key, order=key)
    taken = {each.lower() for each in columns}
    order = tuple(each for each in _ROWIDS if each not in taken)[:1]
    return _Table(columns=tuple(columns), key=(), order=order)


def _rows(
    name: str, columns: list[str], order: tuple[str, ...], database: sqlite3.Connection
) -> Iterator[Any]:
    # The collation of a column may be one that only its program has.
    by = ", ".join(f"{_quoted(each)} COLLATE BINARY" for each in order)
    what = ", ".join(map(_quoted, columns)) or "NULL"
    # NOT INDEXED: what an index leaves out, the table still has.
    query = f"SELECT {what} FROM {_quoted(name)} NOT INDEXED"
    return database.execute(f"{query} ORDER BY {by}" if by else query)


def tables_of(database: sqlite3.Connection) -> list[str]:
    """Names of the tables that are stored in it."""
    found = _schema(database).items()
    return [name for (kind, name), (_, virtual) in found if kind == "table" and not virtual]


def columns_of(name: str, database: sqlite3.Connection) -> list[str]:
    """Names of a table's columns, without those that are computed of others."""
    return list(_table(name, database).columns)


def rows_of(name: str, columns: list[str], database: sqlite3.Connection) -> Iterator[Any]:
    """The rows of a table, as they lie there."""
    return _rows(name, columns, (), database)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


@contextmanager
def _opened(content: BinaryIO, path: Path) -> Iterator[sqlite3.Connection]:
    if content.read(len(_MAGIC)) != _MAGIC:
        raise Unfit("no SQLite database")
    content.seek(0)
    size = copied(content, path)
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    with connected(uri, _PATIENCE + size / _SPEED) as database:
        yield database


@contextmanager
def connected(uri: str, seconds: float) -> Iterator[sqlite3.Connection]:
    """A database of others, of which nothing is run.

    Parameters
    ----------
    uri
        Where it is, with what it is opened for.
    seconds
        Of CPU time that reading it may take.
    """
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
        for limit, most in _LIMITS.items():
            database.setlimit(limit, most)
        for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "temp_store = FILE"):
            database.execute(f"PRAGMA {setting}")
        database.execute("PRAGMA cache_size = -8192")  # KiB
        database.text_factory = _text
        database.set_authorizer(_authorize)
        end = time.process_time() + seconds
        database.set_progress_handler(lambda: time.process_time() > end, _STEPS)
        yield database


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _authorize(action: int, first: str | None, *_: str | None) -> int:
    """Reading is all that is allowed: no function, no other database, no change of a setting."""
    if action in _ALLOWED or (action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
