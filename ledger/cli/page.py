"""A page for people: coloured tables on a terminal, aligned plain text everywhere else."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.cli.tables import Cell, Styled, Table, aligned, laid_out, styled, text_of, with_text
from ledger.cli.widths import wrapped

__all__ = ["Cell", "Page", "Styled", "colored", "present"]


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    cell: Cell
    verbatim: bool = False


@dataclass(slots=True)
class Page:
    """Headings, lines and tables, written out at the end."""

    _parts: list[_Heading | _Line | Table] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(_Heading(text))

    def line(self, cell: Cell = "", *, verbatim: bool = False) -> None:
        """Add one line; a terminal ends it between words, unless it is `verbatim`, as code is."""
        self._parts.append(_Line(cell, verbatim))

    def pairs(self, pairs: Iterable[tuple[str, Cell | None]], *, indent: int = 2) -> None:
        """Add names with their values; those without a value are left out."""
        rows = tuple(((name, "dim"), found) for name, found in pairs if found is not None and found != "")
        if rows:
            self._parts.append(Table((), rows, frozenset(), indent))

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        right: Iterable[str] = (),
        indent: int = 2,
        drop: Iterable[int] = (),
        plots: Iterable[int] = (),
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
        plots
            Places of the columns that are drawn: where a terminal is too narrow for whole words beside them,
            those with a name, which is their scale, stand beneath; the others are left out.
        """
        found = [tuple(row) for row in rows]
        kept = [place for place in range(len(header)) if any(text_of(row[place]) for row in found)]
        self._parts.append(
            Table(
                tuple(header[place] for place in kept),
                tuple(tuple(row[place] for place in kept) for row in found),
                frozenset(right),
                indent,
                tuple(kept.index(place) for place in drop if place in kept),
                frozenset(kept.index(place) for place in plots if place in kept),
            )
        )

    def plain(self) -> str:
        """The page as plain text, nothing shortened."""
        lines: list[str] = []
        for part in self._parts:
            if isinstance(part, _Heading):
                lines += ["", part.text] if lines else [part.text]
            elif isinstance(part, _Line):
                lines.append(text_of(part.cell))
            else:
                lines += aligned(part)
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
                text = "\n".join(wrapped(part.text, width))
                console.print(styled((f"\n{text}" if place else text, "bold")), soft_wrap=True)
            elif isinstance(part, _Line):
                cell = part.cell
                if not part.verbatim:
                    cell = with_text(cell, "\n".join(wrapped(text_of(cell), width)))
                console.print(styled(cell), soft_wrap=True)
            else:
                for each in laid_out(part, width):
                    console.print(each)
        return "".join(f"{each.rstrip()}\n" for each in file.getvalue().splitlines())

    def show(self) -> None:
        """Write the page to standard output, through a pager if it is longer than the terminal."""
        if not sys.stdout.isatty():
            present(self.plain())
            return
        width = shutil.get_terminal_size().columns  # COLUMNS, where somebody set it
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
