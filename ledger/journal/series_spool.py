"""From what a trial's processes spooled of their metrics to one series object."""

import errno
import io
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ledger import fs
from ledger.journal.series_format import RECORD
from ledger.model import MetricSummary
from ledger.model.pattern import Pattern

if TYPE_CHECKING:
    from ledger.journal.series import Row, SeriesWriter

MAX_METRICS = 10_000
"""Names past which a trial's further metrics are left out."""
MAX_NAME = 1_000
"""Letters of a metric's name."""
_SERIES_FILE = Pattern(r"series-([0-9]{1,19})-([0-9]{1,19})\.bin")
_BLOCK = 2048 * RECORD.size
_MAX_KEYS_FILE = 64 << 20

Extra = tuple[str, str, Sequence[int], Sequence[float]]
"""A metric from elsewhere: its name, its name if that one was logged, steps and values."""


class Merged(NamedTuple):
    """What became of a spool's series."""

    summaries: tuple[MetricSummary, ...]
    """Sorted by name; empty where no point was logged, and then no file was made."""
    problems: tuple[str, ...]
    """What was left out and why."""


class _Source:
    """One process's series file; it counts what it leaves out."""

    def __init__(self, *, path: Path, process: int, number: int, names: list[str | None]) -> None:
        self.path = path
        self.process = process
        self.number = number
        self.names = names
        self.unknown = 0
        self.error: str | None = None

    def rows(self, source: int) -> "Iterator[Row]":
        """Its whole records in order. One whose time is 0 was never written, or not to its end."""
        names, total = self.names, len(self.names)
        try:
            with open(self.path, "rb", buffering=0) as file:
                while block := _read_block(file.fileno()):
                    used = len(block.rstrip(b"\0")) + RECORD.size - 1
                    whole = min(used, len(block)) // RECORD.size * RECORD.size
                    for key, step, time, value in RECORD.iter_unpack(block[:whole]):
                        if 0 <= key < total and names[key] is not None and time > 0:
                            yield time, source, key, step, value
                        elif time:
                            self.unknown += 1
        except OSError as error:
            self.error = error.strerror or str(error)

    @property
    def problems(self) -> Iterator[str]:
        """What was left out."""
        if self.error:
            yield f"{self.path.name} could not be read: {self.error}"
        if self.unknown:
            yield f"{self.path.name}: {self.unknown} points name no metric"


def merge_spool(
    spool: Path,
    into: Path,
    *,
    extra: Iterable[Extra] = (),
    extra_time: int = 1,
) -> Merged:
    """Unite all processes' points into one series object, in bounded memory.

    A process's points stay in its own order; among processes the earlier time goes first.

    Parameters
    ----------
    spool
        The trial's spool directory.
    into
        The file to make; none is made where there is no point.
    extra
        Metrics from elsewhere. They come last, each as a whole. One that was logged too is left out if all
        its points were logged (rounded to 32 bits, perhaps), in that order; else it takes its other name.
    extra_time
        UTC, nanoseconds since 1970: the time of `extra`.

    Raises
    ------
    StorageError
        If `into` cannot be written.
    """
    sources, problems = _sources(spool)
    others = list(extra)
    if not sources and not others:
        return Merged(summaries=(), problems=tuple(problems))
    import heapq

    from ledger.journal.series import SeriesWriter  # most trials log nothing

    with fs.explained(into), open(into, "w+b", buffering=1 << 16) as file:
        writer = SeriesWriter(file)
        rows = [each.rows(place) for place, each in enumerate(sources)]
        names = [[name or "" for name in each.names] for each in sources]
        merged = rows[0] if len(rows) == 1 else heapq.merge(*rows)
        writer.write(merged, names, [each.process for each in sources])
        if others:
            _write_extra(writer, file, others, extra_time, problems)
        summaries = writer.close()
    for each in sources:
        problems.extend(each.problems)
    if not summaries:
        into.unlink()
    return Merged(summaries=summaries, problems=tuple(problems))


def spooled(spool: Path) -> list[tuple[Path, list[str | None]]]:
    """Each process's series file in a spool that may still grow, and the name of each of its keys."""
    sources, _ = _sources(spool)
    return [(each.path, each.names) for each in sources]


def _write_extra(
    writer: "SeriesWriter", file: BinaryIO, extra: list[Extra], time: int, problems: list[str]
) -> None:
    logged = {each.name for each in writer.summaries}
    both = [each for each in extra if each[0] in logged]
    known = _logged_too(file, writer.keys, both) if both else frozenset[str]()
    taken, past = set(logged), 0
    for name, otherwise, steps, values in extra:
        if name in known:
            continue
        own = otherwise if name in logged else name
        if own in taken:
            problems.append(f"{own} from a file was left out: another metric is named so")
        elif len(taken) >= MAX_METRICS:
            past += 1
        else:
            taken.add(own)
            rows = ((time, 0, 0, step, value) for step, value in zip(steps, values, strict=True))
            writer.write(rows, [[own]], [-1])
    if past:
        problems.append(f"{past} metrics past the first {MAX_METRICS} were left out")


def _logged_too(file: BinaryIO, keys: list[str], extra: list[Extra]) -> frozenset[str]:
    """Names of those all of whose points are among the records of the file, in that order."""
    ways = {name: (steps, values) for name, _, steps, values in extra}
    found: dict[str, int] = dict.fromkeys(ways, 0)
    of_key = [ways.get(name) for name in keys]
    end = file.tell()
    file.seek(0)
    left = end
    while left and (block := file.read(min(_BLOCK, left))):
        left -= len(block)
        for key, step, _, value in RECORD.iter_unpack(block):
            way = of_key[key]
            if way is None:
                continue
            place = found[keys[key]]
            if place < len(way[0]) and step == way[0][place] and _same(value, way[1][place]):
                found[keys[key]] += 1
    file.seek(end)
    return frozenset(name for name, count in found.items() if count == len(ways[name][0]))


def _same(value: float, other: float) -> bool:
    """Whether they are equal once rounded to 32 bits, as event files do; NaN is NaN."""
    return value == other or (value != value and other != other) or abs(value - other) <= 6e-8 * abs(value)


def _sources(spool: Path) -> tuple[list[_Source], list[str]]:
    problems: list[str] = []
    found: list[tuple[int, int, str]] = []
    try:
        with os.scandir(spool) as entries:
            for entry in entries:
                match = _SERIES_FILE.fullmatch(entry.name) if entry.name.startswith("series-") else None
                # The child may have put anything here: to open a pipe would block.
                if match and entry.is_file(follow_symlinks=False):
                    found.append((int(match[1]), int(match[2]), entry.name))
    except OSError as error:
        problems.append(f"the spool could not be read: {error.strerror}")
    seen: set[str] = set()
    sources = []
    for process, number, name in sorted(found):
        names = _names(spool / f"keys-{process}-{number}.jsonl", seen, problems)
        sources.append(_Source(path=spool / name, process=process, number=number, names=names))
    return sources, problems


def _names(path: Path, seen: set[str], problems: list[str]) -> list[str | None]:
    """Name of each key; None where its line is none."""
    try:
        content = _read_regular(path)
    except OSError as error:
        problems.append(f"{path.name} could not be read: {error.strerror}")
        return []
    names: list[str | None] = []
    bad = past = 0
    for line in io.BytesIO(content):
        name = _name(line)
        if name is None:
            bad += 1
        elif name not in seen and len(seen) >= MAX_METRICS:
            name, past = None, past + 1
        else:
            seen.add(name)
        names.append(name)
    if bad:
        problems.append(f"{path.name}: {bad} names could not be read")
    if past:
        problems.append(f"{path.name}: {past} metrics past the first {MAX_METRICS} were left out")
    return names


def _name(line: bytes) -> str | None:
    if not line.endswith(b"\n") or len(line) > 16 * MAX_NAME:
        return None  # torn, or no name
    try:
        name = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        return None
    return name.encode("utf-8", "replace").decode("utf-8")


def _read_regular(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "no regular file")
        return file.read(_MAX_KEYS_FILE)


def _read_block(descriptor: int) -> bytes:
    """The next block that holds data; holes are jumped over, since files grow ahead of what is written."""
    block = os.read(descriptor, _BLOCK)
    while block and not block.strip(b"\0"):
        here = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            there = os.lseek(descriptor, here, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return b""  # nothing but a hole up to the end
            there = here  # a file system that knows no holes
        os.lseek(descriptor, there - there % RECORD.size, os.SEEK_SET)
        block = os.read(descriptor, _BLOCK)
    return block
