"""Ask a ledger's tables in SQL: DuckDB reads the Arrow columns where they are, and nothing else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ledger.errors import LedgerError, UsageError
from ledger.model.frozen import frozen

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "lock_configuration": True,
}
"""No file, no network, no variable of this process, and no way to allow them."""

# Ids are text everywhere else; DuckDB makes it for the rows and columns that are asked for.
_ENTRIES = """CREATE VIEW entries AS SELECT
    'b3:' || lower(hex(leaf)) AS id, lower(hex(origin)) AS origin, seq, kind,
    'b3:' || lower(hex(trial)) AS trial, experiment, 'b3:' || lower(hex(recipe)) AS recipe,
    time::TIMESTAMP AS time, body
FROM stored"""
_HIDDEN = "stored"


@frozen
class Answer:
    """The rows that a query gives."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """As DuckDB calls them."""
    rows: tuple[tuple[Any, ...], ...]


def answer(tables: Mapping[str, "pyarrow.Table"], query: str) -> Answer:
    """The rows that `query` gives.

    Parameters
    ----------
    tables
        By name; times are seen without their zone, which is UTC.
    query
        One SELECT; ``DESCRIBE``, ``SHOW TABLES``, ``SUMMARIZE`` and ``EXPLAIN`` too.

    Raises
    ------
    UsageError
        If it is none, or means what is not there.
    LedgerError
        If DuckDB is not installed.
    """
    with _asked(tables, query) as found:
        return Answer(
            columns=tuple(found.columns),
            types=tuple(map(str, found.types)),
            rows=tuple(map(tuple, found.fetchall())),
        )


def table(tables: Mapping[str, "pyarrow.Table"], query: str) -> "pyarrow.Table":
    """The rows that `query` gives as an Arrow table. As `answer`."""
    with _asked(tables, query) as found:
        return found.to_arrow_table()


@contextmanager
def _asked(tables: Mapping[str, "pyarrow.Table"], query: str) -> "Iterator[duckdb.DuckDBPyRelation]":
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise LedgerError(
            "SQL needs DuckDB, which is not installed",
            cause=str(error),
            hint="python -m pip install 'replay-ledger[sql]'",
        ) from error
    with duckdb.connect(":memory:", config=_CLOSED) as connection:
        for name, each in tables.items():
            connection.register(_HIDDEN if name == "entries" else name, _without_zones(each))
        connection.execute(_ENTRIES)
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type not in (
                duckdb.StatementType.SELECT,
                duckdb.StatementType.EXPLAIN,
            ):
                raise UsageError(
                    "not a query",
                    cause="expected one SELECT"
                    + (f", got {len(statements)} statements" * (len(statements) > 1)),
                    hint="a ledger is only read: ledger sql 'SELECT * FROM trials'",
                )
            yield connection.sql(statements[0].query)
        except duckdb.Error as error:
            raise UsageError(
                "the query failed",
                cause=_first_lines(error),
                hint="see a table's columns: ledger sql 'DESCRIBE trials' "
                f"(tables: {', '.join(tables)}; names with a dot in double quotes)",
            ) from error


def _without_zones(table: "pyarrow.Table") -> "pyarrow.Table":
    """Times as they are in UTC, whatever zone the machine is in; the same bytes by another name."""
    import pyarrow

    fields = [
        each.with_type(pyarrow.timestamp(each.type.unit)) if pyarrow.types.is_timestamp(each.type) else each
        for each in table.schema
    ]
    return table.cast(pyarrow.schema(fields))


def _first_lines(error: Exception) -> str:
    """What DuckDB says in front of its picture of the query."""
    said = str(error).split("\n\n")[0]
    return " ".join(said.split())
