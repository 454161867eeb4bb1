"""Entries by their positions: of an undamaged log, without reading all of it.

A segment that was held against its digest once is not hashed again while it is the same file; each entry that
is read is held against its leaf. A log of which anything is damaged is none of these: it is read entry by
entry, as `View.rows` does.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.errors import FormatError, NewerFormatError
from ledger.journal import origins
from ledger.journal.rows import Row, facts
from ledger.journal.sealed_rows import IrregularError, SealedRows
from ledger.journal.tail import Frame
from ledger.journal.view import Part, View, opened
from ledger.model import Digest, Recorded, layout
from ledger.model.codec import decode_entry

if TYPE_CHECKING:
    import pyarrow


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
        self._sealed: dict[int, SealedRows] = {}
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

    def _segment(self, place: int) -> "SealedRows":
        found = self._sealed.get(place)
        if found is None:
            found = self._sealed[place] = SealedRows(self._view.parts[place])
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
