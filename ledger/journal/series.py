"""The series object: every point of every metric of one trial.

::

    object  = record* table trailer
    record  = key, step, time (int64) and value (float64), little-endian, 32 bytes
    table   = canonical CBOR {"v": 1, "keys": [[metric's name, writer], …]}
    trailer = length of the table in bytes (uint64, little-endian), then the magic "LDGRSER1"

A key is a position in the table. Keys are numbered in the order of their first record, and so are writers,
which tell the trial's processes apart. ``schemas/README.md`` is normative.
"""

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any, BinaryIO, NamedTuple

import cbor2

from ledger.errors import FormatError, LedgerError, NewerFormatError
from ledger.model import MetricSummary

VERSION = 1
MAGIC = b"LDGRSER1"
RECORD = Struct("<qqqd")
TRAILER = Struct("<Q8s")
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
        rows = [[name, self._writers[writer]] for name, writer in self._keys]
        table = cbor2.dumps({"v": VERSION, "keys": rows}, canonical=True)
        self._file.write(table + TRAILER.pack(len(table), MAGIC))
        return self.summaries

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
    records, table = _split(memoryview(content))
    columns = {name: _empty() for name in dict.fromkeys(name for name, _ in table)}
    add = []
    for name, writer in table:
        each = columns[name]
        add.append((each.steps.append, each.times.append, each.values.append, each.writers.append, writer))
    known, total = 0, len(table)
    for place, (key, step, time, value) in enumerate(RECORD.iter_unpack(records)):
        if not 0 <= key < total or time <= 0 or key > known:
            _refuse_record(place, key, time, min(known, total - 1))
        if key == known:
            known += 1
        add_step, add_time, add_value, add_writer, writer = add[key]
        add_step(step)
        add_time(time)
        add_value(value)
        add_writer(writer)
    _expect(known == total, "keys", f"a record of each of the {total}", f"records of {known}")
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

    Raises
    ------
    FormatError
        If one of them is no series object.
    """
    left, right = points(expected), points(got)
    found: list[Parting] = []
    for name in sorted(left.keys() | right.keys()):
        parting = _parting(name, left.get(name), right.get(name), allows or _same)
        if parting:
            found.append(parting)
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


def _split(content: memoryview) -> tuple[memoryview, list[tuple[str, int]]]:
    """Records and key table of an object, checked."""
    _expect(len(content) >= TRAILER.size, "trailer", f"{TRAILER.size} bytes", f"{len(content)} bytes")
    length, magic = TRAILER.unpack(content[-TRAILER.size :])
    _expect(magic == MAGIC, "magic", repr(MAGIC), repr(magic))
    end = len(content) - TRAILER.size - length
    _expect(end >= 0, "table", f"at most {len(content) - TRAILER.size} bytes", f"{length} bytes")
    _expect(end % RECORD.size == 0, "records", f"a multiple of {RECORD.size} bytes", f"{end} bytes")
    return content[:end], _table(bytes(content[end : end + length]))


def _table(content: bytes) -> list[tuple[str, int]]:
    try:
        document = cbor2.loads(content)
    except (cbor2.CBORError, ValueError, EOFError, OverflowError, RecursionError, MemoryError) as error:
        raise _not_a_series("table", "canonical CBOR", str(error)) from error
    version = document.get("v") if isinstance(document, dict) else None
    if type(version) is int and version > VERSION:
        raise NewerFormatError(
            f"a metric series of format {version}",
            cause=f"this release reads formats up to {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    _expect(type(version) is int and version == VERSION, "table.v", str(VERSION), repr(version))
    rows: Any = document.get("keys")
    _expect(isinstance(rows, list), "table.keys", "an array", type(rows).__name__)
    table: list[tuple[str, int]] = []
    writers = 0
    for place, row in enumerate(rows):
        fits = isinstance(row, list) and [type(each) for each in row] == [str, int] and 0 <= row[1] <= writers
        _expect(fits, f"table.keys[{place}]", f"[name, writer up to {writers}]", repr(row)[:100])
        writers = max(writers, row[1] + 1)
        table.append((row[0], row[1]))
    _expect(len(set(table)) == len(table), "table.keys", "each key once", "one twice")
    canonical = cbor2.dumps({"v": VERSION, "keys": rows}, canonical=True)
    _expect(canonical == content, "table", "canonical CBOR of v and keys", "other bytes")
    return table


def _refuse_record(place: int, key: int, time: int, largest: int) -> None:
    if time <= 0:
        raise _not_a_series(f"record[{place}].time", "above 0", str(time))
    raise _not_a_series(f"record[{place}].key", f"0 to {largest}", str(key))


def _expect(holds: bool, place: str, expected: str, got: str) -> None:
    if not holds:
        raise _not_a_series(place, expected, got)


def _not_a_series(place: str, expected: str, got: str) -> LedgerError:
    return FormatError("not a metric series", cause=f"{place}: expected {expected}, got {got}")
