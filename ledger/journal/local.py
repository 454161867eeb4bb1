"""The journal in a ledger directory."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from ledger import fs
from ledger.errors import FormatError, LedgerError, StorageError
from ledger.journal import log, origins
from ledger.journal.log import UnsoundError
from ledger.journal.merkle import leaf_hash
from ledger.journal.order import merged
from ledger.journal.outputs import Outputs
from ledger.journal.rows import FINISHED, Row
from ledger.journal.seen import Seen
from ledger.journal.view import opened, part_batches
from ledger.journal.writer import Writer, Written
from ledger.model import Digest, Entry, Finding, Head, OriginHead, Payload, Recorded, layout
from ledger.model.codec import decode_entry, encode_entry

if TYPE_CHECKING:
    import pyarrow

    from ledger.journal.tree import Tree
    from ledger.journal.trial_index import TrialIndex

SEAL_AT = 256
"""Entries in the tail from which on reading entries seals them first."""

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class _Own(NamedTuple):
    """The log that this machine appends to from here, as long as the directory of all logs is this one."""

    origin: bytes
    inode: int
    """Of the directory of all logs: in a copy put in its place another origin begins."""
    writer: Writer


class LocalJournal:
    """The logs of all origins in a ledger directory.

    Files that it writes stay open between appends; a forked child lets go of them, so that a handle may be
    used on both sides of a fork, and by several threads.

    Parameters
    ----------
    ledger
        The ledger directory; it need not be there before the first append.
    before_segments
        Called before a segment is written: a release that expects none that are compressed must refuse the
        directory from then on.
    """

    def __init__(self, ledger: Path, before_segments: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._before_segments = before_segments
        self._outputs = Outputs(ledger)
        self._directory = os.fspath(layout.journal(ledger))
        self._own: _Own | None = None
        self._seen = Seen(ledger)
        self._trials: TrialIndex | None = None
        self._told: dict[bytes, frozenset[OriginHead]] = {}
        self._broken: str | None = None

    @property
    def origin(self) -> bytes:
        """Id of the origin that this machine appends to from here, 16 bytes; made if there is none yet."""
        with fs.explained(layout.journal(self._ledger)):
            return origins.claim(self._ledger)

    def append(self, payload: Payload, *, time: int | None = None) -> Recorded:
        """Append one fact; it is durable when this returns. As `Journal.append`."""
        if self._broken:
            raise StorageError(
                "this journal takes no more entries",
                cause=f"an earlier entry could not be synced: {self._broken}",
                hint="check the disk, then run the command again",
            )
        moment = time_ns() if time is None else time
        with fs.explained(layout.journal(self._ledger)):
            own, modified = self._claimed()
            try:
                return self._append(own, modified, payload, moment)
            except UnsoundError:
                # What was lost stays lost, and verify names it; acknowledged positions are not used again.
                return self._append(*self._claimed(unsound=own.origin), payload, moment)

    def entries(self) -> Iterator[Recorded]:
        """All whole entries in merged order. As `Journal.entries`.

        Raises
        ------
        NewerFormatError
            If a later release wrote one of the logs.
        """
        self._seal_quietly(SEAL_AT)
        yield from merged({origin: self._log_entries(origin) for origin in origins.logs(self._ledger)})

    def get(self, id: Digest) -> Recorded | None:
        """The entry of that id, if there is one.

        Raises
        ------
        FormatError
            If it is there and this release cannot read it.
        """
        for origin in origins.logs(self._ledger):
            with opened(layout.log(self._ledger, origin)) as view:
                for row in view.rows():
                    if row.leaf == id:
                        return _recorded(row)
        return None

    def head(self) -> Head:
        """The prefix that is there now."""
        heads = []
        for origin in origins.logs(self._ledger):
            now = log.look(layout.log(self._ledger, origin))
            if now.size:
                heads.append(OriginHead(origin=origin, size=now.size, root=now.frontier.root()))
        return Head(origins=tuple(heads))

    def is_output(self, path: str, digest: Digest | None) -> bool:
        """Whether an entry here records that content, or with None any, as a trial's output at that path."""
        with self._reading():
            return self._outputs.has(path, digest)

    def outputs(self) -> Callable[[str, Digest | None], bool]:
        """Answers `is_output` for the prefix that is there now, many times at little cost."""
        with self._reading():
            self._outputs.refresh()
        return self._outputs.knows

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"cannot read {layout.journal(self._ledger)}", cause=error.strerror or str(error)
            ) from error

    def seal(self) -> None:
        """Move this writer's tail into Arrow segments and merge small ones; nothing in a read-only directory.

        Raises
        ------
        StorageError
            If the disk refuses; the log is then as it was.
        """
        from ledger.journal.seal import seal

        origin = origins.current(self._ledger)
        if origin is None:
            return
        place = layout.log(self._ledger, origin)
        with fs.explained(place):
            try:
                # The index reads the tail while it can be read without pyarrow.
                seal(place, lambda: self._outputs.refresh(always=True), self._before_segments)
            except OSError as error:
                if error.errno not in _READ_ONLY:
                    raise

    def table(self) -> "pyarrow.Table":
        """All whole entries as columns, sorted by origin and seq; this writer's tail is sealed first."""
        from ledger.journal import arrow

        self._seal_quietly(1)
        return arrow.table((origin, self._batches(origin)) for origin in origins.logs(self._ledger))

    @contextmanager
    def tree(self, origin: bytes) -> "Iterator[Tree]":
        """The Merkle tree of an origin's log as it is now; of an origin that is not here, an empty one."""
        from ledger.journal import tree

        with self._reading():
            place = layout.log(self._ledger, origin)
            if not place.is_dir():
                yield tree.Tree(tree.nothing(origin))
                return
            with opened(place) as view:
                kept = tree.read_blocks(self._ledger, origin)
                stored = tree.StoredLeaves(view)
                found = tree.Tree(stored, kept, stored.is_sound)
                yield found
            if tuple(found.blocks) != kept:
                tree.write_blocks(self._ledger, origin, found.blocks)

    def trial_index(self) -> "TrialIndex":
        """The index of trials, which may be behind; this writer's tail is sealed first if it is long."""
        from ledger.journal.trial_index import TrialIndex

        self._seal_quietly(SEAL_AT)
        if self._trials is None:
            self._trials = TrialIndex(self._ledger)
        return self._trials

    def verify(self) -> list[Finding]:
        """Check every stored byte as it is now: frames, leaves, roots, heads. As `Journal.verify`."""
        from ledger.journal.check import check

        return check(self._ledger)

    def _claimed(self, unsound: bytes | None = None) -> tuple[_Own, int]:
        """The log to append to, and when the directory of all logs was last changed."""
        own = self._own
        found = _look(self._directory)
        if own is None or unsound is not None or found is None or found.st_ino != own.inode:
            origin = origins.claim(self._ledger, unsound=unsound)
            found = os.stat(self._directory)
            own = self._own = _Own(origin, found.st_ino, Writer(layout.log(self._ledger, origin)))
        return own, found.st_mtime_ns

    def _append(self, own: _Own, modified: int, payload: Payload, moment: int) -> Recorded:
        origin = own.origin
        seen = self._seen.others(origin, modified)
        told = self._told.get(origin, frozenset())
        entry = Entry(
            time=moment,
            nonce=os.urandom(16),
            origin=origin,
            seen=tuple(sorted(seen - told, key=lambda each: each.origin)),
            payload=payload,
        )
        body = encode_entry(entry)
        leaf = leaf_hash(body)
        written = own.writer.write(body, leaf)
        self._sync(written)
        self._told[origin] = seen
        self._after(own.writer, written, entry.kind)
        return Recorded(id=leaf, seq=written.seq, entry=entry, body=body)

    def _sync(self, written: Written) -> None:
        try:
            os.fdatasync(written.tail.number)
        except OSError as error:
            # After a failed sync the kernel may drop what was written and call the next sync a success.
            self._broken = error.strerror or str(error)
            raise

    def _after(self, writer: Writer, written: Written, kind: str) -> None:
        try:
            writer.publish(written.record)
            if kind in FINISHED:
                self._outputs.refresh(segments=False)
        except OSError:
            return  # the entry is durable; the next append or lookup brings both up to date

    def _seal_quietly(self, least: int) -> None:
        """Seal if the tail has that many entries; else reading goes on with the tail as it is."""
        origin = origins.current(self._ledger)
        if origin is None:
            return
        try:
            now = log.look(layout.log(self._ledger, origin))
            if now.size - now.first >= least:
                self.seal()
        except (OSError, LedgerError):
            return

    def _log_entries(self, origin: bytes) -> Iterator[Recorded]:
        with opened(layout.log(self._ledger, origin)) as view:
            for row in view.rows():
                try:
                    yield _recorded(row)
                except FormatError:
                    continue  # of a newer format, or no entry: verify names it

    def _batches(self, origin: bytes) -> "Iterator[pyarrow.RecordBatch]":
        from ledger.journal import arrow

        with opened(layout.log(self._ledger, origin)) as view:
            for part in view.parts:
                yield from part_batches(part)
            yield from arrow.batches(view.tail_rows())


def _look(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _recorded(row: Row) -> Recorded:
    return Recorded(id=Digest(row.leaf), seq=row.seq, entry=decode_entry(row.body), body=row.body)
