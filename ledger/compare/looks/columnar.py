"""First rows of a file of columns that pyarrow reads."""

from typing import Any, Final

import pyarrow

from ledger.compare.base import Unfit
from ledger.compare.looks import COLUMNS, ROWS, cut, fitting
from ledger.compare.tables import arrow
from ledger.compare.tables.columnar import FAULTS, File, opened

_ITEMS: Final = (20, 5, 2)
"""Values of a list, of a list in a list and so on, and fields of a struct; deeper ones are not shown."""
_LISTS: Final = (pyarrow.types.is_list, pyarrow.types.is_large_list, pyarrow.types.is_fixed_size_list)


def look(descriptor: int) -> dict[str, Any]:
    """The columns and first rows of an open file.

    Returns
    -------
    dict
        ``kind`` (table), ``format``, ``count`` (rows in all), ``width`` (columns in all), ``columns`` (names)
        and ``types`` of the first `COLUMNS` ones, ``rows`` (lists of text, or None for no value), ``more``
        (whether there are more rows) and ``why`` (why rows are lacking, or None).

    Raises
    ------
    Unfit
        If it has no readable columns.
    """
    try:
        file = opened(descriptor)
        schema = file.schema
        names = list(schema.names)
        fields = [schema.field(place) for place in range(min(len(names), COLUMNS))]
        count = file.rows
    except MemoryError:
        raise
    except FAULTS as error:
        raise Unfit(f"no readable table: {_first_line(error)}") from None
    why = None
    rows: list[list[str | None]] = []
    try:
        # A column is asked for by its name.
        if len(set(names)) < len(names):
            raise Unfit("two columns have one name")
        columns = [_column(file, field.name) for field in fields]
        rows = fitting(list(row) for row in zip(*columns, strict=False))
    except MemoryError:
        why = "its first rows take too much memory"
    except (Unfit, RecursionError, *FAULTS) as error:
        why = f"its rows cannot be read: {_first_line(error)}"
    return {
        "kind": "table",
        "format": file.format,
        "count": count,
        "width": len(names),
        "columns": [cut(field.name) for field in fields],
        "types": [cut(str(field.type)) for field in fields],
        "rows": rows,
        "more": count > len(rows),
        "why": why,
    }


def _first_line(error: Exception) -> str:
    return cut((str(error).strip() or type(error).__name__).splitlines()[0])


def _column(file: File, name: str) -> list[str | None]:
    found: list[str | None] = []
    for array in file.column(name):
        part = array[: ROWS - len(found)]
        part.validate(full=True)  # offsets are believed otherwise
        found += [None if cell is None else cut(cell) for cell in _cells(part)]
        if len(found) >= ROWS:
            break
    return found


def _cells(values: Any, depth: int = 0) -> list[str | None]:
    """Each value as text; None where there is none."""
    array = arrow.plain(values)
    kind = array.type
    if pyarrow.types.is_nested(kind) and depth >= len(_ITEMS):
        return ["…" if valid else None for valid in array.is_valid().to_pylist()]
    if pyarrow.types.is_struct(kind):
        return _structs(array, depth)
    if any(each(kind) for each in _LISTS):
        return [_list(scalar, depth) if scalar.is_valid else None for scalar in array]
    if pyarrow.types.is_large_binary(kind):
        return [None if not each.is_valid else _bytes(each) for each in array]
    return [None if each is None else str(each) for each in array.to_pylist()]


def _list(scalar: Any, depth: int) -> str:
    items = scalar.values
    shown = [_inner(each) for each in _cells(items[: _ITEMS[depth]], depth + 1)]
    return f"[{', '.join(shown + ['…'] * (len(items) > _ITEMS[depth]))}]"


def _structs(array: Any, depth: int) -> list[str | None]:
    kind = array.type
    names = [kind.field(place).name for place in range(min(kind.num_fields, _ITEMS[depth]))]
    fields = [_cells(array.field(place), depth + 1) for place in range(len(names))]
    more = ["…"] * (kind.num_fields > len(names))
    found: list[str | None] = []
    for place, valid in enumerate(array.is_valid().to_pylist()):
        pairs = (f"{cut(name)}: {_inner(cells[place])}" for name, cells in zip(names, fields, strict=True))
        found.append(f"{{{', '.join([*pairs, *more])}}}" if valid else None)
    return found


def _inner(cell: str | None) -> str:
    return "null" if cell is None else cut(cell)


def _bytes(scalar: Any) -> str:
    buffer = scalar.as_buffer()
    return bytes(memoryview(buffer)[:200]).hex()
