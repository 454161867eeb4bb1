"""The journal in a ledger directory."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

from ledger import fs
from ledger.errors import FormatError, LedgerError, NewerFormatError, StorageError
from ledger.journal import log, origins
from ledger.journal.log import UnsoundError, Written
from ledger.journal.merkle import leaf_hash
from ledger.journal.order import merged
from ledger.journal.outputs import Outputs
from ledger.journal.rows import FINISHED, Row
from ledger.journal.view import opened, part_columns
from ledger.model import Digest, Entry, Finding, Head, OriginHead, Payload, Recorded, layout
from ledger.model.codec import decode_entry, encode_entry

if TYPE_CHECKING:
    import pyarrow

SEAL_AT = 256
"""Entries in the tail from which on reading entries seals them first."""

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class LocalJournal:
    """The logs of all origins in a ledger directory.

    Nothing that a fork must not share is kept between calls, so that a handle may be used on both sides of
    one, and by several threads.

    Parameters
    ----------
    ledger
        The ledger directory; it need not be there before the first append.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._outputs = Outputs(ledger)
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
            origin = origins.claim(self._ledger)
            try:
                return self._append(origin, payload, moment)
            except UnsoundError:
                # What was lost stays lost, and verify names it; acknowledged positions are not used again.
                return self._append(origins.claim(self._ledger, unsound=origin), payload, moment)

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
                seal(place, lambda: self._outputs.refresh(always=True))
            except OSError as error:
                if error.errno not in _READ_ONLY:
                    raise

    def table(self) -> "pyarrow.Table":
        """All whole entries as columns, sorted by origin and seq; this writer's tail is sealed first."""
        from ledger.journal import arrow

        self._seal_quietly(1)
        return arrow.table(part for origin in origins.logs(self._ledger) for part in self._columns(origin))

    def verify(self) -> list[Finding]:
        """Check every stored byte as it is now: frames, leaves, roots, heads. As `Journal.verify`."""
        from ledger.journal.check import check

        return check(self._ledger)

    def _append(self, origin: bytes, payload: Payload, moment: int) -> Recorded:
        place = layout.log(self._ledger, origin)
        seen = self._others(origin)
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
        written = log.write(place, body, leaf)
        try:
            self._sync(written)
        finally:
            os.close(written.descriptor)
        self._told[origin] = seen
        self._after(place, written, entry.kind)
        return Recorded(id=leaf, seq=written.seq, entry=entry, body=body)

    def _sync(self, written: Written) -> None:
        try:
            os.fdatasync(written.descriptor)
        except OSError as error:
            # After a failed sync the kernel may drop what was written and call the next sync a success.
            self._broken = error.strerror or str(error)
            raise

    def _after(self, place: Path, written: Written, kind: str) -> None:
        try:
            log.publish(place, written.record)
            if kind in FINISHED:
                self._outputs.refresh(segments=False)
        except OSError:
            return  # the entry is durable; the next append or lookup brings both up to date

    def _others(self, origin: bytes) -> frozenset[OriginHead]:
        """What is durable of the other origins' logs."""
        heads = set()
        for each in origins.logs(self._ledger):
            if each == origin:
                continue
            try:
                now = log.durable(layout.log(self._ledger, each))
            except (OSError, NewerFormatError):
                continue  # it is not seen, then
            if now.size:
                heads.add(OriginHead(origin=each, size=now.size, root=now.root()))
        return frozenset(heads)

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

    def _columns(self, origin: bytes) -> Iterator[tuple[bytes, "pyarrow.Table | list[Row]"]]:
        with opened(layout.log(self._ledger, origin)) as view:
            for part in view.parts:
                yield origin, part_columns(part)
            yield origin, list(view.tail_rows())


def _recorded(row: Row) -> Recorded:
    return Recorded(id=Digest(row.leaf), seq=row.seq, entry=decode_entry(row.body), body=row.body)
