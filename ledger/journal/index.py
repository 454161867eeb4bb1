"""Which content trials made at which path: derived from the entries, and made again from them if it is lost.

``outputs`` holds sorted keys, ``outputs.recent`` what came since, record after record. Each names the places
up to which it has read the logs, so that whatever is damaged, torn or late is read from the journal again.
"""

import os
from collections.abc import Iterator, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from ledger import fs
from ledger.errors import LedgerError
from ledger.journal.state import VERSION, decode_sheet, encode_sheet, sheet_end
from ledger.model import layout
from ledger.model.digest import Digest

KEY = 16
"""Bytes of a key."""

_MAIN = b"LDGO"
_RECENT = b"LDGR"
_BEGIN = 64
"""Bytes that tell how long a record is."""
_COMPACT = 4096
"""Recent keys from which on they are merged into the sorted ones."""
_RECORDS = 32
"""Records from which on they are made one: each reader reads them all, twice a run."""
_IDLE = 64
"""Entries without an output that may be read again rather than written down as read."""


class Place(NamedTuple):
    """How far a log has been read."""

    seq: int = 0
    """Entries."""
    first: int = 0
    """Position at which the tail began."""
    offset: int = 0
    """Bytes of that tail up to entry `seq`."""


Places = Mapping[bytes, Place]
NOWHERE: Places = {}


class Held:
    """An index as read from its files.

    Parameters
    ----------
    generation
        Ties recent records to the sorted keys that they belong to.
    places
        How far the logs have been read.
    content
        Of the file of sorted keys.
    start
        Offset of the first of them.
    sound
        Whether a record may be appended; else both files are made anew.
    """

    def __init__(
        self,
        *,
        generation: bytes = b"",
        places: Places = NOWHERE,
        content: mmap | bytes = b"",
        start: int = 0,
        sound: bool = False,
    ) -> None:
        self.generation = generation
        self.places = places
        self.content = content
        self.start = start
        self.sound = sound
        self.count = (len(content) - start) // KEY
        """Sorted keys."""
        self.recent: set[bytes] = set()
        self.records = 0
        """In how many records the recent keys are."""

    def __contains__(self, key: bytes) -> bool:
        if key in self.recent:
            return True
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            place = self.start + KEY * middle
            found = self.content[place : place + KEY]
            if found == key:
                return True
            if found < key:
                low = middle + 1
            else:
                high = middle
        return False

    def keys(self) -> Iterator[bytes]:
        """All keys."""
        for place in range(self.start, len(self.content), KEY):
            yield self.content[place : place + KEY]
        yield from self.recent


def key(path: bytes, digest: bytes) -> bytes:
    """Key of one content at one path."""
    return blake3(digest + path).digest(KEY)


def read(ledger: Path) -> Held:
    """The index as its files hold it; what is damaged or torn in them is left out, and so are the places."""
    try:
        held = _read_main(layout.output_index(ledger))
    except (OSError, LedgerError, KeyError, TypeError, ValueError):
        return Held()  # a derived thing: it is made again
    try:
        content = _recent_file(ledger).read_bytes()
    except OSError:
        return held
    place = 0
    while place < len(content):
        end = place + sheet_end(content[place : place + _BEGIN])
        try:
            record = decode_sheet(_RECENT, content[place:end], "index/outputs.recent")
            if record["generation"] != held.generation:
                break
            keys, places = record["keys"], _places(record["places"])
        except (LedgerError, KeyError, TypeError, ValueError):
            break
        held.recent.update(keys[start : start + KEY] for start in range(0, len(keys), KEY))
        held.places = places
        held.records += 1
        place = end
    held.sound = place == len(content)
    return held


def add(ledger: Path, held: Held, keys: list[bytes], places: Places, *, always: bool = False) -> None:
    """Write down what was read of the logs since `held`, unless it is little; call under `lock`.

    Raises
    ------
    OSError
        If the disk refuses; what was there stays.
    """
    advanced = sum(place.seq for place in places.values()) - sum(place.seq for place in held.places.values())
    if held.sound and not keys and advanced < (1 if always else _IDLE):
        return
    if not held.sound or len(held.recent) + len(keys) > max(_COMPACT, held.count // 16):
        _write_main(ledger, {*held.keys(), *keys}, places)
        return
    record = {"v": VERSION, "generation": held.generation, "places": _document(places)}
    if held.records >= _RECORDS:
        joint = b"".join(sorted({*held.recent, *keys}))
        fs.replace(_recent_file(ledger), encode_sheet(_RECENT, {**record, "keys": joint}), sync=False)
        return
    record["keys"] = b"".join(keys)
    descriptor = os.open(_recent_file(ledger), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fs.write_all(descriptor, encode_sheet(_RECENT, record))
    finally:
        os.close(descriptor)


def lock(ledger: Path) -> int | None:
    """A descriptor that lets no other process write the index; None where one is at it.

    Raises
    ------
    OSError
        If the directory cannot be written.
    """
    fs.make_directory(layout.index(ledger))
    return fs.try_lock(_beside(ledger, ".lock"))


def _read_main(path: Path) -> Held:
    with open(path, "rb") as file:
        content = mmap(file.fileno(), 0, access=ACCESS_READ)
    document = decode_sheet(_MAIN, content, "index/outputs")
    start = sheet_end(content)
    if Digest.of(memoryview(content)[start:]) != document["keys"]:
        raise ValueError("the keys are damaged")
    return Held(
        generation=document["generation"],
        places=_places(document["places"]),
        content=content,
        start=start,
        sound=True,
    )


def _write_main(ledger: Path, keys: set[bytes], places: Places) -> None:
    content = b"".join(sorted(keys))
    sheet = {
        "v": VERSION,
        "generation": os.urandom(16),
        "places": _document(places),
        "keys": bytes(Digest.of(content)),
    }
    fs.replace(layout.output_index(ledger), encode_sheet(_MAIN, sheet) + content, sync=False)
    fs.replace(_recent_file(ledger), b"", sync=False)


def _document(places: Places) -> dict[bytes, list[int]]:
    return {origin: [place.seq, place.first, place.offset] for origin, place in places.items()}


def _places(document: Any) -> Places:
    return {
        bytes(origin): Place(seq=seq, first=first, offset=offset)
        for origin, (seq, first, offset) in document.items()
    }


def _recent_file(ledger: Path) -> Path:
    return _beside(ledger, ".recent")


def _beside(ledger: Path, ending: str) -> Path:
    main = layout.output_index(ledger)
    return main.with_name(main.name + ending)
