"""UBJSON, as XGBoost writes its models, by its values; see https://ubjson.org."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final

from ledger.compare.account import joined
from ledger.compare.array import Array
from ledger.compare.base import Unfit
from ledger.compare.leaves import Kind, Leaf, of_leaves
from ledger.compare.parts import exactly, items_at, size_of

_DTYPES: Final = {"i": "|i1", "U": "|u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_CODES: Final = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_CONSTANTS: Final[dict[str, Leaf]] = {"Z": None, "T": True, "F": False}
_MOST_TEXT: Final = 16 << 20
_DEEPEST: Final = 100
_SCORE: Final = "learner_model_param.base_score"


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size, self._text = file, size_of(file), 0

    def type(self) -> str:
        while (found := exactly(self._file, 1, 1, "a type")) == b"N":
            pass
        return found.decode("latin-1")

    def value(self, kind: str, place: str, depth: int) -> Iterator[tuple[str, Leaf]]:
        if depth > _DEEPEST:
            raise Unfit("nested too deep")
        if kind in _CONSTANTS:
            yield place, _CONSTANTS[kind]
        elif kind in _CODES:
            yield place, self._number(kind)
        elif kind == "C":
            yield place, exactly(self._file, 1, 1, "a letter").decode("latin-1")
        elif kind in ("S", "H"):
            yield from _text(place, self._string())
        elif kind == "[":
            yield from self._array(place, depth)
        elif kind == "{":
            yield from self._map(place, depth)
        else:
            raise Unfit(f"no UBJSON: {kind!r} where a type must be")

    def _number(self, kind: str) -> float:
        form = _CODES[kind]
        size = struct.calcsize(form)
        found: float = struct.unpack(form, exactly(self._file, size, 8, "a number"))[0]
        return found

    def _length(self) -> int:
        kind = self.type()
        found = self._number(kind) if kind in "iUIlL" else -1
        if not 0 <= found <= self._size:
            raise Unfit(f"no UBJSON: a length of {found}")
        return int(found)

    def _string(self) -> str:
        length = self._length()
        self._text += length
        return exactly(self._file, length, _MOST_TEXT - self._text + length, "text").decode(
            "utf-8", "replace"
        )

    def _head(self) -> tuple[str | None, int | None, str]:
        """Type and count of a container if they are given, and the type of the first member if not."""
        kind, count = None, None
        first = self.type()
        if first == "$":
            kind, first = self.type(), self.type()
        if first == "#":
            count, first = self._length(), ""
        if kind is not None and count is None:
            raise Unfit("no UBJSON: a type without a count")
        return kind, count, first

    def _array(self, place: str, depth: int) -> Iterator[tuple[str, Leaf]]:
        kind, count, first = self._head()
        if kind in _DTYPES and count is not None:
            dtype, start = _DTYPES[kind], self._file.tell()
            size = int(dtype[2:])
            if start + count * size > self._size:
                raise Unfit("an array ends early")
            yield (
                place,
                Array(dtype=dtype, shape=(count,), blocks=partial(items_at, self._file, start, count, size)),
            )
            self._file.seek(start + count * size)
            return
        yield place, Kind("a list")
        number = 0
        while count is None or number < count:
            found = first or kind or self.type()
            first = ""
            if count is None and found == "]":
                return
            yield from self.value(found, f"{place}.{number}".removeprefix("."), depth + 1)
            number += 1

    def _map(self, place: str, depth: int) -> Iterator[tuple[str, Leaf]]:
        kind, count, first = self._head()
        yield place, Kind("a map")
        if first:
            self._file.seek(-1, 1)
        number = 0
        while count is None or number < count:
            if count is None:
                if self.type() == "}":
                    return
                self._file.seek(-1, 1)
            key = self._string()
            yield from self.value(kind or self.type(), joined(place, key), depth + 1)
            number += 1


def _text(place: str, text: str) -> Iterator[tuple[str, Leaf]]:
    """A text; that of an XGBoost score is a number, or several in brackets."""
    try:
        numbers = [float(each) for each in text.strip("[]").split(",")] if place.endswith(_SCORE) else []
    except ValueError:
        numbers = []
    if not numbers:
        yield place, text
    for number, each in enumerate(numbers):
        yield f"{place}.{number}" if number else place, each


def read(file: BinaryIO) -> Iterator[tuple[str, Leaf]]:
    """Values by place; arrays of numbers of one type are arrays."""
    reader = _Reader(file)
    yield from reader.value(reader.type(), "", 0)
    if file.read(1):
        raise Unfit("more behind the value")


compare = of_leaves(read)
