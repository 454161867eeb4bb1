"""The points of a trial's metrics, of one that has ended and of one that still runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ledger.analysis.thinning import thinned
from ledger.errors import NotFoundError
from ledger.journal.series_format import split
from ledger.journal.series_spool import spooled
from ledger.model.frozen import frozen
from ledger.ops import running

if TYPE_CHECKING:
    from ledger.model import Trial
    from ledger.ui.source import Source

RECORD = np.dtype([("key", "<i8"), ("step", "<i8"), ("time", "<i8"), ("value", "<f8")])
_NO_TIME = np.iinfo(np.int64).max


@frozen
class Points:
    """The points of one metric, in the order of their steps."""

    steps: NDArray[np.int64]
    seconds: NDArray[np.float64]
    """Since the metric's first point."""
    values: NDArray[np.float64]


def of_trial(source: "Source", trial: "Trial", name: str) -> Points:
    """The points of one metric of a trial, as far as they are there.

    Raises
    ------
    NotFoundError
        If the trial has no such metric.
    """
    known: set[str] = set()
    found = []
    for records, names in _recorded(source, trial):
        known.update(names)
        keys = [key for key, each in enumerate(names) if each == name]
        found.append(records[np.isin(records["key"], keys) & (records["time"] > 0)])
    if name not in known:
        told = ", ".join(sorted(known)) or f"none: it is {trial.status}"
        raise NotFoundError(f"no metric {name!r} in trial {trial.id.short}", cause=f"it has {told}")
    united = np.concatenate(found)
    united = united[np.argsort(united["step"], kind="stable")]
    times = united["time"]
    seconds = (times - int(times.min(initial=_NO_TIME))) / 1e9
    return Points(steps=united["step"], seconds=seconds, values=united["value"])


@frozen
class Progress:
    """How far a metric has come."""

    count: int
    last: float
    time: int
    """Of its last point: UTC, nanoseconds since 1970."""


def progress(source: "Source", trial: "Trial") -> dict[str, Progress]:
    """How far each metric of a trial has come, sorted by name."""
    found: dict[str, Progress] = {}
    for records, names in _recorded(source, trial):
        own = records[(records["time"] > 0) & (records["key"] >= 0) & (records["key"] < len(names))]
        keys, place, count = np.unique(own["key"][::-1], return_index=True, return_counts=True)
        for key, last, number in zip(keys.tolist(), own[::-1][place], count.tolist(), strict=True):
            name = names[key]
            if not name:
                continue
            before = found.get(name)
            here = Progress(count=number, last=float(last["value"]), time=int(last["time"]))
            if before is not None:
                newest = max(before, here, key=lambda each: each.time)
                here = Progress(count=before.count + number, last=newest.last, time=newest.time)
            found[name] = here
    return dict(sorted(found.items()))


def _recorded(source: "Source", trial: "Trial") -> "Iterator[tuple[NDArray[np.void], list[str]]]":
    """Records, and the name of each key: of the recorded object, or of each process's file in the spool."""
    if trial.outcome is not None:
        if trial.outcome.series is not None:
            records, table = split(memoryview(source.get(trial.outcome.series)))
            yield np.frombuffer(records, RECORD), [name for name, _ in table]
        return
    spool = source.spool(trial)
    for path, names in spooled(spool) if spool is not None else ():
        yield _spooled(path), [name or "" for name in names]


def _spooled(path: Path) -> "NDArray[np.void]":
    try:
        return np.fromfile(path, RECORD, running.written(path))
    except OSError:
        return np.empty(0, RECORD)  # the trial has ended meanwhile, and its spool is gone


def table(points: Points, most: int) -> pa.Table:
    """The columns ``step``, ``time`` and ``value``, thinned out."""
    kept = thinned(points.values, most)
    columns = {"step": points.steps, "time": points.seconds, "value": points.values}
    return pa.Table.from_arrays([floats(each[kept]) for each in columns.values()], names=list(columns))


def floats(values: NDArray[Any]) -> pa.Array:
    """An Arrow array without a copy where they are floats."""
    held = np.ascontiguousarray(values, np.float64)
    return pa.Array.from_buffers(pa.float64(), len(held), [None, pa.py_buffer(held)])
