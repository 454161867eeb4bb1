"""Entries by their positions: of an undamaged log, without reading all of it.

A segment that was held against its digest once is not hashed again while it is the same file; each entry that
is read is held against its leaf. A log of which anything is damaged is none of these: it is read entry by
entry, as `View.rows` does.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.errors import FormatError, NewerFormatError
from ledger.journal import origins
from ledger.journal.rows import Row, facts
from ledger.journal.tail import Frame
from ledger.journal.view import Part, View, opened
from ledger.model import Digest, Recorded, layout
from ledger.model.codec import decode_entry

if TYPE_CHECKING:
    import pyarrow


_HELD = 8
"""Batches of a segment that are kept decompressed."""


class IrregularError(Exception):
    """Something in a log is damaged or cannot be read: what there is has to be found entry by entry."""


class Segment(NamedTuple):
    """A segment that was whole, and by what its file is known again."""

    first: int
    end: int
    digest: bytes
    inode: int
    size: int
    modified: int
    """Nanoseconds since 1970."""


class Log:
    """One log as it was when it was opened.

    Raises
    ------
    IrregularError
        If it is not whole.
    OSError
        If it cannot be read.
    """

    def __init__(self, view: View, origin: bytes, known: frozenset[Segment]) -> None:
        self._view = view
        self._origin = origin
        self._sealed: dict[int, _Sealed] = {}
        self._frames = _frames(view)
        self.size = view.first + len(self._frames)
        """Entries."""
        self.tail = len(self._frames)
        """Those of them that are not sealed."""
        self.segments = tuple(_segment(part, known) for part in view.parts)
        self._ends = [part.end for part in view.parts]

    def row(self, seq: int) -> Row:
        """One entry as stored."""
        if seq >= self._view.first:
            return _row_of(self._frames[seq - self._view.first])
        part = bisect_right(self._ends, seq)
        row = self._segment(part).row(seq)
        if not row.whole:
            raise IrregularError(f"entry {seq}")
        return row

    def rows(self, start: int) -> Iterator[Row]:
        """Entries as stored, from position `start` on."""
        for place, part in enumerate(self._view.parts):
            if part.end > start:
                for row in self._segment(place).rows(max(start, part.first), part.end):
                    if not row.whole:
                        raise IrregularError(f"entry {row.seq}")
                    yield row
        for frame in self._frames[max(0, start - self._view.first) :]:
            yield _row_of(frame)

    def entry(self, seq: int) -> Recorded:
        """One entry."""
        return self._recorded(self.row(seq))

    def entries(self, start: int) -> Iterator[Recorded]:
        """Entries from position `start` on."""
        return map(self._recorded, self.rows(start))

    def of_kind(self, *kinds: str) -> list[Recorded]:
        """All entries of some kinds, in order; of the segments only that column is read to find them."""
        found = [seq for place in range(len(self._view.parts)) for seq in self._segment(place).of_kind(kinds)]
        for frame in self._frames:
            row = _row_of(frame)
            if facts(row.body, row.leaf).kind in kinds:
                found.append(row.seq)
        return list(map(self.entry, found))

    def having(self, name: str, digest: bytes) -> list[int]:
        """Positions of the entries that have a digest in the segments' column of that name, in order."""
        found = [
            seq for place in range(len(self._view.parts)) for seq in self._segment(place).having(name, digest)
        ]
        for frame in self._frames:
            row = _row_of(frame)
            if (row.leaf if name == "leaf" else getattr(facts(row.body, row.leaf), name)) == digest:
                found.append(row.seq)
        return found

    def batches(self, names: Sequence[str]) -> Iterator["pyarrow.RecordBatch"]:
        """Some columns of the segments, ``seq`` in front, in order; no entry is held against its leaf."""
        for place in range(len(self._view.parts)):
            yield from self._segment(place).batches(("seq", *names))

    def unsealed(self) -> Iterator[Row]:
        """The tail's entries as stored."""
        return map(_row_of, self._frames)

    def times(self) -> NDArray[np.int64]:
        """When each entry was made, UTC, nanoseconds since 1970; 0 of one that does not say."""
        parts = [self._segment(place).times() for place in range(len(self._view.parts))]
        rows = map(_row_of, self._frames)
        tail = np.array([facts(row.body, row.leaf).time or 0 for row in rows], np.int64)
        return np.concatenate([*parts, tail])

    def digests(self, name: str, seqs: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What some entries have in the segments' column of that name, 32 bytes each."""
        found = np.empty((len(seqs), 32), np.uint8)
        order = np.argsort(seqs, kind="stable")
        wanted = seqs[order].astype(np.int64)
        low = 0
        for place, part in enumerate(self._view.parts):
            high = int(np.searchsorted(wanted, part.end))
            if low < high:
                found[order[low:high]] = self._segment(place).digests(name, wanted[low:high])
            low = high
        for place, seq in zip(order[low:].tolist(), wanted[low:].tolist(), strict=True):
            row = self.row(seq)
            value = row.leaf if name == "leaf" else getattr(facts(row.body, row.leaf), name)
            found[place] = np.frombuffer(value or b"", np.uint8)
        return found

    def _recorded(self, row: Row) -> Recorded:
        try:
            entry = decode_entry(row.body)
        except FormatError as error:
            raise IrregularError(f"entry {row.seq}") from error
        if entry.origin != self._origin:
            raise IrregularError(f"entry {row.seq}")
        return Recorded(id=Digest(row.leaf), seq=row.seq, entry=entry, body=row.body)

    def _segment(self, place: int) -> "_Sealed":
        found = self._sealed.get(place)
        if found is None:
            found = self._sealed[place] = _Sealed(self._view.parts[place])
        return found


class Logs:
    """All logs of a ledger, opened as they are now.

    Parameters
    ----------
    ledger
        The ledger directory.
    known
        Segments that were whole.

    Raises
    ------
    IrregularError
        If one is not whole.
    OSError
        If one cannot be read.
    """

    def __init__(self, ledger: Path, known: frozenset[Segment]) -> None:
        self._stack = ExitStack()
        self.by_origin: dict[bytes, Log] = {}
        """Each log, sorted by origin."""
        try:
            for origin in origins.logs(ledger):
                view = self._stack.enter_context(opened(layout.log(ledger, origin)))
                self.by_origin[origin] = Log(view, origin, known)
        except NewerFormatError as error:
            self._stack.close()
            raise IrregularError("a log of a later release") from error
        except BaseException:
            self._stack.close()
            raise

    def close(self) -> None:
        """Let go of them."""
        self._stack.close()


class _Sealed:
    """Rows of a segment, of which a few batches are held."""

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
        for row in self.rows(seq, seq + 1):
            return row
        raise IrregularError(f"entry {seq}")

    def rows(self, start: int, end: int) -> Iterator[Row]:
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


def _frames(view: View) -> tuple[Frame, ...]:
    """The tail's frames, of a log whose sheets and tail are as they should be."""
    ends = [0, *(part.end for part in view.parts)]
    listed = [part.first for part in view.parts] == ends[:-1] and ends[-1] == view.first
    if view.head is None or not listed or (view.parts and view.sealed is None):
        raise IrregularError("head or sealed")
    chain = view.chain()
    frames = chain.frames
    if chain.strays or not chain.dense or any(frame.body is None for frame in frames):
        raise IrregularError("the tail")
    return frames


def _segment(part: Part, known: frozenset[Segment]) -> Segment:
    if part.digest is None or part.content is None:
        raise IrregularError(part.path.name)
    status = part.path.stat()
    segment = Segment(
        part.first, part.end, bytes(part.digest), status.st_ino, status.st_size, status.st_mtime_ns
    )
    if segment not in known and not part.whole:
        raise IrregularError(part.path.name)
    return segment


def _row_of(frame: Frame) -> Row:
    if frame.body is None:
        raise IrregularError(f"entry {frame.seq}")
    return Row(frame.seq, frame.leaf, frame.body)
