"""CSV and TSV cell by cell: numbers within the tolerance; quotes and line ends do not count."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import BinaryIO, Final

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.spelled import number
from ledger.compare.streams import buffered
from ledger.compare.tables.columns import Columns

_ROWS: Final = 1024
"""Rows that are compared at once."""
_LARGEST_BLOCK: Final = 1 << 21
"""Bytes of them, about."""
_LONGEST_LINE: Final = 1 << 20
_LARGEST_ROW: Final = 1 << 22
"""Bytes: a row goes on over many lines as long as each ends within quotes."""
_DELIMITERS: Final = ",\t;|"

Row = list[str]


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    with buffered(expected) as one, buffered(got) as other:
        left, right = _Table(one), _Table(other)
        try:
            _compare_rows(left, right, account)
        except csv.Error as error:
            raise Unfit(f"no table: {error}") from None
    for what in left.form:
        if left.form[what] != right.form[what]:
            account.ignore(what)


compare = of_content(_compare)
"""Compare two tables of delimited text by their columns."""


def _compare_rows(left: "_Table", right: "_Table", account: Account) -> None:
    heads = next(left.rows, []), next(right.rows, [])
    layout = _Layout(*heads, account)
    columns = Columns(account)
    first: list[tuple[Row | None, Row | None]] = [] if layout.has_header else [(heads[0], heads[1])]
    block, start, counts = first, 1, [len(first), len(first)]
    for pair in zip_longest(left.rows, right.rows):
        for side, row in enumerate(pair):
            counts[side] += row is not None
        block.append(pair)
        if len(block) == _ROWS or left.taken + right.taken > _LARGEST_BLOCK:
            layout.compare(columns, start, block)
            block, start, left.taken, right.taken = [], start + len(block), 0, 0
    layout.compare(columns, start, block)
    columns.close()
    if counts[0] != counts[1]:
        account.differ("rows", f"{counts[0]} and {counts[1]}")


class _Table:
    """The rows of a content, and how they are written down."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.form = {"delimiters": 0, "quotes": 0, "line ends": 0}
        """By what does not count: a number that tells whether two contents differ in it."""
        self.taken = 0
        """Bytes that were read since the last block of rows."""
        lines = self._lines()
        head = next(lines, "")
        used = Counter(head)
        delimiter = max(_DELIMITERS, key=lambda each: used[each])
        self.form["delimiters"] = ord(delimiter)
        self.rows = self._rows(csv.reader(_chained(head, lines), delimiter=delimiter))

    def _rows(self, reader: Iterator[Row]) -> Iterator[Row]:
        for row in reader:
            self._of_row = 0
            if row:  # an empty line is none
                yield row

    def _lines(self) -> Iterator[str]:
        self._of_row = 0
        ended = True
        while line := self._file.readline(_LONGEST_LINE + 1):
            self.taken += len(line)
            self._of_row += len(line)
            if len(line) > _LONGEST_LINE or self._of_row > _LARGEST_ROW:
                raise Unfit("a row is too long")
            if b"\0" in line:
                raise Unfit("no table: it holds a NUL")
            ended = line.endswith(b"\n")
            self.form["quotes"] += line.count(b'"')
            self.form["line ends"] += line.endswith(b"\r\n")
            yield line.decode("utf-8-sig" if line.startswith(b"\xef\xbb\xbf") else "utf-8", "surrogateescape")
        self.form["line ends"] += not ended


def _chained(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield head
    yield from lines


class _Layout:
    """Which columns of two tables belong together: those of one name, or of one position without names."""

    def __init__(self, left: Row, right: Row, account: Account) -> None:
        self._account = account
        self._widths = len(left), len(right)
        self.has_header = all(head and all(number(each) is None for each in head) for head in (left, right))
        names = [_names(head if self.has_header else [""] * len(head)) for head in (left, right)]
        self._columns = [(each, names[0][each], names[1][each]) for each in names[0] if each in names[1]]
        if not self.has_header and len(left) != len(right):
            account.differ("columns", f"{len(left)} and {len(right)}")
            return
        for each in dict.fromkeys((*names[0], *names[1])):
            if each not in names[0] or each not in names[1]:
                account.only(each, first=each in names[0])
        if [each for each in names[0] if each in names[1]] != [each for each in names[1] if each in names[0]]:
            account.differ("columns", "another order")

    def compare(self, columns: Columns, start: int, block: list[tuple[Row | None, Row | None]]) -> None:
        """Compare rows of both, as far as both have them; the first is row `start`, not counting a header."""
        rows: list[tuple[Row, Row]] = []
        for place, (one, other) in enumerate(block, start):
            if one is None or other is None:
                break
            if (len(one), len(other)) == self._widths:
                rows.append((one, other))
                continue
            if one != other:
                self._account.differ(f"row {place}", f"{len(one)} and {len(other)} cells")
            rows.append(([""] * self._widths[0], [""] * self._widths[1]))
        for name, left, right in self._columns if rows else ():
            cells = [each[0][left] for each in rows], [each[1][right] for each in rows]
            columns.values(name, start, _values(cells[0]), _values(cells[1]))


def _values(cells: Row) -> list[int | float | str]:
    values = ((number(each), each) for each in cells)
    return [cell if value is None else value for value, cell in values]


def _names(head: Row) -> dict[str, int]:
    """Position of each column by its name; without one, or with one that another has, by "column N"."""
    names: dict[str, int] = {}
    for place, name in enumerate(head):
        unnamed = f"column {place + 1}"
        names[unnamed if not name or name in names else name] = place
    return names
