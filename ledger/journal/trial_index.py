"""The index of trials: stretches of columns, and how far the logs were read for them.

Trials are numbered in the journal's merged order. A stretch holds all columns of each trial that was started
or changed in it; what an earlier one holds of the same trial does not count any more. New stretches are put
behind the old ones, and small ones merged, so that there are few.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ledger import fs
from ledger.errors import LedgerError
from ledger.journal.held import Held
from ledger.journal.news import Place, known
from ledger.journal.positions import Logs, Segment
from ledger.journal.state import decode_sheet, encode_sheet, sheet_end
from ledger.journal.stretch import DamagedIndexError, Stretch, write
from ledger.model import layout

VERSION = 6

_MAGIC = b"LDGQ"
_IDLE = 64
"""Entries that may be read again rather than written down as read."""
_LOOKS = 3


class TrialIndex:
    """Reads and writes the files of the index.

    Parameters
    ----------
    ledger
        The ledger directory.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._kept: Held | None = None

    def read(self) -> Held | None:
        """The index as it was left; None where there is none, or it is damaged."""
        for _ in range(_LOOKS):
            try:
                sheet = layout.trial_index(self._ledger).read_bytes()
            except OSError:
                sheet = None
            kept = self._kept
            if kept is not None and kept.sheet == sheet:
                return kept
            if sheet is None:
                return None
            try:
                return self._held(sheet)
            except DamagedIndexError:
                continue  # another process has merged them since the sheet was read; else it is damaged
            except (LedgerError, KeyError, TypeError, ValueError):
                return None
        return None

    def logs(self, held: Held | None) -> Logs:
        """All logs as they are now; the segments that `held` has seen whole are taken to be so.

        Raises
        ------
        IrregularError
            If one is not whole.
        OSError
            If one cannot be read.
        """
        return Logs(self._ledger, known(held.places) if held is not None else frozenset())

    def keep(self, held: Held) -> None:
        """Have `read` return this as long as the files are the same."""
        self._kept = held

    def forget(self) -> None:
        """Let the index be made anew."""
        self._kept = None
        try:
            layout.trial_index(self._ledger).unlink(missing_ok=True)
        except OSError:
            return  # a read-only ledger: it is made anew in memory, each time

    def writing(self) -> AbstractContextManager[bool]:
        """Whether the index may be written within: no other process is at it, and the directory lets us."""
        return fs.alone(layout.trial_index_lock(self._ledger))

    def write(self, held: Held) -> None:
        """Write down what was read since, unless it is little; call within `writing`.

        A disk that refuses leaves the index behind, not wrong.
        """
        if held.sheet is not None and held.unsaved < _IDLE and not held.urgent:
            return
        before = len(held.stretches)
        kept = _kept(held.stretches)
        try:
            if kept < before:
                held.merge(kept, Stretch.read(self._merged(held, kept)))
            sheet = _sheet(held)
            fs.replace(layout.trial_index(self._ledger), sheet, sync=False)
            self._clear(held)
        except (OSError, DamagedIndexError):
            return
        held.sheet, held.unsaved, held.urgent = sheet, 0, False

    def _held(self, sheet: bytes) -> Held:
        if sheet_end(sheet) != len(sheet):
            raise ValueError("bytes behind the sheet")
        document = decode_sheet(_MAGIC, sheet, "index/trials")
        if document["index"] != VERSION:
            raise ValueError("of another release")
        stretches = []
        for name, check in document["stretches"]:
            stretch = Stretch.read(layout.trial_stretch(self._ledger, name))
            if stretch.check != check:
                raise DamagedIndexError(name)
            stretches.append(stretch)
        return Held(
            stretches=stretches,
            total=document["total"],
            origins=list(document["origins"]),
            places={
                origin: Place(
                    seq=seq, leaf=leaf, segments=tuple(Segment(*each) for each in segments), seen=seen
                )
                for origin, (seq, leaf, segments, seen) in document["places"].items()
            },
            orphans={id: [(log, seq) for log, seq in events] for id, events in document["orphans"].items()},
            sheet=sheet,
        )

    def _merged(self, held: Held, kept: int) -> Path:
        """Write the stretches from `kept` on as one."""
        path = layout.trial_stretch(self._ledger, os.urandom(8).hex())
        write(path, held.columns(kept))
        return path

    def _clear(self, held: Held) -> None:
        """Remove stretches that do not count any more; who has them mapped keeps them."""
        names = {stretch.name for stretch in held.stretches}
        for path in layout.index(self._ledger).iterdir():
            half_made = path.name.startswith(f".{layout.trial_index(self._ledger).name}")
            if half_made or (layout.stretch_name(path.name) and path.name not in names):
                path.unlink(missing_ok=True)


def _kept(stretches: Sequence[Stretch]) -> int:
    """How many stretches stay as they are: sizes are a geometric row, and what is in memory is merged."""
    kept = len(stretches)
    total = 0
    while kept and (stretches[kept - 1].name is None or stretches[kept - 1].size <= 2 * total):
        kept -= 1
        total += stretches[kept].size
    return kept


def _sheet(held: Held) -> bytes:
    return encode_sheet(
        _MAGIC,
        {
            "v": 1,
            "index": VERSION,
            "total": held.total,
            "stretches": [
                [layout.stretch_name(stretch.name or ""), stretch.check] for stretch in held.stretches
            ],
            "origins": held.origins,
            "places": {
                origin: [place.seq, place.leaf, [list(each) for each in place.segments], dict(place.seen)]
                for origin, place in held.places.items()
            },
            "orphans": {id: [list(each) for each in events] for id, events in held.orphans.items()},
        },
    )
