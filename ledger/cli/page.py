"""A page for people: coloured tables on a terminal, aligned plain text everywhere else."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.padding import Padding
    from rich.text import Text

Styled = tuple[str, str]
"""A text, and how a terminal shows it."""
Cell = str | Styled


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    cell: Cell


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[str]
    indent: int
    drop: tuple[int, ...] = ()
    """Columns that a narrow terminal does without, the first one first; without any, cells are wrapped."""


@dataclass(slots=True)
class Page:
    """Headings, lines and tables, written out at the end."""

    _parts: list[_Heading | _Line | _Table] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(_Heading(text))

    def line(self, cell: Cell = "") -> None:
        """Add one line."""
        self._parts.append(_Line(cell))

    def pairs(self, pairs: Iterable[tuple[str, Cell | None]], *, indent: int = 2) -> None:
        """Add names with their values; those without a value are left out."""
        rows = tuple(((name, "dim"), found) for name, found in pairs if found is not None and found != "")
        if rows:
            self._parts.append(_Table((), rows, frozenset(), indent))

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        right: Iterable[str] = (),
        indent: int = 2,
        drop: Iterable[int] = (),
    ) -> None:
        """Add a table; columns without a text in any row are left out.

        Parameters
        ----------
        header
            Names of the columns.
        rows
            A cell for each column.
        right
            Columns of numbers.
        indent
            Spaces before each line.
        drop
            Places of the columns that a narrow terminal does without, the first one first; without any, cells
            are wrapped.
        """
        found = [tuple(row) for row in rows]
        kept = [place for place in range(len(header)) if any(_text(row[place]) for row in found)]
        self._parts.append(
            _Table(
                tuple(header[place] for place in kept),
                tuple(tuple(row[place] for place in kept) for row in found),
                frozenset(right),
                indent,
                tuple(kept.index(place) for place in drop if place in kept),
            )
        )

    def plain(self) -> str:
        """The page as plain text, nothing shortened."""
        lines: list[str] = []
        for part in self._parts:
            if isinstance(part, _Heading):
                lines += ["", part.text] if lines else [part.text]
            elif isinstance(part, _Line):
                lines.append(_text(part.cell))
            else:
                lines += _aligned(part)
        return "".join(f"{each}\n" for each in lines)

    def rich(self, width: int, color: bool) -> str:
        """The page for a terminal of that width."""
        from io import StringIO

        from rich.console import Console

        file = StringIO()
        console = Console(
            file=file, force_terminal=color, no_color=not color, width=width, highlight=False, emoji=False
        )
        for place, part in enumerate(self._parts):
            if isinstance(part, _Heading):
                console.print(_rich((f"\n{part.text}" if place else part.text, "bold")))
            elif isinstance(part, _Line):
                console.print(_rich(part.cell), soft_wrap=True)
            else:
                console.print(_rich_table(_fitted(part, width)))
        return "".join(f"{each.rstrip()}\n" for each in file.getvalue().splitlines())

    def show(self) -> None:
        """Write the page to standard output, through a pager if it is longer than the terminal."""
        if not sys.stdout.isatty():
            present(self.plain())
            return
        width = os.get_terminal_size(sys.stdout.fileno()).columns or 80
        present(self.rich(width, color=colored()))


def colored() -> bool:
    """Whether standard output takes colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def present(text: str) -> None:
    """Write text to standard output, through a pager if that is a terminal and the text is longer."""
    encoding = sys.stdout.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    if sys.stdout.isatty() and text.count("\n") >= os.get_terminal_size(sys.stdout.fileno()).lines > 0:
        import click

        os.environ.setdefault("LESS", "-FRX")
        click.echo_via_pager(text, color=True)
        return
    sys.stdout.write(text)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _width(text: str) -> int:
    """Columns that a terminal takes for a text."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(2 if east_asian_width(each) in "WF" else not combining(each) for each in text)


def _padded(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if to_right else text + space


def _aligned(table: _Table) -> list[str]:
    rows = [tuple(_text(cell) for cell in row) for row in table.rows]
    lines = [table.header, *rows] if table.header else rows
    widths = [max(_width(row[place]) for row in lines) for place in range(len(lines[0]))] if lines else []
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


def _fitted(table: _Table, width: int) -> _Table:
    """The columns of a table that a terminal has room for; a last one tells how many are left out.

    Where even the fewest are too wide their cells are wrapped, lest part of a number be taken for all of it.
    """
    if not table.drop:
        return table
    lines = (table.header, *table.rows)
    left = {place: 2 + max(_width(_text(row[place])) for row in lines) for place in range(len(table.header))}

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
    return _Table(
        (*(table.header[place] for place in left), f"… {len(table.header) - len(left)} more"),
        tuple((*(row[place] for place in left), "") for row in table.rows),
        table.right,
        table.indent,
        drop,
    )


def _rich(cell: Cell) -> "Text":
    from rich.text import Text

    return Text(cell) if isinstance(cell, str) else Text(cell[0], style=cell[1])


def _rich_table(table: _Table) -> "Padding":
    from rich.padding import Padding
    from rich.table import Table

    made = Table(
        box=None, show_header=bool(table.header), header_style="dim", pad_edge=False, padding=(0, 2, 0, 0)
    )
    columns = table.header or ("",) * (len(table.rows[0]) if table.rows else 0)
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in table.right else "left",
            overflow="fold" if not table.drop else "ellipsis",
            no_wrap=bool(table.drop),
        )
    for row in table.rows:
        made.add_row(*(_rich(cell) for cell in row))
    return Padding(made, (0, 0, 0, table.indent))
