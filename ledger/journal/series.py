"""The series object: every point of every metric of one trial, written, read and compared.

Its bytes are those of `ledger.journal.series_format`.
"""

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from ledger.journal.series_format import RECORD, encode_end, expect, refuse_record, split
from ledger.model import MetricSummary

_BLOCK = 2048
"""Records that are packed or read at a time."""


class Point(NamedTuple):
    """One value of one metric, as a process wrote it."""

    name: str
    """Of the metric."""
    writer: int
    """Any number that tells its process apart."""
    step: int
    time: int
    """UTC, nanoseconds since 1970; above 0."""
    value: float


class Points(NamedTuple):
    """One metric's points in recorded order: columns of one length."""

    steps: "array[int]"
    times: "array[int]"
    """UTC, nanoseconds since 1970."""
    values: "array[float]"
    writers: "array[int]"
    """Which of the trial's processes wrote it, from 0."""


class Parting(NamedTuple):
    """Where two series of one metric part."""

    metric: str
    step: int
    expected: float | None
    """None where the recorded series has no such point."""
    got: float | None
    """None where the other has none."""


Row = tuple[int, int, int, int, float]
"""(time, source, key of the source, step, value); a tuple, because there are millions."""


class SeriesWriter:
    """Writes a series object in bounded memory, and sums up as it goes.

    Parameters
    ----------
    file
        Opened for writing; nothing is written before the first point.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._keys: dict[tuple[str, int], int] = {}
        self._writers: dict[int, int] = {}
        self._sums: dict[str, list[float]] = {}
        self._sum_of_key: list[list[float]] = []

    def write(self, rows: Iterable[Row], names: Sequence[Sequence[str]], writers: Sequence[int]) -> None:
        """Append rows.

        Parameters
        ----------
        rows
            In the order in which they are kept.
        names
            For each source, the name of each of its keys.
        writers
            For each source, its process.
        """
        keys: list[list[int]] = [[-1] * len(each) for each in names]
        sums, pack, parts = self._sum_of_key, RECORD.pack, list[bytes]()
        for time, source, local, step, value in rows:
            key = keys[source][local]
            if key < 0:
                key = keys[source][local] = self._key(names[source][local], writers[source])
            entry = sums[key]
            entry[0] = value
            if value < entry[1]:
                entry[1] = value
            if value > entry[2]:
                entry[2] = value
            entry[3] += 1
            parts.append(pack(key, step, time, value))
            if len(parts) == _BLOCK:
                self._file.write(b"".join(parts))
                parts.clear()
        self._file.write(b"".join(parts))

    def close(self) -> tuple[MetricSummary, ...]:
        """Write what follows the records; the file itself stays open.

        Returns
        -------
        tuple of MetricSummary
            Sorted by name.
        """
        self._file.write(encode_end([(name, self._writers[writer]) for name, writer in self._keys]))
        return self.summaries

    @property
    def keys(self) -> list[str]:
        """Of each key so far, the metric's name."""
        return [name for name, _ in self._keys]

    @property
    def summaries(self) -> tuple[MetricSummary, ...]:
        """Of the points so far, sorted by name."""
        return tuple(_summary(name, self._sums[name]) for name in sorted(self._sums))

    def _key(self, name: str, writer: int) -> int:
        key = self._keys.get((name, writer))
        if key is None:
            key = self._keys[name, writer] = len(self._keys)
            self._writers.setdefault(writer, len(self._writers))
            self._sum_of_key.append(self._sums.setdefault(name, [0.0, math.inf, -math.inf, 0]))
        return key


def _summary(name: str, entry: list[float]) -> MetricSummary:
    last, low, high, count = entry
    if low > high:
        low = high = math.nan
    return MetricSummary(name=name, last=last, min=low, max=high, count=int(count))


def write(file: BinaryIO, points: Iterable[Point]) -> tuple[MetricSummary, ...]:
    """Write a whole series object of points in their order; returns the metrics' summaries."""
    writer = SeriesWriter(file)
    for point in points:
        writer.write([(point.time, 0, 0, point.step, point.value)], [[point.name]], [point.writer])
    return writer.close()


def points(content: bytes | memoryview) -> dict[str, Points]:
    """Read a series object: each metric's points, metrics in the order of their first point.

    Raises
    ------
    FormatError
        If it is none; the cause names the place.
    NewerFormatError
        If a later release wrote it.
    """
    records, table = split(memoryview(content))
    columns = {name: _empty() for name in dict.fromkeys(name for name, _ in table)}
    add = []
    for name, writer in table:
        each = columns[name]
        add.append((each.steps.append, each.times.append, each.values.append, each.writers.append, writer))
    known, total = 0, len(table)
    for place, (key, step, time, value) in enumerate(RECORD.iter_unpack(records)):
        if not 0 <= key < total or time <= 0 or key > known:
            refuse_record(place, key, time, min(known, total - 1))
        if key == known:
            known += 1
        add_step, add_time, add_value, add_writer, writer = add[key]
        add_step(step)
        add_time(time)
        add_value(value)
        add_writer(writer)
    expect(known == total, "keys", f"a record of each of the {total}", f"records of {known}")
    return columns


def summaries(content: bytes | memoryview) -> tuple[MetricSummary, ...]:
    """Sum up a series object, sorted by name.

    Raises
    ------
    FormatError
        If it is none.
    """
    return tuple(
        _summary(name, [each.values[-1], *_bounds(each.values), len(each.values)])
        for name, each in sorted(points(content).items())
    )


def partings(
    expected: bytes | memoryview,
    got: bytes | memoryview,
    allows: Callable[[float, float], bool] | None = None,
    special: Mapping[str, Callable[[float, float], bool]] | None = None,
) -> list[Parting]:
    """Compare two series objects, times aside: the first point at which each metric parts, sorted by name.

    A metric of one process is compared in its recorded order. What several processes logged under one name
    came in an order that is a race, so it is compared in the order of steps and, within one, of values.

    Parameters
    ----------
    expected
        What is recorded.
    got
        The other one.
    allows
        Whether the second value is near enough to the first; None: only if they are equal, or both NaN.
    special
        The same for some metrics, by name.

    Raises
    ------
    FormatError
        If one of them is no series object.
    """
    left, right = points(expected), points(got)
    found: list[Parting] = []
    for name in sorted(left.keys() | right.keys()):
        near = (special or {}).get(name, allows or _same)
        parting = _parting(name, left.get(name), right.get(name), near)
        if parting:
            found.append(parting)
    return found


def aligned(
    expected: bytes | memoryview, got: bytes | memoryview
) -> dict[str, tuple["array[float]", "array[float]"] | None]:
    """Values of two series objects side by side, in the order in which `partings` compares them.

    Returns
    -------
    dict
        By metric, sorted; None for one that has not the same steps on both sides.

    Raises
    ------
    FormatError
        If one of them is no series object.
    """
    left, right = points(expected), points(got)
    found: dict[str, tuple[array[float], array[float]] | None] = {}
    for name in sorted(left.keys() | right.keys()):
        if name not in left or name not in right:
            found[name] = None
            continue
        rows = _rows(left[name]), _rows(right[name])
        if any(_is_shared(each[name]) for each in (left, right)):
            for each in rows:
                each.sort(key=_order)
        steps = [[step for step, _ in each] for each in rows]
        values = [array("d", (value for _, value in each)) for each in rows]
        found[name] = (values[0], values[1]) if steps[0] == steps[1] else None
    return found


def _empty() -> Points:
    return Points(steps=array("q"), times=array("q"), values=array("d"), writers=array("q"))


def _parting(
    name: str, expected: Points | None, got: Points | None, allows: Callable[[float, float], bool]
) -> Parting | None:
    if expected and got and expected.steps == got.steps and expected.values.tobytes() == got.values.tobytes():
        return None
    left, right = [] if expected is None else _rows(expected), [] if got is None else _rows(got)
    if any(each is not None and _is_shared(each) for each in (expected, got)):
        left.sort(key=_order)
        right.sort(key=_order)
    for (step, value), (other_step, other) in zip(left, right, strict=False):
        if step < other_step:
            return Parting(metric=name, step=step, expected=value, got=None)
        if step > other_step:
            return Parting(metric=name, step=other_step, expected=None, got=other)
        if not allows(value, other):
            return Parting(metric=name, step=step, expected=value, got=other)
    if len(left) > len(right):
        step, value = left[len(right)]
        return Parting(metric=name, step=step, expected=value, got=None)
    if len(left) < len(right):
        step, value = right[len(left)]
        return Parting(metric=name, step=step, expected=None, got=value)
    return None


def _rows(each: Points) -> list[tuple[int, float]]:
    return list(zip(each.steps, each.values, strict=True))


def _is_shared(each: Points) -> bool:
    return len(set(each.writers)) > 1


def _order(row: tuple[int, float]) -> tuple[int, bool, float]:
    step, value = row
    return (step, True, 0.0) if value != value else (step, False, value)


def _same(expected: float, got: float) -> bool:
    return expected == got or (expected != expected and got != got)


def _bounds(values: "array[float]") -> tuple[float, float]:
    numbers = [each for each in values if each == each]
    return (min(numbers), max(numbers)) if numbers else (math.inf, -math.inf)
