"""Optuna's studies in a ledger: its journal storage over ours.

::

    import optuna
    from ledger.integrations.optuna import LedgerBackend

    storage = optuna.storages.JournalStorage(LedgerBackend("."))
    study = optuna.create_study(study_name="mlp", storage=storage, load_if_exists=True)

Any number of processes of one machine may work on it at once, and ``optuna-dashboard`` shows it. Each line is
an entry ``foreign.log``: ``ledger push`` shares a study, and ``ledger verify`` says whether it is whole.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from ledger import workspace
from ledger.errors import AmbiguousError, DamagedError, UsageError
from ledger.journal import origins
from ledger.journal.positions import Log, Segment
from ledger.journal.rows import Row, facts
from ledger.journal.sealed_rows import IrregularError
from ledger.journal.view import opened
from ledger.model import ForeignLog, layout
from ledger.model.codec import decode_entry

_SEAL_AT = 512
"""Lines that are appended between two seals of the tail."""


class LedgerBackend(BaseJournalBackend):
    """The lines of one source in a ledger.

    Optuna numbers studies and trials by the order of the lines, which only one origin can promise. So a
    source is written where it began: on another machine it can be read once it was pulled, and goes on there
    under another name (see `copied`).

    Parameters
    ----------
    path
        A directory whose ledger it is: looked for there and upwards, and made if there is none.
    source
        Tells several logs in one ledger apart.
    ledger
        The ``.ledger`` directory itself, as ``--ledger`` names it.

    Raises
    ------
    UsageError
        If the source has no name, or a ledger would stand for ``/`` or the home directory.
    """

    def __init__(
        self, path: str | Path = ".", *, source: str = "optuna", ledger: str | Path | None = None
    ) -> None:
        if not source:
            raise UsageError("a log needs a source", cause="got an empty name", hint='source="optuna"')
        self._path, self._source = Path(path), source
        self._explicit = None if ledger is None else str(ledger)
        self._workspace, _ = workspace.find_or_make(self._path, self._explicit)
        self._origin: bytes | None = None
        self._lines: dict[bytes, list[int]] = {}
        self._read: dict[bytes, int] = {}
        self._known: dict[bytes, frozenset[Segment]] = {}
        self._unsealed = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (str(self._path.absolute()), self._source, self._explicit)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines; they are durable when this returns.

        Raises
        ------
        UsageError
            If the source began in another origin.
        StorageError
            If the disk refuses.
        """
        if self._origin is None:
            self._find()
        journal = self._workspace.journal
        if self._origin is not None and self._origin != journal.origin:
            theirs, ours = self._origin.hex()[:12], journal.origin.hex()[:12]
            raise UsageError(
                f"the log {self._source} cannot be written here",
                cause=f"it began in origin {theirs}, and this is {ours}: two would number trials in two ways",
                hint=f'go on in a copy: LedgerBackend({str(self._path)!r}, source="{self._source}")'
                f'.copied("{self._source}-2")',
            )
        for each in logs:
            journal.append(ForeignLog(source=self._source, content=json.dumps(each)))
        self._unsealed += len(logs)
        if self._unsealed >= _SEAL_AT:
            journal.seal()
            self._unsealed = 0

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Lines from a number on.

        Raises
        ------
        AmbiguousError
            If several other origins have lines of that source, and this one has none.
        DamagedError
            If the origin's log has lost something, or a line is no JSON.
        """
        origin = self._origin or self._find()
        return iter([] if origin is None else self._from(origin, log_number_from))

    def copied(self, source: str) -> "LedgerBackend":
        """The same lines under another name, which are written on from here.

        Raises
        ------
        UsageError
            If that name has lines already.
        """
        copy = LedgerBackend(self._path, source=source, ledger=self._explicit)
        if copy._find() is not None:
            raise UsageError(f"there is a log {source} already", hint="name another one")
        copy.append_logs(list(self.read_logs(0)))
        return copy

    def _find(self) -> bytes | None:
        """The origin that has the lines: this one, else the only other one that has; None if none has."""
        directory = self._workspace.directory
        mine = origins.current(directory)
        for origin in origins.logs(directory):
            self._from(origin, sys.maxsize)
        having = sorted(origin for origin, lines in self._lines.items() if lines)
        if mine in having:
            self._origin = mine
        elif len(having) > 1:
            raise AmbiguousError(
                f"several machines have a log {self._source}",
                cause="origins " + ", ".join(each.hex()[:12] for each in having),
                hint="read one of them in a ledger that has no other one",
            )
        elif having:
            self._origin = having[0]
        return self._origin

    def _from(self, origin: bytes, number: int) -> list[dict[str, Any]]:
        """Read an origin's log on, and give its lines from a number on."""
        lines = self._lines.setdefault(origin, [])
        before, done = len(lines), self._read.get(origin, 0)
        found: list[dict[str, Any]] = []
        try:
            with opened(layout.log(self._workspace.directory, origin)) as view:
                log = Log(view, origin, self._known.get(origin, frozenset()))
                self._known[origin] = frozenset(log.segments)
                for row in log.rows(lines[number] if number < before else done):
                    content = self._content(row)
                    if content is None:
                        continue
                    if row.seq >= done:
                        lines.append(row.seq)
                    found.append(self._line(content, row.seq))
                self._read[origin] = max(done, log.size)
        except IrregularError as error:
            raise DamagedError(
                f"the log {self._source} cannot be read",
                cause=f"origin {origin.hex()[:12]}: {error}",
                hint="see what is damaged: ledger verify",
            ) from error
        return found[max(0, number - before) :]

    def _content(self, row: Row) -> str | None:
        """The line that an entry is; None if it is none of this source."""
        if facts(row.body, row.leaf).kind != ForeignLog.kind:
            return None
        payload = decode_entry(row.body).payload
        if not isinstance(payload, ForeignLog) or payload.source != self._source:
            return None
        return payload.content

    def _line(self, content: str, seq: int) -> dict[str, Any]:
        try:
            line = json.loads(content)
        except ValueError as error:
            line = error
        if not isinstance(line, dict):
            raise DamagedError(
                f"the log {self._source} has a line that is no JSON object", cause=f"entry {seq}: {line}"
            )
        return line


def _again(path: str, source: str, ledger: str | None) -> LedgerBackend:
    return LedgerBackend(path, source=source, ledger=ledger)
