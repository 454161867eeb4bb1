"""Metrics from files that a program wrote: every output named ``metrics.json``."""

import json
import math
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ledger.capture.spooled_lines import clean

NAME = "metrics.json"
MOST_BYTES = 16_000_000
MOST_POINTS = 1_000_000
LONGEST_NAME = 1_000
_MOST_NODES = 4_000_000
_DEEPEST = 32
_STEPS = ("step", "global_step", "iteration", "epoch")
"""Keys that say when; the first that is there counts."""
_WORDS = {"nan": math.nan, "infinity": math.inf, "inf": math.inf}

MetricPoint = tuple[str, int, float]
"""(name, step, value)"""


class FromFiles(NamedTuple):
    """Points found, and what was left out."""

    points: tuple[MetricPoint, ...] = ()
    problems: tuple[str, ...] = ()


class _Unfit(Exception):
    """A file that is not read; the text says why."""


def from_files(root: Path, outputs: Iterable[str]) -> FromFiles:
    """Read the points of all outputs named ``metrics.json``.

    Maps become dotted names, a number a point at step 0, a list of numbers one at each of its places, a list
    of maps one at each map's own step (or place); a file of one map a line is such a list. Texts that are no
    NaN or infinity are no metrics, booleans are 0 and 1.

    Parameters
    ----------
    root
        Where relative paths start.
    outputs
        Paths of the trial's outputs; a name that a file nearer to the root has too gets the directory in
        front: ``runs/b/accuracy``.
    """
    points: list[MetricPoint] = []
    problems: list[str] = []
    taken: set[str] = set()
    mine = {each for each in outputs if os.path.basename(each) == NAME}
    for path in sorted(mine, key=lambda each: (each.count("/"), each)):
        try:
            found = _points(_content(os.path.join(root, path)))
        except RecursionError:
            problems.append(f"{clean(path)} was not read: it is nested too deep")
            continue
        except (OSError, _Unfit, ValueError) as error:
            problems.append(f"{clean(path)} was not read: {' '.join(str(error).split())[:200]}")
            continue
        directory = os.path.dirname(path)
        names = {name: f"{directory}/{name}" if name in taken else name for name, _, _ in found}
        taken.update(names.values())
        points.extend((names[name], step, value) for name, step, value in found)
    return FromFiles(points=tuple(points), problems=tuple(problems))


def _content(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unfit("it is no regular file")
        if status.st_size > MOST_BYTES:
            raise _Unfit(f"it is larger than {MOST_BYTES // 1_000_000} MB")
        return file.read(MOST_BYTES).decode("utf-8-sig")


def _points(text: str) -> list[MetricPoint]:
    document = _document(text)
    if not isinstance(document, dict | list):
        raise _Unfit("expected a map or a list of maps")
    return list(_Reader().of(document, "", None, 0))


class _Reader:
    """Walks through one document."""

    def __init__(self) -> None:
        self.nodes = 0
        self.found = 0

    def of(self, document: Any, name: str, step: int | None, depth: int) -> Iterator[MetricPoint]:
        """Points of a part; `step` is that of the map around it, if one stated any."""
        self.nodes += 1
        if depth > _DEEPEST:
            raise _Unfit("it is nested too deep")
        if self.nodes > _MOST_NODES:
            raise _Unfit("it holds too much")
        if isinstance(document, dict):
            for key, each in document.items():
                yield from self.of(each, _joined(name, key), step, depth + 1)
        elif isinstance(document, list):
            for place, each in enumerate(document):
                yield from self._member(each, name, step, place, depth)
        elif (value := _number(document)) is not None:
            self.found += 1
            if self.found > MOST_POINTS:
                raise _Unfit(f"it holds more than {MOST_POINTS} values")
            if not 0 < len(name) <= LONGEST_NAME:
                raise _Unfit(f"a name is empty or longer than {LONGEST_NAME} letters")
            yield name, step or 0, value

    def _member(
        self, each: Any, name: str, step: int | None, place: int, depth: int
    ) -> Iterator[MetricPoint]:
        if step is not None or isinstance(each, list):
            yield from self.of(each, _joined(name, str(place)), step, depth + 1)
        elif isinstance(each, dict):
            key, stated = next(((key, each[key]) for key in _STEPS if _is_step(each.get(key))), (None, place))
            rest = {other: value for other, value in each.items() if other != key}
            yield from self.of(rest, name, stated, depth + 1)
        else:
            yield from self.of(each, name, place, depth + 1)


def _joined(name: str, key: str) -> str:
    key = key.encode("utf-8", "replace").decode("utf-8")
    return f"{name}.{key}" if name else key


def _is_step(value: Any) -> bool:
    return type(value) is int and -(1 << 62) <= value < 1 << 62


def _number(value: Any) -> float | None:
    """A number as a metric; None for anything else."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            raise _Unfit("it holds a number beyond 64 bits") from None
    if isinstance(value, str) and len(value) <= 9:
        number = _WORDS.get(value.lower().lstrip("+-"))
        return -number if number is not None and value.startswith("-") else number
    return None


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            pass  # not one document a line either: the first error says where the file goes wrong
        raise
