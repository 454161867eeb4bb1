"""The command ``ledger sql``."""

import csv
import sys
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import click

from ledger.analysis import sql
from ledger.analysis.sql import Answer
from ledger.api import Ledger
from ledger.cli import common
from ledger.cli.page import Page
from ledger.errors import UsageError
from ledger.model.jsonform import number
from ledger.ops.text import count, line


@click.command(
    "sql",
    short_help="Ask the ledger's tables in SQL.",
    epilog=common.ends(
        """ledger sql 'SELECT name, status, "metric.loss" FROM trials ORDER BY 3'
        ledger sql --csv 'SELECT * FROM hyperparameters' > parameters.csv""",
        "0 ok, 1 DuckDB is not installed, 2 the query is wrong, 3 there is no ledger",
    ),
)
@click.argument("query")
@common.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.pass_context
def command(context: click.Context, query: str, as_json: bool, as_csv: bool) -> None:
    """Ask the ledger's tables in SQL.

    The tables are trials, hyperparameters, metrics and entries; DESCRIBE trials shows the columns of one.
    QUERY is one SELECT, as DuckDB reads it; - reads it from standard input. It can change nothing and reach
    neither files nor the network. Times are UTC.
    """
    if as_json and as_csv:
        raise UsageError("two forms at once", cause="got --json and --csv", hint="leave one out")
    tables = Ledger(common.opened(context)).tables()
    found = sql.answer(tables, sys.stdin.read() if query == "-" else query)
    if as_json:
        columns = [
            {"name": name, "type": kind} for name, kind in zip(found.columns, found.types, strict=True)
        ]
        common.emit({"columns": columns, "rows": [[_json(each) for each in row] for row in found.rows]})
    elif as_csv:
        common.write(_csv(found).encode("utf-8", "surrogateescape"))
    else:
        _page(found).show()


def _page(found: Answer) -> Page:
    page = Page()
    right = [
        name
        for place, name in enumerate(found.columns)
        if all(type(row[place]) in (int, float, Decimal, type(None)) for row in found.rows)
    ]
    rows = [["NULL" if each is None else line(_text(each)) for each in row] for row in found.rows]
    page.table(found.columns, rows, right=right, indent=0, drop=reversed(range(1, len(found.columns))))
    page.line((f"({count(len(rows), 'row')})", "dim"))
    return page


def _csv(found: Answer) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(found.columns)
    writer.writerows(["" if each is None else _text(each) for each in row] for row in found.rows)
    return file.getvalue()


def _text(value: Any) -> str:
    plain = _json(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    return plain if isinstance(plain, str) else str(plain)


def _json(value: Any) -> Any:
    """A value of DuckDB's in the form that documents have."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        return number(float(value))
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _json(each) for key, each in value.items()}
    return str(value)
