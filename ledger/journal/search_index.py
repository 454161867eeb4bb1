"""The index of searches: what they need to know of entries, in batches; how far the logs were read for it.

What is in a batch is for those to say who read it; here it is a list of documents. New batches are put behind
the old ones, and small ones made one, so that there are few.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from ledger import fs
from ledger.errors import LedgerError
from ledger.journal.news import Place, Places
from ledger.journal.positions import Segment
from ledger.journal.state import decode_sheet, encode_sheet, sheet_end
from ledger.model import layout

_SHEET, _BATCH = b"LDGX", b"LDGB"
_CHECK = 16
_LOOKS = 3

Documents = list[Any]


class Batch(NamedTuple):
    """A file of documents, written once."""

    name: str
    check: bytes
    """The end of the file, which no other one has."""
    size: int
    """Bytes."""


class Kept(NamedTuple):
    """An index as its files hold it."""

    batches: tuple[Batch, ...] = ()
    """Oldest first."""
    places: Places = {}  # noqa: RUF012 - nobody can change a mapping
    """How far the logs were read."""
    sheet: bytes | None = None
    """The file that lists the batches; None where there is none."""


class SearchIndex:
    """Reads and writes the files of the index.

    Parameters
    ----------
    ledger
        The ledger directory.
    version
        Of what the documents hold; those of another one are not read.
    """

    def __init__(self, ledger: Path, version: int) -> None:
        self._ledger, self._version = ledger, version

    @property
    def there(self) -> bool:
        """Whether there is one, be it damaged."""
        return layout.search_index(self._ledger).exists()

    def read(self) -> tuple[Kept, Documents]:
        """The index as it was left; nothing where there is none, or it is damaged."""
        for _ in range(_LOOKS):
            kept = self.listed()
            try:
                return kept, [document for batch in kept.batches for document in self._documents(batch)]
            except (OSError, LedgerError, KeyError, TypeError, ValueError):
                continue  # another process has merged them since the list was read; else it is damaged
        return Kept(), []

    def listed(self) -> Kept:
        """The same without the documents."""
        try:
            sheet = layout.search_index(self._ledger).read_bytes()
            return self._kept(sheet)
        except (OSError, LedgerError, KeyError, TypeError, ValueError):
            return Kept()

    def writing(self) -> AbstractContextManager[bool]:
        """Whether the index may be written within: no other process is at it, and the directory lets us."""
        return fs.alone(layout.search_index_lock(self._ledger))

    def write(
        self, kept: Kept, new: Documents, places: Places, joined: Callable[[Documents], Documents]
    ) -> Kept | None:
        """Put documents behind those that are kept; call within `writing`.

        Parameters
        ----------
        kept
            What there is now; nothing to begin anew.
        new
            Of the entries from its places on.
        places
            Up to which they go.
        joined
            Makes fewer documents of many that say the same.

        Returns
        -------
        Kept or None
            What there is then; None where the disk refuses, and the index is behind, not wrong.
        """
        try:
            count = _left(kept.batches, len(encode_sheet(_BATCH, {"v": 1, "documents": new})))
            former = [each for batch in kept.batches[count:] for each in self._documents(batch)]
            documents = joined([*former, *new]) if former else new
            batches = (*kept.batches[:count], self._batch(documents))
            sheet = self._sheet(batches, places)
            fs.replace(layout.search_index(self._ledger), sheet, sync=False)
            self._clear(batches)
        except (OSError, LedgerError, KeyError, TypeError, ValueError):
            return None
        return Kept(batches, places, sheet)

    def _documents(self, batch: Batch) -> Documents:
        content = layout.search_batch(self._ledger, batch.name).read_bytes()
        if content[-_CHECK:] != batch.check or sheet_end(content) != len(content):
            raise ValueError(f"{batch.name} is another one")
        found = decode_sheet(_BATCH, content, f"index/{batch.name}")["documents"]
        return list(found)

    def _batch(self, documents: Documents) -> Batch:
        name = os.urandom(8).hex()
        content = encode_sheet(_BATCH, {"v": 1, "documents": documents})
        fs.replace(layout.search_batch(self._ledger, name), content, sync=False)
        return Batch(name, content[-_CHECK:], len(content))

    def _sheet(self, batches: Sequence[Batch], places: Places) -> bytes:
        return encode_sheet(
            _SHEET,
            {
                "v": 1,
                "index": self._version,
                "batches": [list(each) for each in batches],
                "places": {
                    origin: [place.seq, place.leaf, [list(each) for each in place.segments], dict(place.seen)]
                    for origin, place in places.items()
                },
            },
        )

    def _kept(self, sheet: bytes) -> Kept:
        if sheet_end(sheet) != len(sheet):
            raise ValueError("bytes behind the sheet")
        document = decode_sheet(_SHEET, sheet, "index/searches")
        if document["index"] != self._version:
            raise ValueError("of another release")
        return Kept(
            batches=tuple(
                Batch(_name(name), bytes(check), int(size)) for name, check, size in document["batches"]
            ),
            places={
                bytes(origin): Place(
                    seq=seq, leaf=leaf, segments=tuple(Segment(*each) for each in segments), seen=dict(seen)
                )
                for origin, (seq, leaf, segments, seen) in document["places"].items()
            },
            sheet=sheet,
        )

    def _clear(self, batches: Sequence[Batch]) -> None:
        """Remove batches that do not count any more."""
        names = {batch.name for batch in batches}
        for path in layout.index(self._ledger).iterdir():
            half_made = path.name.startswith(f".{layout.search_index(self._ledger).name}")
            name = layout.batch_name(path.name)
            if half_made or (name is not None and name not in names):
                path.unlink(missing_ok=True)


def _name(text: Any) -> str:
    if not isinstance(text, str) or len(text) != 16 or set(text) - set("0123456789abcdef"):
        raise ValueError(f"no batch has the name {text!r}")
    return text


def _left(batches: Sequence[Batch], size: int) -> int:
    """How many batches stay as they are in front of new bytes: their sizes are a geometric row."""
    count = len(batches)
    while count and batches[count - 1].size <= 2 * size:
        count -= 1
        size += batches[count].size
    return count
