"""One segment by the positions of its entries: only those batches and columns are read that are needed."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ledger.journal.rows import Row
from ledger.journal.view import Part

if TYPE_CHECKING:
    import pyarrow


_HELD = 8
"""Batches of a segment that are kept decompressed."""


class IrregularError(Exception):
    """Something in a log is damaged or cannot be read: what there is has to be found entry by entry."""


class SealedRows:
    """Rows of a segment, of which a few batches are held.

    Each method raises `IrregularError` where what it comes upon is damaged.

    Parameters
    ----------
    part
        The segment, whose content is there.

    Raises
    ------
    IrregularError
        If it is not of its schema.
    """

    def __init__(self, part: Part) -> None:
        from ledger.journal import arrow, ipc

        self._damage = ipc.DAMAGE
        self._open = ipc.Reader
        self._rows = arrow.rows
        self._content = part.content or b""
        self._held: OrderedDict[int, pyarrow.RecordBatch] = OrderedDict()
        try:
            self._reader = ipc.Reader(self._content, arrow.STORED)
        except self._damage as error:
            raise IrregularError(part.path.name) from error
        self._begin = part.first

    def row(self, seq: int) -> Row:
        """One entry as stored; whether it fits its leaf is not looked at."""
        for row in self.rows(seq, seq + 1):
            return row
        raise IrregularError(f"entry {seq}")

    def rows(self, start: int, end: int) -> Iterator[Row]:
        """Entries as stored, from position `start` to before `end`."""
        expected = start
        try:
            place = self._holding(start, self._batch)
            while expected < end and place < len(self._reader):
                batch = self._batch(place)
                for row in self._rows(batch.slice(expected - _first(batch), end - expected)):
                    if row.seq != expected:
                        raise IrregularError(f"entry {expected}")
                    yield row
                    expected += 1
                place += 1
        except self._damage as error:
            raise IrregularError(f"entry {start}") from error
        if expected < end:
            raise IrregularError(f"entry {expected}")

    def of_kind(self, kinds: tuple[str, ...]) -> Iterator[int]:
        """Positions of the entries of some kinds."""
        try:
            reader = self._open(self._content, ("seq", "kind"))
            for place in range(len(reader)):
                batch = reader.batch(place)
                # pyarrow's own comparison takes as long to import as ten thousand texts to compare.
                for row, each in enumerate(batch.column(1).to_pylist()):
                    if each in kinds:
                        yield batch.column(0)[row].as_py()
        except self._damage as error:
            raise IrregularError("kind") from error

    def batches(self, names: tuple[str, ...]) -> Iterator["pyarrow.RecordBatch"]:
        """Some columns, batch by batch."""
        try:
            yield from self._open(self._content, names)
        except self._damage as error:
            raise IrregularError(", ".join(names)) from error

    def times(self) -> NDArray[np.int64]:
        """When each entry was made."""
        try:
            reader = self._open(self._content, ("time",))
            columns = [reader.batch(place).column(0) for place in range(len(reader))]
            found: list[NDArray[np.int64]] = [
                np.frombuffer(each.buffers()[1], np.int64)[each.offset : each.offset + len(each)]
                for each in columns
            ]
        except self._damage as error:
            raise IrregularError("time") from error
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def having(self, name: str, digest: bytes) -> Iterator[int]:
        """Positions of the entries with a digest in a column."""
        wanted = np.frombuffer(digest, np.uint8)
        try:
            reader = self._open(self._content, ("seq", name))
            for place in range(len(reader)):
                batch = reader.batch(place)
                column = batch.column(1)
                held = np.frombuffer(column.buffers()[1], np.uint8)[32 * column.offset :]
                rows = held[: 32 * len(column)].reshape(-1, 32)
                likely = np.flatnonzero(rows[:, 0] == wanted[0])
                for row in likely[(rows[likely] == wanted).all(1)].tolist():
                    if column[row].is_valid:
                        yield batch.column(0)[row].as_py()
        except self._damage as error:
            raise IrregularError(name) from error

    def digests(self, name: str, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What is in a column of digests at some positions, which ascend."""
        found = np.empty((len(wanted), 32), np.uint8)
        done = 0
        try:
            read = lru_cache(1)(self._open(self._content, ("seq", name)).batch)
            while done < len(wanted):
                batch = read(self._holding(int(wanted[done]), read))
                first = _first(batch)
                end = done + int(np.searchsorted(wanted[done:], first + batch.num_rows))
                if end == done or wanted[done] < first:
                    raise IrregularError(f"entry {wanted[done]}")
                found[done:end] = _picked(batch.column(1), wanted[done:end] - first)
                done = end
        except self._damage as error:
            raise IrregularError(name) from error
        return found

    def _holding(self, seq: int, read: "Callable[[int], pyarrow.RecordBatch]") -> int:
        """The batch that has a position: mostly, all but the last have as many rows as the first."""
        wanted = seq - self._begin
        guess = wanted // max(self._reader.rows(0), 1) if len(self._reader) else 0
        if guess < len(self._reader):
            batch = read(guess)
            if _first(batch) <= seq < _first(batch) + batch.num_rows:
                return guess
        return bisect_right(list(accumulate(map(self._reader.rows, range(len(self._reader))))), wanted)

    def _batch(self, place: int) -> "pyarrow.RecordBatch":
        found = self._held.pop(place, None)
        if found is None:
            found = self._reader.batch(place)
        self._held[place] = found
        if len(self._held) > _HELD:
            self._held.popitem(last=False)
        return found


def _first(batch: "pyarrow.RecordBatch") -> int:
    return int(batch.column(0)[0].as_py())


def _picked(column: "pyarrow.Array", places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Some rows of a column of digests, none of which is null."""
    there, content = column.buffers()
    places = places + column.offset
    if (
        there is not None
        and not np.unpackbits(np.frombuffer(there, np.uint8), bitorder="little")[places].all()
    ):
        raise ValueError("no digest")
    picked: NDArray[np.uint8] = np.frombuffer(content, np.uint8)[: len(content) // 32 * 32].reshape(-1, 32)[
        places
    ]
    return picked
