"""Tables of a page: aligned as plain text, and as a terminal of some width has room for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.cli.widths import letters, longest, longest_word, shared

if TYPE_CHECKING:
    from rich.padding import Padding
    from rich.text import Text

_LEAST = 8
"""Columns below which a word is not folded into a column of its own."""
Styled = tuple[str, str]
"""A text, and how a terminal shows it."""
Cell = str | Styled


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as `Page.table` takes them; without a header, of names and values."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[str]
    indent: int
    drop: tuple[int, ...] = ()
    """Columns that a narrow terminal does without, the first one first; without any, cells are wrapped."""
    plots: frozenset[int] = frozenset()
    """Columns that are drawn: they are never wrapped, but moved or left out where they have no room."""


def text_of(cell: Cell) -> str:
    """A cell without its style."""
    return cell if isinstance(cell, str) else cell[0]


def with_text(cell: Cell, text: str) -> Cell:
    """Another text in the style of a cell."""
    return text if isinstance(cell, str) else (text, cell[1])


def _padded(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - letters(text))
    return space + text if to_right else text + space


def aligned(table: Table) -> list[str]:
    """The lines of a table as plain text, nothing shortened."""
    rows = [tuple(text_of(cell) for cell in row) for row in table.rows]
    lines = [table.header, *rows] if table.header else rows
    widths = [max(letters(row[place]) for row in lines) for place in range(len(lines[0]))] if lines else []
    right = [name in table.right for name in table.header] or [False] * len(widths)
    return [
        (
            " " * table.indent
            + "  ".join(
                _padded(cell, width, to_right=to_right)
                for cell, width, to_right in zip(row, widths, right, strict=True)
            )
        ).rstrip()
        for row in lines
    ]


def _fitted(table: Table, width: int) -> Table:
    """The columns of a table that a terminal has room for; a last one tells how many are left out.

    Where even the fewest are too wide their cells are wrapped, lest part of a number be taken for all of it.
    """
    if not table.drop:
        return table
    lines = (table.header, *table.rows)
    left = {
        place: 2 + max(letters(text_of(row[place])) for row in lines) for place in range(len(table.header))
    }

    def fits() -> bool:
        lost = len(table.header) - len(left)
        return table.indent + sum(left.values()) + (len(f"… {lost} more") if lost else -2) <= width

    for place in table.drop:
        if fits():
            break
        del left[place]
    drop = table.drop if fits() else ()
    if len(left) == len(table.header):
        return replace(table, drop=drop)
    return Table(
        (*(table.header[place] for place in left), f"… {len(table.header) - len(left)} more"),
        tuple((*(row[place] for place in left), "") for row in table.rows),
        table.right,
        table.indent,
        drop,
    )


def laid_out(table: Table, width: int) -> "list[Padding]":
    """A table as a terminal of that width shows it, in parts.

    Plots without a scale are left out where cells fit beside one another without them. Else cells are wrapped
    between words; where that is too wide, plots that have a scale stand beneath the rest, and others are left
    out; where it is too wide even so, each row is a list.
    """
    fitted = _fitted(table, width)
    if fitted.drop:
        return [_rich_table(fitted, None)]
    bare = _without(fitted, frozenset(place for place in fitted.plots if not fitted.header[place]))
    tried = bare if _one_line(bare, width) and not _one_line(fitted, width) else fitted
    if (widths := _widths(tried, width)) is not None:
        return [_rich_table(tried, widths)]
    without = _without(fitted, fitted.plots)
    if (widths := _widths(without, width)) is not None:
        parts = [without]
    else:
        parts = _listed(_without(table, table.plots)) if table.header else [table]
    parts += [each for each in _beneath(fitted) if _widths(each, width) is not None]
    return [_rich_table(each, _widths(each, width) or _folded(each, width)) for each in parts]


def _beneath(table: Table) -> list[Table]:
    """The plots that have a scale above them, each by itself."""
    return [
        _without(table, frozenset(range(1, len(table.header))) - {place})
        for place in sorted(table.plots)
        if table.header[place]
    ]


def _one_line(table: Table, width: int) -> bool:
    """Whether there is room for every cell in one line."""
    columns = _columns(table)
    return table.indent + sum(map(longest, columns)) + 2 * (len(columns) - 1) <= width


def _columns(table: Table) -> list[tuple[str, ...]]:
    lines = ([table.header] if table.header else []) + [tuple(map(text_of, row)) for row in table.rows]
    return list(zip(*lines, strict=True))


def _widths(table: Table, width: int) -> list[int] | None:
    """Widths of the columns; None where words are too long for them."""
    columns = _columns(table)
    least = [
        longest(each) if place in table.plots else longest_word(each) for place, each in enumerate(columns)
    ]
    return shared(columns, [max(each, 1) for each in least], width - table.indent - 2 * (len(columns) - 1))


def _folded(table: Table, width: int) -> list[int] | None:
    """Widths where a word is longer than a line: it alone is folded, in the last column."""
    names = [longest_word(map(text_of, column)) for column in _columns(table)[:-1]]
    left = width - table.indent - sum(names) - 2 * len(names)
    return [*names, left] if left >= _LEAST else None


def _without(table: Table, places: frozenset[int]) -> Table:
    kept = [place for place in range(len(table.header)) if place not in places]
    if not places or not kept:
        return table
    return replace(
        table,
        header=tuple(table.header[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
        drop=(),
        plots=frozenset(kept.index(place) for place in table.plots - places),
    )


def _listed(table: Table) -> list[Table]:
    """Each row by itself: its first cell, and beneath it what the others are, with their names."""
    found = []
    for row in table.rows:
        first = row[0] if not table.header[0] else with_text(row[0], f"{table.header[0]} {text_of(row[0])}")
        found.append(Table((), ((first,),), frozenset(), table.indent))
        pairs = tuple(
            ((name, "dim"), cell)
            for name, cell in zip(table.header[1:], row[1:], strict=True)
            if text_of(cell)
        )
        if pairs:
            found.append(Table((), pairs, frozenset(), table.indent + 2))
    return found


def styled(cell: Cell) -> "Text":
    """A cell as rich takes it."""
    from rich.text import Text

    return Text(cell) if isinstance(cell, str) else Text(cell[0], style=cell[1])


def _rich_table(table: Table, widths: Sequence[int] | None) -> "Padding":
    """A table with columns of these widths; without any, in lines that are cut, or folded where they must."""
    from rich.padding import Padding
    from rich.table import Table as RichTable

    made = RichTable(
        box=None, show_header=bool(table.header), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0)
    )
    columns = table.header or ("",) * (len(table.rows[0]) if table.rows else 0)
    for place, name in enumerate(columns):
        made.add_column(
            name,
            justify="right" if name in table.right else "left",
            overflow="fold" if not table.drop else "ellipsis",
            no_wrap=bool(table.drop),
            width=None if widths is None else widths[place],
        )
    for row in table.rows:
        made.add_row(*(styled(cell) for cell in row))
    return Padding(made, (0, 0, 0, table.indent))
