"""Lines of JSON that a trial's processes left in its spool: outside input, read in bounded memory."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ledger.model import HyperparameterType, Value
from ledger.model.pattern import Pattern

LONGEST_LINE = 4 << 20
LONGEST_TEXT = 5_000
LONGEST_LIST = 10_000
_KINDS_OF_PROBLEM = 50
_EVENTS_FILE = Pattern(r"events-([0-9]{1,19})-([0-9]{1,19})\.jsonl")
_NO_BYTE = Pattern("[\ud800-\udc7f\udd00-\udfff]")
_TYPES = frozenset(HyperparameterType)
_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Unfit(ValueError):
    """A document that is no such event; the text says why."""


class Problems:
    """What could not be read: one text for each kind, however often it came."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.more = 0

    def add(self, text: str) -> None:
        """Note one."""
        if text in self.counts:
            self.counts[text] += 1
        elif len(self.counts) < _KINDS_OF_PROBLEM:
            self.counts[text] = 1
        else:
            self.more += 1

    def texts(self) -> tuple[str, ...]:
        """All of them, in the order in which they first came."""
        found = [text if count == 1 else f"{text} ({count} times)" for text, count in self.counts.items()]
        return (*found, f"{self.more} more problems") if self.more else tuple(found)


class EventsFile(NamedTuple):
    """Where one process wrote events."""

    path: Path
    process: int


def files(spool: Path, problems: Problems) -> list[EventsFile]:
    """All files of events, those of the process that began first in front."""
    found: list[tuple[int, int, EventsFile]] = []
    began: dict[int, int] = {}
    try:
        with os.scandir(spool) as entries:
            for entry in entries:
                match = _EVENTS_FILE.fullmatch(entry.name) if entry.name.startswith("events-") else None
                if match is None:
                    continue
                process = int(match[1])
                found.append((process, int(match[2]), EventsFile(path=spool / entry.name, process=process)))
    except OSError as error:
        problems.add(f"the spool could not be read: {error.strerror}")
    if len({process for process, _, _ in found}) > 1:
        for process, _, file in found:
            first, _ = next(documents(file, Problems()), ({}, 0))
            time = first.get("time")
            if first.get("event") == "process" and type(time) is int:
                began[process] = min(time, began.get(process, time))
    found.sort(key=lambda each: (began.get(each[0], 1 << 64), each[0], each[1]))
    return [file for _, _, file in found]


def documents(file: EventsFile, problems: Problems) -> Iterator[tuple[dict[str, Any], int]]:
    """The JSON objects of a file, one a line, each with its size in bytes."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as lines:
            # The child may have put anything here: to read a pipe would block.
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                problems.add(f"{file.path.name} is no regular file")
                return
            for line in _lines(lines):
                document = _document(line)
                if document is not None:
                    yield document, len(line)
                elif line.endswith(b"\n"):
                    problems.add(f"{file.path.name}: a line is no event")
                else:
                    problems.add(f"{file.path.name}: its last line is torn")
    except OSError as error:
        problems.add(f"{file.path.name} could not be read: {error.strerror}")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines of a file; of one that is too long only its end."""
    while line := file.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield rest[-1:]


def _document(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def text(document: dict[str, Any], key: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text field, not empty, cut at `longest` letters."""
    value = optional_text(document, key, longest)
    if not value:
        raise Unfit(f"no {key}")
    return value


def optional_text(document: dict[str, Any], key: str, longest: int = LONGEST_TEXT) -> str | None:
    """Return a text field; None where it is null or not there."""
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unfit(f"{key} is no text")
    return clean(value[:longest])


def integer(document: dict[str, Any], key: str) -> int:
    """Return an integer field that fits into 64 bits."""
    value = document.get(key)
    if type(value) is not int or not -(1 << 63) <= value < 1 << 64:
        raise Unfit(f"{key} is no integer of 64 bits")
    return value


def texts(document: Any) -> list[str]:
    """Return a list of texts."""
    if not isinstance(document, list) or not all(isinstance(each, str) for each in document):
        raise Unfit("no list of texts")
    return [clean(each[:LONGEST_TEXT]) for each in document]


def clean(text: str) -> str:
    """`text` with every lone surrogate replaced that stands for no byte of a file name."""
    return text if text.isascii() else _NO_BYTE.sub("\ufffd", text)


def kind(document: dict[str, Any]) -> HyperparameterType | None:
    """Return the type that an event states; None where it states none that is known."""
    stated = document.get("type")
    return HyperparameterType(stated) if isinstance(stated, str) and stated in _TYPES else None


def value(document: Any, stated: HyperparameterType | None = None) -> Value:
    """Return a value as the recorder knows it: what fits nowhere becomes text.

    Parameters
    ----------
    document
        A scalar, or a list of scalars.
    stated
        Its type; with a real one, the words for NaN and the infinities are numbers.
    """
    if isinstance(document, list):
        if len(document) > LONGEST_LIST:
            raise Unfit("a list that is too long")
        return tuple(_scalar(each, stated) for each in document)
    return _scalar(document, stated)


def _scalar(document: Any, stated: HyperparameterType | None) -> Value:
    if isinstance(document, str):
        if stated is HyperparameterType.REAL and document in _WORDS:
            return _WORDS[document]
        return clean(document if len(document) <= LONGEST_TEXT else f"{document[:LONGEST_TEXT]}…")
    if document is None or isinstance(document, bool | float):
        return document
    if isinstance(document, int):
        return document if -(1 << 63) <= document < 1 << 64 else str(document)
    raise Unfit("a value that is neither a scalar nor a list of them")
