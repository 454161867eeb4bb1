"""Points of metrics as columns, and the files that they are read from: what all readers of metrics share."""

import os
import stat
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ledger.capture.spooled_lines import clean

LONGEST_NAME = 1_000
"""Letters of a metric's name."""
MOST_NAMES = 10_000
"""Names of one source past which further ones are left out."""
_CHUNK = 1 << 20

Former = Callable[[str], bytes | Path | None]
"""Path of an output → what it held before the trial changed it, or a file that holds that.

None where it is not known, where the file is new, and where the program began it anew.
"""


Column = tuple["array[int]", "array[float]"]
"""Steps and values, of one length."""


class MetricPoints(NamedTuple):
    """One metric's points, in the order of the file: columns of one length."""

    name: str
    otherwise: str
    """Its name if another metric has `name`."""
    steps: "array[int]"
    values: "array[float]"


class Unfit(Exception):
    """A file that is not read, or not further; the text says why."""


class Columns:
    """Points of one source, by name.

    Parameters
    ----------
    room
        Points that may be added.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.of: dict[str, Column] = {}
        self.problems: dict[str, None] = {}
        """Texts, in order, each once."""

    def column(self, name: str) -> Column | None:
        """Steps and values of a name, to append to; None for a name that is left out."""
        found = self.of.get(name)
        if found is None:
            if not 0 < len(name) <= LONGEST_NAME:
                self.problems[f"a name is empty or longer than {LONGEST_NAME} letters"] = None
                return None
            if len(self.of) >= MOST_NAMES:
                self.problems[f"names past the first {MOST_NAMES} were left out"] = None
                return None
            found = self.of[name] = (array("q"), array("d"))
        return found

    def add(self, name: str, step: int, value: float) -> None:
        """Append one point.

        Raises
        ------
        Unfit
            If there is no room.
        """
        self.take(1)
        column = self.column(name)
        if column is not None:
            column[0].append(step)
            column[1].append(value)

    def take(self, count: int) -> None:
        """Use up room.

        Raises
        ------
        Unfit
            If there is none left.
        """
        self.room -= count
        if self.room < 0:
            raise Unfit("there are too many points")


def same(left: float, right: float) -> bool:
    """Whether two values are one, perhaps rounded to 32 bits; NaN is NaN."""
    return left == right or (left != left and right != right) or abs(left - right) <= 6e-8 * abs(left)


def holds(whole: Column, part: Column) -> bool:
    """Whether all points of `part` are points of `whole`, in that order."""
    steps, values = part
    place, total = 0, len(steps)
    for step, value in zip(*whole, strict=True):
        if place == total:
            break
        if step == steps[place] and same(value, values[place]):
            place += 1
    return place == total


def open_regular(path: str | Path) -> tuple[BinaryIO, int]:
    """Open a regular file; returns its size too.

    Raises
    ------
    Unfit
        If it is none: to read a pipe would block.
    OSError
        If it cannot be opened.
    """
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115 - the caller's
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        file.close()
        raise Unfit("it is no regular file")
    return file, status.st_size


def appended_at(file: BinaryIO, size: int, former: bytes | Path | None) -> int:
    """Where the content begins that was appended to a former one; 0 if `file` does not begin with that."""
    if not former:
        return 0
    try:
        length = len(former) if isinstance(former, bytes) else os.stat(former).st_size
        if length >= size:
            return 0
        file.seek(0)
        if isinstance(former, bytes):
            alike = all(file.read(len(each)) == each for each in _chunks(former))
        else:
            with open(former, "rb") as before:
                alike = all(file.read(len(each)) == each for each in iter(lambda: before.read(_CHUNK), b""))
    except OSError:
        return 0  # it cannot be told: then all of the file counts
    return length if alike else 0


def _chunks(content: bytes) -> Iterator[bytes]:
    return (content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))


def line_at(file: BinaryIO, place: int) -> int:
    """Where the first line begins that was not yet whole when the file ended at `place`."""
    if place == 0:
        return 0
    file.seek(place - 1)
    if file.read(1) == b"\n":
        return place
    rest = file.readline()
    if not rest.strip(b"\r\n"):
        return place + len(rest)  # it only lacked its end
    start = place
    while start > 0:
        begin = max(0, start - _CHUNK)
        file.seek(begin)
        found = file.read(start - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        start = begin
    return 0


def said(path: str, problem: object) -> str:
    """What a health line says of a file that is not read, or not wholly."""
    return f"{clean(path)}: {' '.join(str(problem).split())[:200]}"
