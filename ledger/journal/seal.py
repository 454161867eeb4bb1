"""Sealing: the tail becomes a segment, small segments larger ones; no entry, order or proof changes."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from blake3 import blake3

from ledger import fs
from ledger.errors import DamagedError
from ledger.journal import arrow, ipc, state
from ledger.journal.log import Standing, standing
from ledger.journal.rows import Row
from ledger.journal.state import HeadRecord, SealedRecord, SegmentRecord
from ledger.journal.view import Part, opened
from ledger.model import Digest, layout

MERGE_LIMIT = 64 << 20
"""Bytes beyond which segments are not merged any further: some seconds of work for whoever reads next."""

_ABANDONED = 24 * 3600
"""Seconds after which a half-made file is nobody's."""


class _UnfitError(Exception):
    """A segment that is as it was sealed, and yet none."""


def seal(log: Path, before: Callable[[], None], admit: Callable[[], None] = lambda: None) -> bool:
    """Move the log's tail into a segment and merge small ones.

    A damaged log stays as it is: its bytes are the evidence.

    Parameters
    ----------
    log
        The log's directory.
    before
        Called while the tail is still there, all of it durable and told of by ``head``.
    admit
        Called before a segment is written, to raise the version of the directory's format.

    Returns
    -------
    bool
        Whether there was something to seal.

    Raises
    ------
    NewerFormatError
        If a later release wrote the log.
    OSError
        If the disk refuses; the log is then as it was.
    """
    with fs.locked(layout.log_lock(log)):
        now = standing(log)
        rows = _tail_rows(log, now)
        if rows:
            _settle(log, now)
            before()
            admit()
            _seal(log, now, rows)
    if now.sealed or rows:
        _merge(log, admit)
    return bool(rows)


def _tail_rows(log: Path, now: Standing) -> list[Row]:
    """The tail's entries; none where there are none, or where sealing would hide a damage."""
    if now.unsound or (now.sealed is None and now.first > 0):
        return []
    with opened(log) as view:
        chain = view.chain()
    rows = [Row(frame.seq, frame.leaf, frame.body) for frame in chain.frames if frame.body is not None]
    undamaged = not chain.strays and chain.dense and len(rows) == len(chain.frames) == now.size - now.first
    return rows if undamaged else []


def _settle(log: Path, now: Standing) -> None:
    descriptor = os.open(layout.tail(log, now.first), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    state.write_head(log, now.record())


def _seal(log: Path, now: Standing, rows: list[Row]) -> None:
    # 1. The segment, durable.
    sealed = now.sealed or SealedRecord()
    described = arrow.metadata(bytes.fromhex(log.name), now.first, now.size, now.frontier.root())
    with _written(log, arrow.batches(rows), described) as (temporary, digest):
        temporary.replace(layout.segment(log, now.first, now.size))
    fs.sync_directory(log)
    # 2. From here on it counts, and the tail does not.
    segment = SegmentRecord(first=now.first, end=now.size, digest=digest)
    sealed = SealedRecord(frontier=now.frontier, segments=(*sealed.segments, segment))
    fs.replace(layout.log_sealed(log), state.encode_sealed(sealed))
    state.write_head(log, HeadRecord(frontier=now.frontier, first=now.size, offset=0), sync=True)
    # 3. What is not needed any more.
    layout.tail(log, now.first).unlink()
    _clear(log, sealed)


def _merge(log: Path, admit: Callable[[], None]) -> None:
    """Merge the small segments at the end; writers are kept out only while the names change."""
    with opened(log) as view:
        parts = _small(view.parts)
        if len(parts) < 2 or view.sealed is None:
            return
        admit()
        segment = layout.segment(log, parts[0].first, parts[-1].end)
        root = view.sealed.frontier.root()
        described = arrow.metadata(bytes.fromhex(log.name), parts[0].first, parts[-1].end, root)
        try:
            with (
                _written(log, arrow.again(_batches(parts)), described) as (temporary, digest),
                fs.locked(layout.log_lock(log)),
            ):
                _exchange(log, parts, digest, temporary, segment)
        except _UnfitError:
            return


def _exchange(log: Path, parts: tuple[Part, ...], digest: Digest, temporary: Path, segment: Path) -> None:
    """Put the merged segment in the place of its parts, if nobody else has done so."""
    try:
        sealed = state.read_sealed(log)
    except DamagedError:
        return
    listed = {(part.first, part.end, part.digest) for part in parts}
    segments = sealed.segments if sealed else ()
    kept = [each for each in segments if (each.first, each.end, each.digest) not in listed]
    if sealed is None or len(kept) != len(segments) - len(parts):
        return
    temporary.replace(segment)
    fs.sync_directory(log)
    merged = SegmentRecord(first=parts[0].first, end=parts[-1].end, digest=digest)
    together = tuple(sorted([*kept, merged], key=lambda each: each.first))
    fs.replace(layout.log_sealed(log), state.encode_sealed(sealed._replace(segments=together)))
    for part in parts:
        part.path.unlink()


def _small(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The whole segments at the end that are small beside what follows: sizes stay a geometric row."""
    chosen: list[Part] = []
    total = 0
    for part in reversed(parts):
        size = len(part.content or b"")
        if chosen and (size > 2 * total or total + size > MERGE_LIMIT):
            break
        if not part.whole:
            break  # it is damaged, and stays as it is
        chosen.insert(0, part)
        total += size
    return tuple(chosen)


def _batches(parts: Iterable[Part]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        try:
            yield from arrow.checked(part.content or b"")
        except ipc.DAMAGE as error:
            raise _UnfitError(part.path.name) from error


@contextmanager
def _written(
    log: Path, content: Iterable[pa.RecordBatch], described: dict[bytes, bytes]
) -> Iterator[tuple[Path, Digest]]:
    """A segment in a synced file of its own, to be given its name; removed if it is not."""
    temporary = log / f".segment.{os.urandom(8).hex()}"
    try:
        arrow.write(temporary, content, described)
        descriptor = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary, Digest(blake3().update_mmap(temporary).digest())
    finally:
        temporary.unlink(missing_ok=True)


def _clear(log: Path, sealed: SealedRecord) -> None:
    """Remove what seals and merges that died have left; under the lock."""
    listed = {layout.segment(log, each.first, each.end).name for each in sealed.segments}
    for name in os.listdir(log):
        span, first = layout.segment_span(name), layout.tail_first(name)
        if span and name not in listed and span[1] <= sealed.frontier.size:
            needed = not _holds(log, *span)
        elif first is not None:
            needed = first >= sealed.frontier.size or not _holds(log, first, sealed.frontier.size)
        else:
            needed = not name.startswith(".") or time.time() - (log / name).stat().st_mtime < _ABANDONED
        if not needed:
            (log / name).unlink(missing_ok=True)


def _holds(log: Path, first: int, end: int) -> bool:
    """Whether the listed segments that cover those positions are whole, so that no other copy is needed."""
    with opened(log) as view:
        return all(part.whole for part in view.parts if part.first < end and part.end > first)
