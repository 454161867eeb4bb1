"""Metrics from tables of text: a header, then one row a step."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ledger.capture.metric_points import Columns, Unfit, appended_at, line_at, open_regular

MOST_BYTES = 64_000_000
_STEPS = (
    *("step", "global_step", "trainer/global_step", "iteration", "iter", "epoch"),
    *("timesteps", "timestep", "training_iteration", "time/total_timesteps", "timesteps_total"),
    *("total_timesteps", "time/iterations", "steps", "iterations", "epochs"),
)
"""Names, in small letters, of columns that say when; the first that is there counts."""
_INDEX = ("", "unnamed: 0")
"""Names of the index that pandas wrote: the number of the row, and no metric."""
_PROBE = 1 << 16
_ROWS = 1_000
"""Between two looks at the room that is left."""


def read(
    path: str,
    columns: Columns,
    *,
    former: bytes | Path | None = None,
    stepped: bool = False,
    cut: bool = False,
) -> bool:
    """Read a table.

    Commas, semicolons (numbers may then have a decimal comma) or tabs part the cells, whichever the header
    has most of. The step is that of the first column named so whose first cell is a whole number; where it is
    empty, the step before; without such a column, the number of the row. Cells that are empty or no number
    (``True`` is none) are no points, missing cells are empty, those past the header are left out.

    Parameters
    ----------
    path
        The file.
    columns
        Where points go.
    former
        What the file held before; only rows that were appended to that are read.
    stepped
        Whether a table without a column that says when is data, and left alone.
    cut
        Whether a last line without its end may be torn.

    Returns
    -------
    bool
        Whether the file has a header as metrics have; nothing is read of another.

    Raises
    ------
    Unfit, OSError, ValueError
        If it is not read, or not further.
    """
    file, size = open_regular(path)
    with file:
        header, delimiter, first = _header(file)
        if not header or (stepped and not any(_is_step_name(each) for each in header)):
            return False
        start = max(first, line_at(file, appended_at(file, size, former)))
        if size - start > MOST_BYTES:
            raise Unfit(f"it is larger than {MOST_BYTES // 1_000_000} MB")
        file.seek(start)
        try:
            _Table(columns, delimiter, header).read(file, cut=cut, again=start > first)
        except csv.Error as error:
            raise Unfit(str(error)) from error
    return True


def _header(file: BinaryIO) -> tuple[list[str], str, int]:
    """Names of the columns (none if there is no header), what parts them, and where the rows begin."""
    line = file.readline(_PROBE)
    text = line.decode("utf-8-sig", "replace")
    while line and (not text.strip() or text.startswith("#{")):
        line = file.readline(_PROBE)
        text = line.decode("utf-8", "replace")
    if not line.endswith(b"\n") or "\0" in text:
        return [], ",", 0
    text = text.lstrip("#")
    outside = "".join(text.split('"')[::2])
    delimiter = max(",;\t", key=outside.count)
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return [], ",", 0
    return (_names(cells), delimiter, file.tell()) if _is_header(cells) else ([], delimiter, 0)


def _names(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _is_header(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells) and all(_number(cell) is None for cell in cells)


def _is_step_name(name: str) -> bool:
    return name.lower() in _STEPS


class _Table:
    """Reads the rows of one file."""

    def __init__(self, columns: Columns, delimiter: str, header: list[str]) -> None:
        self.columns, self.delimiter = columns, delimiter
        self.unfinished = False
        self.begin(header)

    def begin(self, header: list[str]) -> None:
        """Take rows of this header from here on."""
        self.header = header
        found = [place for place, name in enumerate(header) if _is_step_name(name)]
        self.candidates = sorted(found, key=lambda place: _STEPS.index(header[place].lower()))
        self.places: list[int] | None = None

    def read(self, file: BinaryIO, *, cut: bool, again: bool) -> None:
        """Read all rows; `again` if they were appended, and may begin with a header of their own."""
        take, decimal, number = self.columns.take, self.delimiter == ";", -1
        targets: list[tuple[int, str]] = []
        step_place, step, untold = -1, 0, 0
        for row in csv.reader(self._lines(file), delimiter=self.delimiter):
            if not row:
                continue
            if self.unfinished and (cut or len(row) < len(self.header)):
                self.columns.problems["its last line is torn"] = None
                break
            if again and _is_header(row):
                self.begin(_names(row))
            again = False
            if row[0].strip() == self.header[0] and _names(row) == self.header:
                continue
            number += 1
            if self.places is None:
                step_place = self._step_place(row)
                targets = self._targets(step_place)
            if step_place < 0:
                step = number
            elif step_place < len(row):
                stated = _step(row[step_place])
                if stated is not None:
                    step = stated
                elif row[step_place] and _is_header(row):  # the program went on with other columns
                    self.begin(_names(row))
                    continue
            width = len(row)
            for place, name in targets:
                if place >= width or not (cell := row[place]):
                    continue
                try:
                    value = float(cell)
                except ValueError:
                    if not decimal or cell.count(",") != 1 or "." in cell:
                        continue
                    try:
                        value = float(cell.replace(",", "."))
                    except ValueError:
                        continue
                if "_" in cell:
                    continue  # 1_0 is a number to Python alone
                column = self.columns.of.get(name) or self.columns.column(name)
                if column is not None:
                    column[0].append(step)
                    column[1].append(value)
                    untold += 1
            if untold >= _ROWS:
                take(untold)
                untold = 0
        take(untold)

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for line in file:
            self.unfinished = not line.endswith(b"\n")
            yield line.decode()

    def _step_place(self, row: list[str]) -> int:
        for place in self.candidates:
            if place < len(row) and _step(row[place]) is not None:
                return place
        return -1

    def _targets(self, step_place: int) -> list[tuple[int, str]]:
        """Columns that are metrics."""
        found: dict[str, int] = {}
        for place, name in enumerate(self.header):
            if place == step_place or name.lower() in _INDEX:
                continue
            if name in found:
                self.columns.problems["two columns have one name: the first counts"] = None
            found.setdefault(name, place)
        self.places = list(found.values())
        return [(place, name) for name, place in found.items()]


def _step(cell: str) -> int | None:
    try:
        step = int(cell)
    except ValueError:
        value = _number(cell)
        if value is None or not value.is_integer():  # as neither NaN nor infinity is
            return None
        step = int(value)
    return step if -(1 << 62) <= step < 1 << 62 and "_" not in cell else None


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_named_so(path: str) -> bool:
    """Whether a file's suffix says that it is a table."""
    return os.path.splitext(path)[1].lower() in (".csv", ".tsv")
